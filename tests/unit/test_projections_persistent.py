"""The persistent runner over groups in memory: what becomes of each event."""

from __future__ import annotations

import threading
from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import OperationalError, ProgrammingError

import esnb
from esnb.clients.installed import ServiceUnavailable
from esnb.correlation import current_correlation
from esnb.projections import Backoff, ForeignGroupError, PersistentRunner, current
from esnb.projections.persistent.events import ApplicationEvents
from esnb.projections.persistent.group import ConsumerGroup
from esnb.projections.persistent.unresolved_links import acknowledge_unresolved
from esnb.running.exits import ExitError
from tests.domain.bank import Bank
from tests.persistent_groups import QUICK, Groups, Seen
from tests.waiting import DEADLINE, until


def runner(groups: Any, handler: Any, **options: Any) -> PersistentRunner:
    return PersistentRunner(
        groups, "billing", handler, **{"remember": 0, "backoff": QUICK, **options}
    )


@contextmanager
def one_handled(groups: Groups) -> Iterator[PersistentRunner]:
    """A runner that has handled its only event."""
    groups.append(1)
    seen = Seen()
    with runner(groups, seen) as worker:
        seen.wait(1)
        until(lambda: groups.group("billing").acknowledged, despite=KeyError)
        yield worker


# --- the ordinary course ------------------------------------------------------------


def test_a_missing_group_is_created_from_the_beginning_and_handled() -> None:
    groups = Groups()
    for number in range(5):
        groups.append({"number": number})
    seen = Seen()
    with runner(groups, seen):
        assert seen.wait(5) == [{"number": number} for number in range(5)]
        groups.append({"number": 5})
        seen.wait(6)
    options = groups.group("billing").options
    assert "from_end" not in options
    assert "commit_position" not in options


def test_an_event_is_acknowledged_after_its_handler() -> None:
    groups = Groups()
    event = groups.append(1)
    before: list[list[UUID]] = []
    seen = Seen(lambda domain_event, recorded: before.append(list(group().acknowledged)))

    def group() -> Any:
        return groups.group("billing")

    with runner(groups, seen):
        seen.wait(1)
        until(lambda: group().acknowledged, despite=KeyError)
    assert before == [[]]
    assert group().acknowledged == [event.id]


def test_leaving_right_after_the_last_event_leaves_nothing_unacknowledged() -> None:
    for _ in range(50):
        groups = Groups()
        sent = [groups.append(number) for number in range(20)]
        seen = Seen()
        with runner(groups, seen, workers=3):
            seen.wait(20)
        group = groups.group("billing")
        assert not group.in_flight
        assert not group.queue
        assert Counter(group.acknowledged) == Counter(event.id for event in sent)


def test_leaving_in_the_middle_gives_the_rest_back() -> None:
    groups = Groups()
    for number in range(10):
        groups.append(number)
    first, go_on = threading.Event(), threading.Event()

    def slow(event: Any, recorded: Any) -> None:
        first.set()
        assert go_on.wait(DEADLINE)

    seen = Seen(slow)
    worker = runner(groups, seen).start()
    assert first.wait(DEADLINE)
    leaving = threading.Thread(target=worker.stop)
    leaving.start()
    assert worker._progresses[0].changed.wait_for(lambda: worker._progresses[0].stop, DEADLINE)
    go_on.set()
    leaving.join(DEADLINE)
    assert seen.all == [0]
    group = groups.group("billing")
    assert not group.in_flight
    assert len(group.queue) == 9
    with runner(groups, seen):
        assert sorted(seen.wait(10)) == list(range(10))


def test_several_workers_and_runners_share_the_events() -> None:
    groups = Groups()
    for number in range(200):
        groups.append(number)
    seen = Seen()
    with runner(groups, seen, workers=2, buffer=5), runner(groups, seen, workers=2, buffer=5):
        found = seen.wait(200)
    assert sorted(found) == list(range(200))


def test_start_and_stop_do_nothing_twice() -> None:
    groups = Groups()
    worker = runner(groups, Seen())
    worker.stop()
    worker.start().start()
    until(lambda: len(groups.subscriptions) == 1)
    worker.stop()
    worker.stop()
    assert worker.status().state == "stopped"


