"""What runs in threads of its own: one life, whatever the work is."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_args

import pytest
from eventsourcing.persistence import OperationalError, ProgrammingError

from esnb.outbox.publisher import PublisherStatus
from esnb.outbox.worker import WorkerStatus
from esnb.projections import Backoff, CatchUpRunner
from esnb.projections.persistent.status import PersistentStatus
from esnb.running.actions import Action, method, possible
from esnb.running.progress import Progress
from esnb.running.recovery import Recovery
from esnb.running.runner import PausableRunner
from esnb.running.status import CommonStatus, RunnerStatus
from esnb.running.task import Task
from esnb.running.work import LoopWork, Work, woken
from esnb.threads.changes import Flag
from tests.integration.forked_uses import in_child
from tests.waiting import DEADLINE

Job = Callable[[Progress], None]


@dataclass(frozen=True)
class ToyStatus(CommonStatus):
    name: str
    state: str
    error: str | None
    done: int
    kind: str = "toy"
    all_actions: tuple[Action, ...] = ("pause", "resume")
    _counted: ClassVar[tuple[str, ...]] = ("done",)


class InThread(Work):
    """Does its job again and again, until it is asked to stop or to pause."""

    def __init__(self, progress: Progress, job: Job) -> None:
        self._progress = progress
        self._job = job

    def run(self) -> None:
        progress = self._progress
        while not progress.stop:
            if progress.pause:
                progress.set_state("paused")
                progress.wait(None, lambda: progress.stop or not progress.pause)
            else:
                self._job(progress)
                progress.count("done")
                progress.recover("running")
                progress.wait(None)


@dataclass
class InLoop(LoopWork):
    """The same in an event loop."""

    job: Job

    async def _main(self, wake: asyncio.Event) -> None:
        progress = self.progress
        while not progress.stop:
            wake.clear()
            if progress.pause:
                progress.set_state("paused")
            elif progress.state != "running":
                self.job(progress)
                progress.count("done")
                progress.recover("running")
            if not progress.is_disturbed() or progress.pause:
                await woken(wake, DEADLINE)


WORKS: list[Callable[[Progress, Job], Work]] = [InThread, InLoop]


class Toy(PausableRunner[Work]):
    def __init__(self, work: Any, job: Job = lambda _: None, threads: int = 1) -> None:
        self._make = work
        self._job = job
        super().__init__([Task(f"esnb-toy-{number}", Progress()) for number in range(threads)])

    def _work(self, task: Task[Work]) -> Work:
        work: Work = self._make(task.progress, self._job)
        return work

    def status(self) -> ToyStatus:
        progresses = [task.progress for task in self._tasks]
        done = sum(each.counts["done"] for each in progresses)
        return ToyStatus("toy", progresses[0].state, progresses[0].error, done)

    def reaches(self, state: str) -> Toy:
        assert self._wait_for(lambda progress: progress.state == state, DEADLINE)
        return self


@pytest.fixture(params=WORKS)
def work(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_it_starts_stops_and_starts_again(work: Any) -> None:
    toy = Toy(work)
    assert not toy.is_started
    assert toy.status().state == "stopped"
    toy.stop()
    for _ in range(3):
        assert toy.start() is toy.start()
        toy.reaches("running").stop()
        assert toy.status().state == "stopped"
        assert toy.status().done == 1  # counted since the start
        toy.stop()
    assert toy.is_started


def test_it_pauses_and_resumes(work: Any) -> None:
    with Toy(work) as toy:
        toy.reaches("running")
        toy.pause()
        assert (toy.status().state, toy.status().actions) == ("paused", ("resume",))
        toy.resume()
        assert toy.reaches("running").status().actions == ("pause",)
        thread = toy._tasks[0].thread
        toy.resume()
        assert toy._tasks[0].thread is thread
    assert toy.status().actions == ("resume",)


def fails(error: BaseException) -> Job:
    def job(_: Progress) -> None:
        raise error

    return job


def test_its_failure_leaves_the_block_unless_it_was_raised_before(work: Any) -> None:
    toy = Toy(work, fails(ValueError("unlucky")))
    with pytest.raises(ValueError, match="unlucky"), toy:
        toy.reaches("failed")
    status = toy.status()
    assert (status.state, status.error) == ("failed", "ValueError: unlucky")
    with toy, pytest.raises(ValueError, match="unlucky"):
        toy.run_forever()
    with pytest.raises(KeyError), toy:  # the block's own comes first
        raise KeyError(toy.reaches("failed"))


@pytest.mark.parametrize("go_on", [Toy.start, Toy.resume])
def test_one_that_has_failed_goes_on_at_once(work: Any, go_on: Callable[[Toy], object]) -> None:
    """The thread says that it has failed a moment before it ends."""
    toy = Toy(work, fails(ValueError("unlucky"))).start()
    for _ in range(20):
        toy.reaches("failed")
        go_on(toy)
    toy._job = lambda _: None
    toy.reaches("failed")
    go_on(toy)
    assert toy.reaches("running").status().error is None
    toy.stop()


def test_what_would_end_a_thread_counts_as_its_failure(work: Any) -> None:
    toy = Toy(work, fails(SystemExit(3))).start()
    toy.reaches("failed")
    assert "SystemExit: 3 was raised in a thread" in str(toy.status().error)


def test_it_is_stopped_by_its_own_thread(work: Any) -> None:
    toys: list[Toy] = []

    def stops(_: Progress) -> None:
        toys[0].stop()
        toys[0].pause()  # neither waits for itself

    toys.append(Toy(work, stops))
    toys[0].run_forever(DEADLINE)
    assert toys[0].status().state == "stopped"


def test_it_is_stopped_by_a_thread_that_its_loop_waits_for() -> None:
    """As a worker's function, which may well be done with its queue."""

    @dataclass
    class InLoopsThread(InLoop):
        async def _main(self, wake: asyncio.Event) -> None:
            await asyncio.to_thread(self.job, self.progress)

    toys: list[Toy] = []
    toys.append(Toy(InLoopsThread, lambda _: toys[0].stop()))
    toys[0].run_forever(DEADLINE)
    assert toys[0].status().state == "stopped"


