"""The persistent runner over groups of a server, with its memory in Redis.

What the server cannot be made to do at will, groups in memory do.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import ProgrammingError, WaitInterruptedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esnb.clients.installed import NewEvent, NotFound, StreamState
from esnb.projections import Backoff, ForeignGroupError, PersistentRunner
from tests.domain.bank import Bank
from tests.eventstoredb_server import EventStoreDBServer
from tests.persistent_groups import QUICK, Groups, Seen
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until


@pytest.fixture
def env(stores_env: dict[str, str]) -> dict[str, str]:
    case = f"Bank{uuid4().hex[:12]}"
    return {**stores_env, "EVENTSTOREDB_STREAM_PREFIX": case, "REDIS_KEY_PREFIX": case}


def group_name() -> str:
    return f"billing-{uuid4().hex[:8]}"


def test_an_application_has_its_own_events_handled_and_no_others(env: dict[str, str]) -> None:
    app = Bank(env=env)
    other = Bank(env={**env, "EVENTSTOREDB_STREAM_PREFIX": env["EVENTSTOREDB_STREAM_PREFIX"] + "2"})
    other.deposit(other.open(), 99)
    app.deposit(app.open(), 1, 2)
    seen = Seen()
    with PersistentRunner(app, group_name(), seen, backoff=QUICK) as worker:
        found = seen.wait(3)
    status = worker.status()
    assert [getattr(event, "amount", None) for event in found] == [None, 1, 2]
    assert (status.application, status.lag, status.handled) == ("Bank", 0, 3)
    assert status.position == app.recorder.max_notification_id()


def test_waiting_ends_when_all_that_was_recorded_is_handled(env: dict[str, str]) -> None:
    app = Bank(env=env)
    seen = Seen()
    with PersistentRunner(app, group_name(), seen, workers=2) as worker:
        worker.wait(timeout=DEADLINE)
        assert seen.all == []
        for turn in range(1, 4):
            app.deposit(app.open(), *range(9))
            worker.wait(timeout=DEADLINE)
            assert len(seen.all) == 10 * turn
        worker.wait(app.recorder.max_notification_id(), timeout=DEADLINE)
    with pytest.raises(WaitInterruptedError, match="was stopped before event"):
        worker.wait(10**9, timeout=DEADLINE)
    # One that begins where all is done waits for nothing.
    with PersistentRunner(app, worker.group.name, Seen()) as worker:
        worker.wait(timeout=DEADLINE)
        assert worker.status().handled == 0


@pytest.mark.parametrize("stream", [None, "orders-7"])
def test_waiting_over_a_clients_events(env: dict[str, str], stream: str | None) -> None:
    bank = Bank(env=env)  # with which its client is closed
    recorder: Any = bank.recorder
    client = recorder.category.client
    name = f"orders-{uuid4()}"
    seen = Seen()
    target = {"patterns": [name]} if stream is None else {"stream": name}
    with PersistentRunner(client, group_name(), seen, env=env, **target) as worker:
        worker.wait(timeout=DEADLINE)
        for turn in range(1, 3):
            client.append_to_stream(
                name,
                current_version=StreamState.ANY,
                events=[NewEvent("Placed", b"1") for _ in range(7)],
            )
            worker.wait(timeout=DEADLINE)
            assert len(seen.all) == 7 * turn


def test_waiting_says_what_holds_it_up(env: dict[str, str]) -> None:
    app = Bank(env=env)
    app.open()
    may_end = threading.Event()

    def held(domain_event: Any, recorded: Any) -> None:
        assert may_end.wait(DEADLINE)

    with PersistentRunner(app, group_name(), held) as worker:
        with pytest.raises(TimeoutError, match="is not done with the events up to"):
            worker.wait(timeout=0.1)
        may_end.set()
        worker.wait(timeout=DEADLINE)
    with pytest.raises(ProgrammingError, match="was not started"):
        PersistentRunner(app, group_name(), held).wait()


def test_waiting_ends_with_parked_events_too(env: dict[str, str]) -> None:
    app = Bank(env=env)
    app.open()

    def refuse(domain_event: Any, recorded: Any) -> None:
        raise ValueError("no")

    with PersistentRunner(app, group_name(), refuse, retries=0) as worker:
        worker.wait(timeout=DEADLINE)
        assert worker.status().parked == 1


def test_leaving_right_after_the_last_event_leaves_nothing_unacknowledged(
    env: dict[str, str],
) -> None:
    app = Bank(env=env)
    app.deposit(app.open(), *range(99))
    name = group_name()
    for turn in range(3):
        seen = Seen()
        with PersistentRunner(app, name, seen, workers=3) as worker:
            app.deposit(app.open(), *range(99))
            seen.wait(100 if turn else 200)
        # With nobody left to handle them, what was not acknowledged would wait for ever.
        until(lambda: worker.status().waiting == 0)
        assert worker.status().restarts == 0
    late = Seen()
    with PersistentRunner(app, name, late, remember=0):
        app.open()
        late.wait(1)
    assert len(late.all) == 1


def test_failing_events_are_parked_by_the_server_and_replayed(env: dict[str, str]) -> None:
    app = Bank(env=env)
    app.deposit(app.open(), *range(10))
    is_open = threading.Event()

    def refuse(event: Any, recorded: Any) -> None:
        if getattr(event, "amount", None) in (3, 7) and not is_open.is_set():
            raise ValueError("closed")

    seen = Seen(refuse)
    with PersistentRunner(app, group_name(), seen, backoff=QUICK, retries=1) as worker:
        seen.wait(9)
        until(lambda: worker.status().parked_in_group == 2)
        assert worker.status().failed == 4
        is_open.set()
        worker.replay_parked()
        found = seen.wait(11)
        until(lambda: worker.status().parked_in_group == 0)
    assert sorted(event.amount for event in found if hasattr(event, "amount")) == list(range(10))


def test_a_worker_that_hangs_loses_its_event_to_another(env: dict[str, str]) -> None:
    app = Bank(env=env)
    name = group_name()
    hangs, go_on = threading.Lock(), threading.Event()

    def hang(event: Any, recorded: Any) -> None:
        if hangs.acquire(blocking=False):  # whoever has it first
            assert go_on.wait(DEADLINE)
        else:
            other(event, recorded)

    # Each time that its half second is over is a retry: one that is slow to take it may.
    settings: dict[str, Any] = {"message_timeout": 0.5, "retries": 200}
    other = Seen()
    with (
        PersistentRunner(app, name, hang, **settings),
        PersistentRunner(app, name, hang, **settings),
    ):
        app.open()
        other.wait(1)
        go_on.set()
    assert len(other.all) == 1


def test_a_category_of_the_server_with_a_link_whose_target_is_gone(env: dict[str, str]) -> None:
    app = Bank(env=env)
    client = app.recorder.category.client  # type: ignore[attr-defined]
    lost, kept = app.open(), app.open()
    prefix = env["EVENTSTOREDB_STREAM_PREFIX"]
    until(lambda: len(client.get_stream(f"$ce-{prefix}")) == 2, despite=NotFound)
    client.delete_stream(f"{prefix}-{lost}", current_version=StreamState.ANY)
    recorded: list[str] = []
    seen = Seen(lambda event, source: recorded.append(source.stream_name))
    with PersistentRunner(client, group_name(), seen, stream=f"$ce-{prefix}", env=env) as worker:
        seen.wait(1)
        until(lambda: worker.status().gone == 1 and worker.status().lag == 0)
    # The category has the deletion, too.
    assert set(recorded) <= {f"{prefix}-{kept}", f"$${prefix}-{lost}"}
    assert f"{prefix}-{kept}" in recorded
    assert worker.status().parked_in_group == 0


def test_a_group_of_another_application_is_refused(env: dict[str, str]) -> None:
    app = Bank(env=env)
    other = Bank(env={**env, "EVENTSTOREDB_STREAM_PREFIX": f"Other{uuid4().hex[:8]}"})
    app.open()
    name = group_name()
    with PersistentRunner(app, name, Seen(), stream="$all") as first:
        first.wait(timeout=DEADLINE)  # the group is there
    app.open()
    for stream in (None, "$all"):
        with (
            pytest.raises(ForeignGroupError, match="Choose another group name"),
            PersistentRunner(other, name, Seen(), stream=stream) as worker,
        ):
            worker.run_forever(timeout=DEADLINE)


def test_a_restart_of_the_server_is_survived(tmp_path: Path, redis_server: RedisServer) -> None:
    with EventStoreDBServer(tmp_path / "events.db") as server:
        env = {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": server.uri,
            "REDIS_URL": redis_server.url,
            "REDIS_KEY_PREFIX": uuid4().hex,
        }
        app = Bank(env=env)
        seen = Seen()
        with PersistentRunner(app, "billing", seen, backoff=QUICK, workers=2) as worker:
            for turn in range(3):
                app.deposit(app.open(), *range(9))
                seen.wait(10 * turn + 10)
                server.stop()
                server.start()
                until(lambda: app.recorder.max_notification_id() is not None)
            app.deposit(app.open(), *range(9))
            seen.wait(40)
        assert worker.status().restarts > 0
        assert worker.status().lag == 0
    assert len(seen.all) == 40


def test_what_was_handled_is_not_handled_when_it_is_delivered_again(env: dict[str, str]) -> None:
    groups = Groups()
    for number in range(20):
        groups.append(number)
    seen = Seen()
    with PersistentRunner(groups, "billing", seen, env=env):
        seen.wait(20)
    # As after a server that had not written down its last checkpoint.
    groups.group("billing").read = 0
    with PersistentRunner(groups, "billing", seen, env=env) as worker:
        groups.append(20)
        seen.wait(21)
        until(lambda: len(groups.group("billing").acknowledged) == 41, despite=KeyError)
    assert worker.status().repeated == 20
    assert seen.all == list(range(21))


def test_an_event_that_takes_too_long_is_not_handled_twice_at_a_time(env: dict[str, str]) -> None:
    groups = Groups()
    event = groups.append("long")
    entered, go_on = threading.Event(), threading.Event()
    at_once: list[int] = []
    inside = [0]

    def slow(event: Any, recorded: Any) -> None:
        inside[0] += 1
        at_once.append(inside[0])
        entered.set()
        assert go_on.wait(DEADLINE)
        inside[0] -= 1

    seen = Seen(slow)
    with PersistentRunner(groups, "billing", seen, env=env, workers=2) as worker:
        assert entered.wait(DEADLINE)
        groups.deliver_again(groups.group("billing"), event.id)
        until(lambda: groups.group("billing").in_flight, despite=KeyError)
        go_on.set()
        until(lambda: groups.group("billing").acknowledged, despite=KeyError)
        until(lambda: not groups.group("billing").in_flight, despite=KeyError)
    assert at_once == [1]
    assert worker.status().handled == 1


def test_attempts_are_counted_across_runners(env: dict[str, str]) -> None:
    groups = Groups()
    groups.append("bad")
    attempts: list[None] = []
    failed = threading.Event()

    def handle(event: Any, recorded: Any) -> None:
        attempts.append(None)
        failed.set()
        raise ValueError("no")

    never = Backoff(5, 5, lambda: 1.0)
    for _ in range(3):
        failed.clear()
        with PersistentRunner(groups, "billing", handle, env=env, retries=2, backoff=never):
            assert failed.wait(DEADLINE)
    assert len(attempts) == 3
    assert len(groups.group("billing").parked) == 1


def test_redis_that_is_away_is_waited_for() -> None:
    groups = Groups()
    groups.append(1)
    seen = Seen()
    with RedisServer() as server:
        server.kill()
        with PersistentRunner(groups, "billing", seen, env={"REDIS_URL": server.url}) as worker:
            progress = worker._progresses[0]
            assert progress.changed.wait_for(lambda: progress.restarts > 0, DEADLINE)
            assert seen.all == []
            server.start()
            assert seen.wait(1) == [1]
    assert worker.status().parked == 0


Action = Callable[[Groups, UUID], object]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    actions=st.lists(st.sampled_from(["append", "cut", "again", "restart", "replay"]), max_size=40),
    workers=st.integers(1, 3),
    failing=st.sets(st.integers(0, 40)),
)
def test_each_event_has_its_effect_once_whatever_happens(
    stores_env: dict[str, str], actions: list[str], workers: int, failing: set[int]
) -> None:
    env = {**stores_env, "REDIS_KEY_PREFIX": uuid4().hex}
    groups = Groups()
    fails = dict.fromkeys(failing, 2)
    lock = threading.Lock()

    def sometimes(event: Any, recorded: Any) -> None:
        with lock:
            if fails.get(event, 0):
                fails[event] -= 1
                raise ValueError("not yet")

    seen = Seen(sometimes)

    def start() -> PersistentRunner:
        return PersistentRunner(
            groups, "billing", seen, env=env, workers=workers, backoff=QUICK, retries=3
        ).start()

    worker = start()
    count = 0
    try:
        for action in actions:
            if action == "append":
                groups.append(count)
                count += 1
            elif action == "cut":
                groups.cut()
            elif action == "restart":
                worker.stop()
                worker = start()
            elif action == "replay" and (None, "billing") in groups.groups:
                worker.replay_parked()
            elif action == "again":
                with groups.changed:
                    for group in groups.groups.values():
                        for event_id in list(group.in_flight):
                            groups.deliver_again(group, event_id)
        seen.wait(count)
    finally:
        worker.stop()
    assert Counter(seen.all) == Counter(range(count))
    if count:
        group = groups.group("billing")
        assert not group.in_flight
        assert not group.parked