def test_a_paused_runner_leaves_its_group_and_comes_back() -> None:
    groups = Groups()
    seen = Seen()
    with runner(groups, seen, workers=2) as worker:
        groups.append(1)
        seen.wait(1)
        worker.pause()
        assert worker.status().state == "paused"
        assert all(each.is_stopped for each in groups.subscriptions)
        groups.append(2)
        assert groups.get_subscription_info("billing").read_buffer_count == 1
        worker.resume()
        assert seen.wait(2) == [1, 2]


# --- events that cannot be handled ----------------------------------------------------


def test_a_failing_event_is_tried_again_and_then_parked() -> None:
    groups = Groups()
    bad = groups.append("bad")
    groups.append("good")
    attempts: list[str] = []

    def failing(event: Any, recorded: Any) -> None:
        attempts.append(event)
        if event == "bad":
            raise ValueError("no such customer")

    seen = Seen(failing)
    with runner(groups, seen, retries=3) as worker:
        until(lambda: groups.group("billing").parked, despite=KeyError)
        seen.wait(1)
    assert attempts.count("bad") == 4
    assert [event.id for event in groups.group("billing").parked] == [bad.id]
    status = worker.status()
    assert (status.failed, status.parked, status.handled, status.parked_in_group) == (4, 1, 1, 1)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError])
def test_a_handler_that_exits_is_tried_again_and_then_its_event_is_parked(
    kind: type[BaseException], capfd: pytest.CaptureFixture[str]
) -> None:
    groups = Groups()
    bad = groups.append("bad")
    groups.append("good")

    def exiting(event: Any, recorded: Any) -> None:
        if event == "bad":
            raise kind("enough")

    seen = Seen(exiting)
    with runner(groups, seen, retries=1) as worker:
        until(lambda: groups.group("billing").parked, despite=KeyError)
        seen.wait(1)
        assert worker.status().state == "running"
    assert [event.id for event in groups.group("billing").parked] == [bad.id]
    status = worker.status()
    assert (status.failed, status.parked, status.handled) == (2, 1, 1)
    assert status.last_parked is not None
    assert f"ExitError: {kind.__name__}: enough was raised" in status.last_parked
    assert "Exception in thread" not in "".join(capfd.readouterr())


