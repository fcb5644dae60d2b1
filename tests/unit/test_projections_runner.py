"""The catch-up runner over the library's own stores."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from eventsourcing.persistence import (
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Tracking,
    WaitInterruptedError,
)

import esnb
from esnb.correlation import current_correlation
from esnb.projections import Backoff, CatchUpRunner, CheckpointAheadError, current
from esnb.projections.views import ViewKind
from esnb.projections.worker import ProjectionWorker
from esnb.redis import RedisView
from esnb.running.exits import ExitError
from tests.domain.bank import Bank, Deposits, Gate, SQLiteSums, Sums

Runner = CatchUpRunner[Bank, Any]

SIGNS = (SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopIteration)
"""What means something to whoever runs a thread, a task or a generator."""


@pytest.fixture(params=["popo", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "popo":
        return {"view_class": Sums, "env": {}}
    return {
        "view_class": SQLiteSums,
        "env": {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(tmp_path / "bank.db"),
        },
    }


@pytest.fixture
def projection() -> type[Deposits]:
    """A class of the test's own, whose behaviour it may change."""

    class Own(Deposits):
        name = "deposits"

    return Own


@pytest.fixture
def runner(store: dict[str, Any], projection: type[Deposits]) -> Iterator[Runner]:
    runner: Runner = CatchUpRunner(Bank, projection, **store)
    yield runner
    runner.stop()


def fails_at(amount: int) -> Any:
    def before(domain_event: Any) -> None:
        if domain_event.amount == amount:
            raise ValueError(f"cannot take {amount}")

    return staticmethod(before)


def raises(error: BaseException, at: int | None = None) -> Any:
    """A function that raises `error`; with `at`, for deposits of that amount only."""

    def raising(*given: Any) -> None:
        if at is None or given[-1].amount == at:
            raise error

    return staticmethod(raising)


# --- following -------------------------------------------------------------------


def test_it_applies_what_is_recorded_and_what_comes(runner: Runner) -> None:
    account = runner.app.open()
    runner.app.deposit(account, 1, 2)
    with runner:
        runner.wait()
        assert runner.view.seen() == [1, 2]
        for amount in (3, 4, 5):
            runner.app.deposit(account, amount)
        runner.wait()
    assert runner.view.seen() == [1, 2, 3, 4, 5]


def test_keywords_are_those_of_the_library(store: dict[str, Any]) -> None:
    runner = CatchUpRunner(application_class=Bank, projection_class=Deposits, **store)

    assert isinstance(runner.app, Bank)
    assert runner.projection.view is runner.view
    assert runner.app_name == "Bank"


def test_it_takes_an_application_that_is_there(projection: type[Deposits]) -> None:
    app = Bank()
    app.deposit(app.open(), 7)

    with CatchUpRunner(app, projection, Sums) as runner:
        runner.wait()

    assert runner.view.seen() == [7]


def test_events_that_are_not_handled_move_the_checkpoint(runner: Runner) -> None:
    account = runner.app.open()
    runner.app.deposit(account, 1)
    last = runner.app.rename(account, "Bob", "Cid", "Dan")

    with runner:
        runner.wait()
        status = runner.status()

    assert (status.position, status.head, status.lag, status.lag_seconds) == (last, last, 0, 0.0)
    assert runner.view.max_tracking_id("Bank") == last