def test_what_its_work_starts_is_not_its_own() -> None:
    inner = Toy(InThread)

    def starts(_: Progress) -> None:
        inner.start().reaches("running")
        inner.stop()
        assert inner.status().state == "stopped"

    with Toy(InThread, starts) as toy:
        toy.reaches("running")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_in_a_forked_process_it_is_not_started(work: Any) -> None:
    with Toy(work) as toy:
        toy.reaches("running")
        assert in_child(toy.start, os._exit).startswith("ForkedError: this process was forked")
        assert in_child(toy.stop, os._exit) == "ok NoneType"
        assert toy.status().state == "running"


def test_one_that_nobody_holds_ends(work: Any) -> None:
    toy = Toy(work, threads=2).start().reaches("running")
    tasks, gone = toy._tasks, weakref.ref(toy)
    del toy
    gc.collect()
    assert gone() is None
    assert all(task.join(DEADLINE) for task in tasks)
    assert {task.progress.state for task in tasks} == {"stopped"}


def test_it_is_asked_to_stop_without_waiting(work: Any) -> None:
    toy = Toy(work).start().reaches("running")
    toy.ask_to_stop()
    toy.reaches("stopped")


def test_of_several_threads_only_those_that_have_ended_start_again(work: Any) -> None:
    toy = Toy(work, threads=3).start().reaches("running")
    lived, failed, other = toy._tasks
    failed.progress.fail(RuntimeError("of this one only"))
    failed.ask("stop", True)
    assert failed.join(DEADLINE)
    threads = lived.thread, other.thread
    toy.resume()
    assert toy.reaches("running").status().done == 4  # what was counted is kept
    assert (lived.thread, other.thread) == threads
    toy.stop()
    toy.start().reaches("running")
    assert toy.status().done == 3
    toy.stop()


def test_who_pauses_in_one_thread_waits_for_the_others() -> None:
    toys: list[Toy] = []
    entered, may_end, paused = Flag(), Flag(), Flag()

    def job(progress: Progress) -> None:
        if progress is toys[0]._tasks[0].progress:
            assert entered.wait(DEADLINE)
            toys[0].pause()
            paused.set()
        else:
            entered.set()
            assert may_end.wait(DEADLINE)

    toys.append(Toy(InThread, job, threads=2))
    with toys[0]:
        assert toys[0]._tasks[1].progress.wait(DEADLINE, lambda: toys[0]._tasks[1].progress.pause)
        assert not paused.is_set()
        may_end.set()
        assert paused.wait(DEADLINE)
        assert toys[0]._tasks[1].progress.state == "paused"