def test_an_exit_elsewhere_in_the_thread_is_the_consumers_failure(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupted(group: ConsumerGroup) -> None:
        raise KeyboardInterrupt("enough")

    monkeypatch.setattr(ConsumerGroup, "ensure", interrupted)
    worker = runner(Groups(), Seen())
    with pytest.raises(ExitError, match="KeyboardInterrupt: enough was raised in a thread"):
        worker.run_forever(DEADLINE)
    assert worker.status().state == "failed"
    worker.stop()
    assert "Exception in thread" not in "".join(capfd.readouterr())


def test_the_last_error_is_told_with_event_handler_and_traceback() -> None:
    groups = Groups()
    event = groups.append("bad")

    def handle(event: Any, recorded: Any) -> None:
        raise ValueError("no such customer")

    with runner(groups, handle, retries=0) as worker:
        until(lambda: groups.group("billing").parked, despite=KeyError)
        status = worker.status()
    assert status.error == "ValueError: no such customer"
    assert str(event.id) in (status.event or "")
    assert (status.handler or "").endswith("handle")
    assert "no such customer" in (status.traceback or "")


def test_parked_events_are_replayed_with_attempts_anew() -> None:
    groups = Groups()
    event = groups.append("bad")
    works = threading.Event()
    attempts: list[int] = []

    def handle(event: Any, recorded: Any) -> None:
        attempts.append(len(attempts))
        if len(attempts) < 5:
            raise ValueError("not yet")
        works.set()

    with runner(groups, handle, retries=2) as worker:
        until(lambda: groups.group("billing").parked, despite=KeyError)
        worker.replay_parked()
        assert works.wait(DEADLINE)
    assert len(attempts) == 5
    assert groups.group("billing").acknowledged == [event.id]


def test_other_events_go_on_while_one_waits_for_its_next_attempt() -> None:
    groups = Groups()
    groups.append("bad")
    groups.append("good")
    clock = [0.0]

    def handle(event: Any, recorded: Any) -> None:
        if event == "bad" and clock[0] < 1:
            raise ValueError("not yet")

    seen = Seen(handle)
    long = Backoff(1.0, 1.0, lambda: 1.0)
    with runner(groups, seen, backoff=long, clock=lambda: clock[0]) as worker:
        assert seen.wait(1) == ["good"]
        clock[0] = 1.0
        worker._tasks[0].interrupt()
        groups.append("wakes the consumer up")
        assert sorted(seen.wait(3)) == ["bad", "good", "wakes the consumer up"]


def test_an_event_whose_attempt_would_come_too_late_is_given_back() -> None:
    groups = Groups()
    groups.append("bad")
    calls = threading.Semaphore(0)

    def handle(event: Any, recorded: Any) -> None:
        calls.release()
        raise ValueError("not yet")

    slow = Backoff(3600, 3600, lambda: 1.0)
    with runner(groups, handle, backoff=slow, retries=2):
        # Only the server, which delivers it again, can have it tried twice.
        assert calls.acquire(timeout=DEADLINE)
        assert calls.acquire(timeout=DEADLINE)
        until(lambda: groups.group("billing").parked, despite=KeyError)


def test_a_store_that_is_away_counts_as_no_attempt() -> None:
    groups = Groups()
    groups.append(1)
    outages = iter(range(8))

    def handle(event: Any, recorded: Any) -> None:
        if next(outages, None) is not None:
            raise OperationalError("Redis is away")

    seen = Seen(handle)
    with runner(groups, seen, retries=0) as worker:
        seen.wait(1)
        assert worker.status().parked == 0
        assert worker.status().restarts == 8


# --- connections that break ------------------------------------------------------------


@pytest.mark.parametrize("error", [None, ServiceUnavailable("gone")], ids=["silently", "error"])
def test_it_comes_back_after_connections_are_cut(error: Exception | None) -> None:
    groups = Groups()
    seen = Seen()
    with runner(groups, seen) as worker:
        for number in range(5):
            groups.append(number)
            seen.wait_for(number)
            groups.cut(error)
            until(lambda: groups.subscriptions)
        groups.append(5)
        seen.wait_for(5)
        until(lambda: len(groups.group("billing").acknowledged) == 6, despite=KeyError)
        assert worker.status().restarts == 5
        assert worker.status().error is None
    assert set(seen.all) == set(range(6))


def test_a_server_that_is_away_is_waited_for() -> None:
    groups = Groups()
    groups.is_down = True
    groups.append(1)
    seen = Seen()
    with runner(groups, seen) as worker:
        assert worker._progresses[0].changed.wait_for(
            lambda: worker._progresses[0].restarts > 2, DEADLINE
        )
        status = worker.status()
        assert status.state == "retrying"
        assert status.waiting is None
        assert status.error == (
            "OperationalError: consuming group '$all::billing' at esdb://db.example:2113: "
            "the server is away"
        )
        groups.is_down = False
        assert seen.wait(1) == [1]


def test_a_server_that_is_away_is_said_before_the_next_event() -> None:
    groups = Groups()
    with one_handled(groups) as worker:
        groups.is_down = True
        status = worker.status()
        assert (status.state, status.waiting) == ("retrying", None)
        assert "the server is away" in str(status.error)
        groups.is_down = False
        assert worker.status().state == "running"


def test_what_does_not_pass_is_raised_at_the_end() -> None:
    groups = Groups()

    def broken(*args: Any, **options: Any) -> Any:
        raise LookupError("no such thing")

    groups.read_subscription_to_all = broken  # type: ignore[method-assign]
    worker = runner(groups, Seen())
    with pytest.raises(LookupError, match="no such thing"), worker:
        worker.run_forever(DEADLINE)
    assert worker.status().state == "failed"
    worker.stop()


# --- links --------------------------------------------------------------------------------


class _Answer(SimpleNamespace):
    def WhichOneof(self, name: str) -> str:
        return str(self.content)


def _answer(event_id: str, link_id: str = "") -> Any:
    return _Answer(
        content="event",
        event=SimpleNamespace(
            event=SimpleNamespace(id=SimpleNamespace(string=event_id)),
            link=SimpleNamespace(id=SimpleNamespace(string=link_id)),
        ),
    )


def test_links_whose_target_is_gone_are_acknowledged_and_counted() -> None:
    gone, link, event = uuid4(), uuid4(), uuid4()
    answers = [
        _Answer(content="subscription_confirmation"),
        _answer("", str(gone)),
        _answer(str(event), str(link)),
    ]
    acknowledged: list[UUID] = []
    counted: list[None] = []
    subscription = SimpleNamespace(_read_resps=iter(answers), ack=acknowledged.append)

    acknowledge_unresolved(subscription, lambda: counted.append(None))

    assert list(subscription._read_resps) == answers
    assert acknowledged == [gone]
    assert len(counted) == 1


def test_the_client_reads_its_answers_where_they_are_watched() -> None:
    """Both clients keep them in a private attribute, for which there is no public way."""
    import inspect

    import esnb.clients.installed as client

    persistent = __import__(f"{client.PACKAGE}.persistent", fromlist=["PersistentSubscription"])
    read = inspect.getsource(persistent.PersistentSubscription._get_next_read_resp)
    assert "next(self._read_resps)" in read


# --- what a handler gets ---------------------------------------------------------------------


class _Category:
    """Reads recorded events back to notifications of an application in memory."""

    def __init__(self, app: Application[UUID]) -> None:
        self._app = app

    def notification(self, recorded: Any) -> Any:
        if not recorded.stream_name.startswith("Bank-"):
            return None
        return self._app.recorder.select_notifications(recorded.commit_position // 100, 1)[0]


def test_an_application_gets_its_own_domain_events_under_their_correlation() -> None:
    app = Bank()
    app.deposit(app.open(), 7)
    groups = Groups()
    groups.append(None, stream="Bank-1")
    groups.append(None, stream="Bank-1")
    found: list[Any] = []

    def handle(event: Any, recorded: Any) -> None:
        correlation = current_correlation()
        assert correlation is not None
        found.append((type(event).__name__, current().id, correlation.causation_id is not None))

    seen = Seen(handle)
    worker = runner(groups, seen)
    worker._events = ApplicationEvents(app, _Category(app), "billing")
    with worker:
        seen.wait(2)
    assert found == [("Created", 1, True), ("Deposited", 2, True)]


def test_a_group_of_something_else_is_refused() -> None:
    app = Bank()
    groups = Groups()
    groups.append(None, stream="Shop-1")
    worker = runner(groups, Seen())
    worker._events = ApplicationEvents(app, _Category(app), "$all::billing")
    with pytest.raises(ForeignGroupError, match="Shop-1"), worker:
        worker.run_forever(DEADLINE)
    assert not groups.group("billing").acknowledged


# --- arguments ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"workers": 0}, "workers"),
        ({"buffer": 0}, "buffer"),
        ({"retries": -1}, "retries"),
        ({"remember": -1}, "remember"),
        ({"message_timeout": 0}, "message_timeout"),
        ({"stream": "a", "patterns": ["b"]}, "exclude"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_wrong_arguments_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        runner(Groups(), Seen(), **options)


async def later(domain_event: Any, recorded_event: Any) -> None:
    raise AssertionError("nobody waits for it")


@pytest.mark.parametrize(
    ("handler", "said"), [(None, "handler is None: pass a function"), (later, "later.* is async")]
)
def test_a_handler_that_would_handle_nothing_is_refused(handler: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        runner(Groups(), handler)


def test_a_group_is_named_by_text() -> None:
    with pytest.raises(ValueError, match="group is 7: pass a name"):
        PersistentRunner(Groups(), 7, Seen(), remember=0)  # type: ignore[arg-type]


def test_a_source_without_persistent_subscriptions_is_refused() -> None:
    with pytest.raises(TypeError, match="EventStoreDB"):
        runner(Bank(), Seen())
    with pytest.raises(TypeError, match="pass an eventsourcing Application"):
        runner(object(), Seen())


def test_runners_of_both_kinds_stand_in_one_frame() -> None:
    with one_handled(Groups()) as worker:
        frame = esnb.runners(worker)
    assert list(frame["name"]) == ["billing"]
    assert list(frame["lag"]) == [0]
    assert list(frame["position"]) == [100]


def test_what_was_parked_last_is_told_until_it_is_replayed() -> None:
    groups = Groups()
    first, second = groups.append("bad"), groups.append("worse")
    groups.append("good")
    works = threading.Event()

    def handle(event: Any, recorded: Any) -> None:
        if event != "good" and not works.is_set():
            raise ValueError(f"no such customer: {event}")

    seen = Seen(handle)
    with runner(groups, seen, retries=0) as worker:
        seen.wait(1)
        until(lambda: groups.group("billing").acknowledged, despite=KeyError)
        status = worker.status()
        assert status.error is None  # it has gone on
        assert status.last_parked is not None
        assert status.last_parked.startswith(f"event {second.id} (Placed, revision 1 of orders-1)")
        assert status.last_parked.endswith("ValueError: no such customer: worse")
        assert f"last parked: {status.last_parked[:20]}" in str(esnb.watch(worker, live=False))
        works.set()
        worker.replay_parked()
        assert worker.status().last_parked is None
        seen.wait(3)
    assert {event.id for event in (first, second)} <= set(groups.group("billing").acknowledged)


# --- a group that is not there yet, runners that do not run -------------------------------


def test_what_is_asked_before_the_group_is_there() -> None:
    groups = Groups()
    worker = runner(groups, Seen())
    worker.replay_parked()  # nothing is parked
    assert worker.status().state == "stopped"
    assert worker.status().parked_in_group is None
    worker.pause()
    worker.stop()
    with pytest.raises(ProgrammingError, match="was not started"):
        worker.wait(timeout=0.01)
    assert not groups.groups


def test_a_server_that_is_away_is_named_when_parked_events_are_replayed() -> None:
    groups = Groups()
    groups.is_down = True
    with pytest.raises(OperationalError, match=r"esdb://db\.example:2113"):
        runner(groups, Seen()).replay_parked()


@pytest.mark.parametrize("name", ["", "a::b", "half\ud800", None], ids=ascii)
def test_names_that_no_group_can_have(name: Any) -> None:
    with pytest.raises(ValueError, match="group is"):
        PersistentRunner(Groups(), name, Seen(), remember=0)


def fail_and_mend(groups: Groups, worker: PersistentRunner) -> None:
    """Have a runner fail, with errors that are not known to pass, and take the cause away."""

    def fails(*args: Any, **options: Any) -> Any:
        raise RuntimeError("no such thing")

    read, groups.read_subscription_to_all = groups.read_subscription_to_all, fails  # type: ignore[method-assign]
    worker.start()
    with pytest.raises(RuntimeError, match="no such thing"):
        worker.run_forever(DEADLINE)
    groups.read_subscription_to_all = read  # type: ignore[method-assign]


@pytest.mark.parametrize("go_on", [PersistentRunner.resume, PersistentRunner.start])
def test_a_failed_runner_goes_on(go_on: Callable[[PersistentRunner], object]) -> None:
    groups, seen = Groups(), Seen()
    groups.append(1)
    worker = runner(groups, seen, workers=2)
    fail_and_mend(groups, worker)
    worker.pause()  # which a failed one does not heed
    assert worker.status().state == "failed"
    go_on(worker)
    seen.wait(1)
    until(lambda: groups.group("billing").acknowledged, despite=KeyError)
    assert worker.status().error is None
    worker.stop()


def test_a_runner_of_which_one_worker_has_failed_goes_on_with_all() -> None:
    groups, seen = Groups(), Seen()
    worker = runner(groups, seen, workers=2).start()
    until(lambda: len(groups.subscriptions) == 2)
    groups.append(1)
    seen.wait(1)
    until(lambda: groups.group("billing").acknowledged, despite=KeyError)
    (lived, failed), (consumer, _) = worker._tasks, worker._consumers()
    failed.progress.fail(RuntimeError("of this one only"))
    failed.ask("stop", True)
    assert failed.join(DEADLINE)
    worker.resume()
    assert lived.work is consumer
    until(lambda: sum(not each.is_stopped for each in groups.subscriptions) == 2)
    assert worker.status().handled == 1  # what was counted is kept
    worker.stop()


def test_resume_starts_one_that_was_stopped_or_never_started() -> None:
    groups, seen = Groups(), Seen()
    worker = runner(groups, seen)
    for number in range(2):
        groups.append(number)
        worker.resume()
        seen.wait(number + 1)
        worker.stop()
    assert seen.all == [0, 1]


def test_pausing_one_that_does_not_run_does_nothing() -> None:
    groups, seen = Groups(), Seen()
    groups.append(1)
    worker = runner(groups, seen)
    worker.pause()
    with worker:
        seen.wait(1)


def test_a_pause_that_a_handler_delays_is_said() -> None:
    groups, entered, may_end = Groups(), threading.Event(), threading.Event()
    groups.append(1)

    def slow(event: Any, recorded: Any) -> None:
        entered.set()
        assert may_end.wait(DEADLINE)

    with runner(groups, slow, workers=2) as worker:
        assert entered.wait(DEADLINE)
        worker._patience = 0.05
        with pytest.raises(TimeoutError, match="it is at work on an event"):
            worker.pause()
        worker._patience = DEADLINE
        may_end.set()
        worker.pause()
        assert worker.status().state == "paused"