def test_events_that_are_not_handled_are_not_decoded(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    decode = runner.app.mapper.to_domain_event
    account = runner.app.open()
    runner.app.rename(account, "Bob")
    runner.app.deposit(account, 1)
    monkeypatch.setattr(
        runner.app.mapper,
        "to_domain_event",
        lambda stored: decoded.append(stored.topic) or decode(stored),
    )

    with runner:
        runner.wait()

    assert decoded == list(Deposits.topics)


def test_a_restart_reads_nothing_again(
    runner: Runner,
    store: dict[str, Any],
    projection: type[Deposits],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = runner.app.open()
    last = runner.app.deposit(account, 1, 2)
    with runner:
        runner.wait()
    asked: list[Any] = []
    select = runner.app.recorder.select_notifications
    monkeypatch.setattr(
        runner.app.recorder,
        "select_notifications",
        lambda *args, **kwargs: asked.append(kwargs["start"]) or select(*args, **kwargs),
    )

    with runner:
        runner.app.deposit(account, 3)
        runner.wait()

    assert min(asked) == last
    assert runner.view.seen() == [1, 2, 3]


def test_small_batches_do_not_change_the_outcome(
    store: dict[str, Any], projection: type[Deposits]
) -> None:
    runner: Runner = CatchUpRunner(Bank, projection, **store, batch_size=1)
    runner.app.deposit(runner.app.open(), *range(20))

    with runner:
        runner.wait()

    assert runner.view.seen() == list(range(20))


def test_a_handler_that_commits_nothing_moves_the_checkpoint(
    runner: Runner, projection: type[Deposits], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner.view, "add", lambda amount, tracking: None)
    last = runner.app.deposit(runner.app.open(), 1)

    with runner:
        runner.wait()

    assert runner.view.max_tracking_id("Bank") == last


# --- its life ---------------------------------------------------------------------


def test_start_and_stop_may_be_repeated(runner: Runner) -> None:
    runner.stop()
    assert runner.status().state == "stopped"
    assert runner.start() is runner.start()
    runner.stop()
    runner.stop()
    assert runner.status().state == "stopped"

    runner.app.deposit(runner.app.open(), 1)
    runner.start()
    runner.wait()
    assert runner.view.seen() == [1]


def test_stop_ends_after_the_event_at_hand(runner: Runner, projection: type[Deposits]) -> None:
    gate = Gate()
    projection.before = staticmethod(gate)
    runner.app.deposit(runner.app.open(), *range(10))
    runner.start()
    assert gate.entered.wait(60)

    stopping = threading.Thread(target=runner.stop)
    stopping.start()
    assert runner._progress.wait(60, lambda: runner._progress.stop)
    gate.opened.set()
    stopping.join(60)

    assert not stopping.is_alive()
    assert runner.view.seen() == [0]
    assert runner.view.max_tracking_id("Bank") == 2


def test_pause_and_resume(runner: Runner) -> None:
    account = runner.app.open()
    with runner:
        runner.wait()
        runner.pause()
        assert runner.status().state == "paused"
        last = runner.app.deposit(account, 1)
        with pytest.raises(TimeoutError, match="it is paused at event 1"):
            runner.wait(last, timeout=0.05)
        assert runner.status().lag == 1
        runner.resume()
        runner.wait()
        assert runner.status().state == "running"
    assert runner.view.seen() == [1]


def test_no_thread_is_left_and_none_delays_the_end(runner: Runner) -> None:
    before = set(threading.enumerate())
    with runner:
        runner.wait()
        begun = set(threading.enumerate()) - before
        assert begun
        assert all(thread.daemon for thread in begun)
    for thread in begun:
        thread.join(60)
        assert not thread.is_alive()


def test_a_runner_that_nobody_holds_ends(store: dict[str, Any], projection: type[Deposits]) -> None:
    runner: Runner = CatchUpRunner(Bank, projection, **store)
    runner.start()
    runner.wait()
    task, gone = runner._tasks[0], weakref.ref(runner)

    del runner
    gc.collect()

    assert gone() is None
    assert task.join(60)


def test_run_forever_ends_with_the_time_or_with_stop(runner: Runner) -> None:
    runner.run_forever(timeout=0.01)
    assert runner.status().state in ("starting", "running")
    runner.stop()
    assert runner.status().state == "stopped"

    following = threading.Thread(target=runner.run_forever, daemon=True)
    following.start()
    assert runner._progress.wait(60, lambda: runner._progress.state == "running")
    runner.stop()
    following.join(60)
    assert not following.is_alive()
    assert runner.status().state == "stopped"


# --- waiting -----------------------------------------------------------------------


def test_wait_for_one_event(runner: Runner) -> None:
    account = runner.app.open()
    first = runner.app.deposit(account, 1)
    with runner:
        runner.wait(first, timeout=60)
        assert runner.view.seen()[:1] == [1]
        with pytest.raises(TimeoutError, match=f"has not reached event {first + 5} of application"):
            runner.wait(first + 5, timeout=0.05)


def test_wait_on_a_runner_that_was_not_started(runner: Runner) -> None:
    runner.app.open()
    with pytest.raises(ProgrammingError, match="was not started: call start"):
        runner.wait()


def test_wait_on_a_runner_that_is_stopped_meanwhile(runner: Runner) -> None:
    with runner:
        threading.Timer(0.05, runner.stop).start()
        with pytest.raises(WaitInterruptedError, match="was stopped at event"):
            runner.wait(99, timeout=60)


# --- what goes wrong ----------------------------------------------------------------


def test_a_poison_event_stops_it(runner: Runner, projection: type[Deposits]) -> None:
    projection.before = fails_at(3)
    account = runner.app.open()
    last = runner.app.deposit(account, 1, 2, 3, 4)

    runner.start()
    with pytest.raises(ValueError, match="cannot take 3") as raised:
        runner.wait()

    status = runner.status()
    assert runner.view.seen() == [1, 2]
    assert runner.view.max_tracking_id("Bank") == status.position == last - 2
    assert (status.state, status.lag) == ("failed", 2)
    assert status.error == "ValueError: cannot take 3"
    assert status.event is not None
    assert status.event.startswith(f"event {last - 1} (")
    assert str(account) in status.event
    assert status.handler is not None
    assert "Deposits.deposited(Account.Deposited)" in status.handler
    assert status.traceback is not None
    assert "in before" in status.traceback
    assert "Deposits.deposited" in raised.value.__notes__[0]


def fail_and_mend(runner: Runner, projection: type[Deposits]) -> None:
    """Have the runner fail at the second of three events, and take the cause away."""
    projection.before = fails_at(2)
    runner.app.deposit(runner.app.open(), 1, 2, 3)
    runner.start()
    with pytest.raises(ValueError, match="cannot take 2"):
        runner.wait()
    projection.before = fails_at(99)


def test_a_failed_runner_whose_thread_has_yet_to_end_is_started_anew(
    runner: Runner, projection: type[Deposits], monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    run = ProjectionWorker.run

    def ends_late(self: ProjectionWorker) -> None:
        run(self)
        assert may_end.wait(60)

    monkeypatch.setattr(ProjectionWorker, "run", ends_late)
    fail_and_mend(runner, projection)

    starting = threading.Thread(target=runner.start)
    starting.start()
    starting.join(0.3)  # so long a start that does not wait would find it running
    may_end.set()
    starting.join(60)
    runner.wait()

    assert runner.view.seen() == [1, 2, 3]


def test_a_failed_runner_goes_on_when_started_again(
    runner: Runner, projection: type[Deposits]
) -> None:
    fail_and_mend(runner, projection)
    runner.start()
    runner.wait()

    assert runner.view.seen() == [1, 2, 3]
    assert runner.status().error is None


def test_a_failed_runner_resumes_with_the_event_that_failed(
    runner: Runner, projection: type[Deposits]
) -> None:
    fail_and_mend(runner, projection)
    runner.resume()
    runner.wait()

    assert runner.view.seen() == [1, 2, 3]
    assert runner.status().error is None


def test_one_that_fails_again_says_so_again(runner: Runner, projection: type[Deposits]) -> None:
    fail_and_mend(runner, projection)
    projection.before = fails_at(3)
    runner.resume()
    with pytest.raises(ValueError, match="cannot take 3"):
        runner.wait()
    assert runner.view.seen() == [1, 2]
    assert runner.status().state == "failed"


def test_pausing_a_failed_runner_does_not_keep_it_from_going_on(
    runner: Runner, projection: type[Deposits]
) -> None:
    fail_and_mend(runner, projection)
    runner.pause()
    assert runner.status().state == "failed"
    runner.start()
    runner.wait()
    assert runner.view.seen() == [1, 2, 3]


def test_a_pause_that_a_handler_delays_is_said(runner: Runner, projection: type[Deposits]) -> None:
    gate = Gate()
    projection.before = staticmethod(gate)
    runner.app.deposit(runner.app.open(), 1)
    with runner:
        assert gate.entered.wait(60)
        runner._patience = 0.05
        with pytest.raises(TimeoutError, match="it is at work on an event"):
            runner.pause()
        runner._patience = 60
        gate.opened.set()
        assert runner._progress.wait(60, lambda: runner._progress.state == "paused")


def test_pausing_one_that_does_not_run_does_nothing(runner: Runner) -> None:
    runner.pause()
    assert runner.status().state == "stopped"
    with runner:
        runner.app.deposit(runner.app.open(), 1)
        runner.wait()
        runner.pause()
    runner.pause()
    with runner:
        runner.wait()
    assert runner.view.seen() == [1]


def test_resume_starts_one_that_was_stopped_or_never_started(runner: Runner) -> None:
    account = runner.app.open()
    for amount in (1, 2):
        runner.app.deposit(account, amount)
        runner.resume()
        runner.wait()
        runner.stop()
    assert runner.view.seen() == [1, 2]


def test_resume_leaves_one_that_runs_alone(runner: Runner) -> None:
    with runner:
        runner.wait()
        thread = runner._tasks[0].thread
        runner.resume()
        assert runner._tasks[0].thread is thread


def test_a_failed_runner_is_rebuilt(projection: type[Deposits]) -> None:
    runner = CatchUpRunner(Bank, projection, Sums)
    fail_and_mend(runner, projection)
    runner.rebuild()
    runner.wait()
    runner.stop()
    assert runner.view.seen() == [1, 2, 3]


def test_a_paused_runner_is_rebuilt_when_it_is_resumed(projection: type[Deposits]) -> None:
    with CatchUpRunner(Bank, projection, Sums) as runner:
        runner.app.deposit(runner.app.open(), 1)
        runner.wait()
        runner.pause()
        runner.rebuild()
        with pytest.raises(TimeoutError, match="it is paused"):
            runner.wait(timeout=0.05)
        runner.resume()
        runner.wait()
        assert runner.view.seen() == [1]


def test_leaving_the_block_raises_what_wait_did_not(
    store: dict[str, Any], projection: type[Deposits]
) -> None:
    projection.before = fails_at(1)
    runner: Runner = CatchUpRunner(Bank, projection, **store)
    runner.app.deposit(runner.app.open(), 1)

    with pytest.raises(ValueError, match="cannot take 1"), runner:
        runner._progress.wait(60, lambda: runner._progress.state == "failed")
    with pytest.raises(ValueError, match="cannot take 1"):
        runner.run_forever()
    with runner, pytest.raises(ValueError, match="cannot take 1"):
        runner.wait()


def test_dead_letters_set_poison_aside(store: dict[str, Any], projection: type[Deposits]) -> None:
    projection.before = fails_at(2)
    runner: Runner = CatchUpRunner(Bank, projection, **store, on_error="dead-letter")
    account = runner.app.open()
    runner.app.deposit(account, 1, 2, 3, 2)

    with runner:
        runner.wait()
        status = runner.status()

    assert runner.view.seen() == [1, 3]
    letters = runner.dead_letters()
    assert [letter.notification_id for letter in letters] == [3, 5]
    assert letters[0].error == "ValueError: cannot take 2"
    assert letters[0].originator_id == str(account)
    assert "Deposits.deposited" in letters[0].handler
    assert (status.dead_letters, status.lag, status.state) == (2, 0, "running")


@pytest.mark.parametrize("kind", SIGNS)
def test_a_handler_that_exits_fails_the_runner(
    kind: type[BaseException],
    store: dict[str, Any],
    projection: type[Deposits],
    capfd: pytest.CaptureFixture[str],
) -> None:
    projection.before = raises(kind("enough"))
    runner: Runner = CatchUpRunner(Bank, projection, **store)
    account = runner.app.open()
    runner.app.deposit(account, 1)

    runner.start()
    with pytest.raises(ExitError, match=f"{kind.__name__}: enough was raised in a thread") as told:
        runner.wait()
    status = runner.status()

    assert isinstance(told.value.__cause__, kind)
    assert (status.state, status.position) == ("failed", 1)
    assert status.error == f"ExitError: {told.value}"
    assert "Deposits.deposited" in str(status.handler)
    projection.before = staticmethod(lambda event: None)
    with runner:
        runner.wait()
    assert runner.view.seen() == [1]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", SIGNS)
def test_a_handler_that_exits_makes_a_dead_letter(
    kind: type[BaseException], store: dict[str, Any], projection: type[Deposits]
) -> None:
    projection.before = raises(kind("enough"), at=2)
    runner: Runner = CatchUpRunner(Bank, projection, **store, on_error="dead-letter")
    runner.app.deposit(runner.app.open(), 1, 2, 3)

    with runner:
        runner.wait()
        assert runner.status().state == "running"

    assert runner.view.seen() == [1, 3]
    [letter] = runner.dead_letters()
    assert letter.error.startswith(f"ExitError: {kind.__name__}: enough")
    assert f"{kind.__name__}: enough" in letter.traceback


def test_an_exit_elsewhere_in_the_thread_is_the_runners_failure(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    runner.app.deposit(runner.app.open(), 1)
    with monkeypatch.context() as patched:
        patched.setattr(ViewKind, "claim", raises(KeyboardInterrupt("enough")))
        runner.start()
        with pytest.raises(ExitError, match="KeyboardInterrupt: enough"):
            runner.wait()
        assert runner.status().state == "failed"
    with runner:
        runner.wait()
    assert runner.view.seen() == [1]
    assert capfd.readouterr() == ("", "")


def test_an_event_of_an_unknown_topic_is_poison(runner: Runner) -> None:
    type(runner.projection).topics = ()
    projection: Any = type(runner.projection)
    projection.process_event = lambda self, event, tracking: None
    account = runner.app.open()
    stored = runner.app.mapper.to_stored_event(next(iter(runner.app.events.get(account))))
    object.__setattr__(stored, "topic", "nowhere:Nothing")
    object.__setattr__(stored, "originator_version", 2)
    runner.app.recorder.insert_events([stored])

    runner.start()
    with pytest.raises(Exception, match="nowhere"):
        runner.wait()

    assert runner.status().handler == "the decoding of nowhere:Nothing"
    assert runner.status().position == 1


def test_a_store_that_is_away_is_waited_for(
    store: dict[str, Any], projection: type[Deposits], monkeypatch: pytest.MonkeyPatch
) -> None:
    runner: Runner = CatchUpRunner(
        Bank, projection, **store, backoff=Backoff(shortest=0.001, longest=0.002)
    )
    runner.app.deposit(runner.app.open(), 1)
    add, failures = runner.view.add, iter([OperationalError("away")] * 7)

    def unreliable(amount: int, tracking: Tracking) -> None:
        error = next(failures, None)
        if error is not None:
            raise error
        add(amount, tracking)

    monkeypatch.setattr(runner.view, "add", unreliable)

    with runner:
        runner.wait()
        status = runner.status()

    assert runner.view.seen() == [1]
    assert (status.restarts, status.error, status.state) == (7, None, "running")


def test_a_store_that_is_away_is_said_before_the_next_event(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> int:
        raise OperationalError("away")

    with runner:
        runner.app.deposit(runner.app.open(), 1)
        runner.wait()
        monkeypatch.setattr(runner.app.recorder, "max_notification_id", away)
        status = runner.status()
        assert (status.state, status.error) == ("retrying", "OperationalError: away")
        assert (status.lag, status.position) == (None, 2)
        runner.pause()
        assert runner.status().state == "paused"


def test_a_checkpoint_ahead_of_the_store_is_said(runner: Runner) -> None:
    runner.app.open()
    runner.view.insert_tracking(Tracking("Bank", 50))

    runner.start()
    with pytest.raises(CheckpointAheadError, match=r"is at event 50 .* ends at event 1: .*rebuild"):
        runner.wait()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"on_error": "ignore"}, "pass 'stop' or 'dead-letter'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CatchUpRunner(Bank, Deposits, Sums, **arguments)


def test_what_is_no_application() -> None:
    with pytest.raises(TypeError, match="not an eventsourcing Application"):
        CatchUpRunner(dict, Deposits, Sums)  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("projection_class", "view_class", "said"),
    [
        (7, Sums, "7 is not a projection: pass a subclass of eventsourcing"),
        (Sums, Deposits, "Sums'> is not a projection"),
        (Deposits, 7, "7 is not a view class: pass a TrackingRecorder's class"),
        (Deposits, Sums(), "Sums object at .* is not a view class"),
    ],
)
def test_what_is_no_projection_and_no_view(
    projection_class: Any, view_class: Any, said: str
) -> None:
    with pytest.raises(TypeError, match=said):
        CatchUpRunner(Bank, projection_class, view_class)


@pytest.mark.parametrize("view_class", [RedisView, SQLiteSums])
def test_a_view_whose_store_is_not_named(view_class: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERSISTENCE_MODULE", raising=False)
    with pytest.raises(
        TypeError,
        match=r"eventsourcing\.popo does not build .*: pass env=stores\.env, or set DEPOSITS_PERSISTENCE_MODULE",
    ):
        CatchUpRunner(Bank, Deposits, view_class)


def test_settings_are_a_mapping() -> None:
    with pytest.raises(TypeError, match=r"env is a SimpleNamespace: pass .*stores\.env"):
        CatchUpRunner(Bank, Deposits, Sums, env=SimpleNamespace(env={}))  # type: ignore[arg-type]


# --- two of them --------------------------------------------------------------------


def test_of_two_runners_one_stands_by_and_takes_over(
    store: dict[str, Any], projection: type[Deposits], monkeypatch: pytest.MonkeyPatch
) -> None:
    first: Runner = CatchUpRunner(Bank, projection, **store)
    second: Runner = CatchUpRunner(first.app, projection, **store)
    second.view = second.projection._view = first.view
    second._rebuild = first._rebuild
    account = first.app.open()
    gate = Gate()
    projection.before = staticmethod(gate)
    first.app.deposit(account, 1, 2)

    first.start()
    assert gate.entered.wait(60)
    second.start()
    gate.opened.set()
    first.wait()
    second.wait()
    assert first.view.seen() == [1, 2]

    states = {first.status().state, second.status().state}
    assert states <= {"running", "standby"}
    first.stop()
    first.app.deposit(account, 3, 4)
    second.wait()
    second.stop()
    assert first.view.seen() == [1, 2, 3, 4]


# --- rebuilding ----------------------------------------------------------------------


def test_a_view_in_memory_is_rebuilt_and_swapped_in(projection: type[Deposits]) -> None:
    runner = CatchUpRunner(Bank, projection, Sums)
    view = runner.view
    runner.app.deposit(runner.app.open(), 1, 2, 3)
    with runner:
        runner.wait()
        view.amounts.append(99)  # what a bug left behind
        gate = Gate()
        projection.before = staticmethod(gate)

        runner.rebuild()
        assert gate.entered.wait(60)
        assert view.seen() == [1, 2, 3, 99]
        assert runner.status().state in ("starting", "running", "rebuilding")
        with pytest.raises(TimeoutError):
            runner.wait(timeout=0.01)
        gate.opened.set()
        runner.wait()

        assert runner.view is view
        assert view.seen() == [1, 2, 3]
        account = runner.app.open()
        runner.app.deposit(account, 4)
        runner.wait()
        assert view.seen() == [1, 2, 3, 4]


def test_a_rebuild_clears_what_was_ahead_of_the_store(projection: type[Deposits]) -> None:
    runner = CatchUpRunner(Bank, projection, Sums)
    runner.app.deposit(runner.app.open(), 1)
    runner.view.insert_tracking(Tracking("Bank", 50))
    runner.start()
    with pytest.raises(CheckpointAheadError):
        runner.wait()

    runner.rebuild()
    runner.wait()
    runner.stop()

    assert runner.view.seen() == [1]


def test_views_in_sql_say_that_they_cannot_be_rebuilt(
    projection: type[Deposits], tmp_path: Path
) -> None:
    env = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(tmp_path / "a.db")}
    runner = CatchUpRunner(Bank, projection, SQLiteSums, env)
    assert runner.status().all_actions == ("pause", "resume")
    with pytest.raises(NotSupportedError, match="SQLiteSums cannot be rebuilt beside itself"):
        runner.rebuild()
    assert runner.status().state == "stopped"


# --- the event at hand ---------------------------------------------------------------


def test_current_is_the_event_at_hand(runner: Runner, projection: type[Deposits]) -> None:
    seen: list[Any] = []
    projection.before = staticmethod(lambda event: seen.append((current(), current_correlation())))
    account = runner.app.open()
    last = runner.app.deposit(account, 1)

    with runner:
        runner.wait()

    notification, correlation = seen[0]
    assert (notification.id, notification.originator_id) == (last, account)
    assert notification.originator_version == 2
    assert notification.metadata == {}
    assert correlation.causation_id == str(notification.event_id)
    assert correlation.correlation_id == str(notification.event_id)
    assert current_correlation() is None


def test_current_outside_a_handler() -> None:
    with pytest.raises(RuntimeError, match="no event is being handled here"):
        current()


# --- frames ---------------------------------------------------------------------------


def test_runners_is_a_frame_of_many(runner: Runner, projection: type[Deposits]) -> None:
    projection.before = fails_at(1)
    other = CatchUpRunner(Bank, projection, Sums)
    other.app.deposit(other.app.open(), 1)
    other.start()
    with pytest.raises(ValueError, match="cannot take 1"):
        other.wait()

    frame = esnb.runners(runner, other)
    other.stop()

    assert list(frame.columns) == [
        "name",
        "state",
        "position",
        "head",
        "lag",
        "lag_seconds",
        "rate_per_s",
        "error",
    ]
    assert frame["state"].tolist() == ["stopped", "failed"]
    assert frame["lag"].tolist() == [0, 1]
    assert str(frame["position"].dtype) == str(frame["lag"].dtype) == "Int64"
    assert frame["error"].isna().tolist() == [True, False]
    assert list(esnb.runners().columns) == list(frame.columns)
    with pytest.raises(TypeError, match="no runner"):
        esnb.runners(runner.view)