def test_an_interrupt_ends_what_ran_for_ever(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Toy(work)

    def interrupted(*_: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(toy, "_wait_for", interrupted)
    with pytest.raises(KeyboardInterrupt):
        toy.run_forever()
    assert toy.status().state == "stopped"


def test_one_that_was_not_started_says_so() -> None:
    with pytest.raises(ProgrammingError, match=r"was not started: call start\(\)"):
        Toy(InThread)._check_started()


def test_one_that_takes_its_time_is_left_to_end_by_itself() -> None:
    entered, may_end = threading.Event(), threading.Event()

    def slow(_: Progress) -> None:
        entered.set()
        assert may_end.wait(DEADLINE)

    toy = Toy(InThread, slow).start()
    assert entered.wait(DEADLINE)
    toy._patience = 0.01
    toy.stop()
    assert not toy._tasks[0].ended.is_set()
    with pytest.raises(TimeoutError, match=r"has not paused within 0\.01 s"):
        toy.pause()
    may_end.set()
    assert toy._tasks[0].join(DEADLINE)
    assert toy._tasks[0].ended.is_set()


# --- going on after errors -----------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "attempts"), [(OperationalError("away"), 50), (RuntimeError("what?"), 4)]
)
def test_it_is_tried_again_as_long_as_that_may_help(error: Exception, attempts: int) -> None:
    progress = Progress()
    recovery = Recovery("a test", progress, Backoff(1.0, 4.0, lambda: 1.0), lambda _: "in words")
    for attempt in range(attempts):
        assert recovery.pause_after(error) == min(4.0, 2.0**attempt)
    assert (progress.state, progress.error, progress.restarts) == ("retrying", "in words", attempts)
    if isinstance(error, RuntimeError):
        assert recovery.pause_after(error) is None
        assert (progress.state, progress.failure) == ("failed", error)
        assert "RuntimeError: what?" in str(progress.traceback)
    recovery.reset()
    assert recovery.pause_after(error) == 1.0


# --- statuses ------------------------------------------------------------------------


def status_of(kind: type[Any], **values: Any) -> Any:
    """A status in which nothing has happened, but for some values."""
    known = {each.name: each.default for each in fields(kind)}
    own = {name: known[name] for name in ("kind", "all_actions")}
    return kind(**{**dict.fromkeys(known), **own, "name": "n", "state": "running", **values})


@pytest.mark.parametrize(
    ("kind", "said", "running", "stopped"),
    [
        (RunnerStatus, "projection", ("pause", "rebuild"), ("resume", "rebuild")),
        (PersistentStatus, "consumers", ("pause",), ("resume",)),
        (PublisherStatus, "publisher", (), ("resume",)),
        (WorkerStatus, "worker", (), ("resume",)),
    ],
)
def test_a_status_says_what_it_is_and_what_can_be_done(
    kind: type[Any], said: str, running: tuple[str, ...], stopped: tuple[str, ...]
) -> None:
    assert status_of(kind).kind == said
    assert status_of(kind).actions == running
    for state in ("starting", "retrying", "rebuilding", "standby"):
        assert status_of(kind, state=state).actions == running
    for state in ("stopped", "failed"):
        assert status_of(kind, state=state).actions == stopped
    assert set(status_of(kind, state="paused").actions) <= {"resume"}


@pytest.mark.parametrize(
    ("status", "counts", "troubles", "action"),
    [
        (
            status_of(RunnerStatus, restarts=1, dead_letters=2),
            {"restarts": 1},
            {"dead letters": 2},
            None,
        ),
        (
            status_of(
                RunnerStatus, restarts=0, dead=3, all_actions=("pause", "resume", "retry dead")
            ),
            {"restarts": 0},
            {"dead": 3},
            "retry dead",
        ),
        (
            status_of(PersistentStatus, handled=5, failed=1, restarts=0, parked_in_group=2),
            {"handled": 5, "failed": 1, "restarts": 0},
            {"parked": 2},
            "replay parked",
        ),
        (
            status_of(PublisherStatus, published=4, restarts=0, dead=1),
            {"published": 4, "restarts": 0},
            {"dead": 1},
            "retry dead",
        ),
        (
            status_of(WorkerStatus, completed=4, failed=0, restarts=0),
            {"completed": 4, "failed": 0, "restarts": 0},
            {},
            None,
        ),
    ],
)
def test_counts_and_troubles_are_told_by_name(
    status: CommonStatus, counts: dict[str, int], troubles: dict[str, int], action: str | None
) -> None:
    assert status.counts == counts
    assert status.troubles == troubles
    assert action is None or action in status.actions


def test_statuses_are_made_by_place_as_before() -> None:
    status = PublisherStatus("mails → BullMQ", "Shop", "stopped", 0, None, None)
    assert (status.name, status.lag, status.kind) == ("mails → BullMQ", None, "publisher")
    assert WorkerStatus("mails", "stopped", 0, 0, None).completed == 0


def test_every_action_has_its_rule_and_is_a_method_of_who_offers_it() -> None:
    actions = get_args(Action)
    assert set(possible(actions, "failed", {"parked": 1, "dead": 1}, event=True)) == set(
        actions
    ) - {"pause"}
    for action in RunnerStatus.all_actions:
        assert callable(getattr(CatchUpRunner, method(action)))
