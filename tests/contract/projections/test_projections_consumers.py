"""The persistent runner with its memory in Redis, over an application's events on a server."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esnb.projections import Backoff, PersistentRunner
from tests.persistent_groups import Groups
from tests.redis_server import RedisServer
from tests.unit.projections_domain import Bank
from tests.unit.test_projections_persistent import DEADLINE, QUICK, Seen, wait_for


@pytest.fixture
def env(stores_env: dict[str, str]) -> dict[str, str]:
    case = f"Bank{uuid4().hex[:12]}"
    return {**stores_env, "EVENTSTOREDB_STREAM_PREFIX": case, "REDIS_KEY_PREFIX": case}


def over(app: Bank, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """Groups in memory, of the events that the server has and the group's filter lets through."""
    client = app.recorder.category.client  # type: ignore[attr-defined]

    def log(options: dict[str, Any]) -> list[Any]:
        return list(
            client.read_all(
                filter_include=options["filter_include"],
                filter_by_stream_name=options["filter_by_stream_name"],
            )
        )

    groups = Groups(log)
    for name in (
        "create_subscription_to_all",
        "read_subscription_to_all",
        "get_subscription_info",
        "replay_parked_events",
    ):
        monkeypatch.setattr(client, name, getattr(groups, name), raising=False)
    return groups


def test_an_application_has_its_own_events_handled_and_no_others(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Bank(env=env)
    other = Bank(env={**env, "EVENTSTOREDB_STREAM_PREFIX": env["EVENTSTOREDB_STREAM_PREFIX"] + "2"})
    other.deposit(other.open(), 99)
    app.deposit(app.open(), 1, 2)
    over(app, monkeypatch)
    seen = Seen()
    with PersistentRunner(app, "billing", seen, backoff=QUICK) as worker:
        found = seen.wait(3)
    assert [getattr(event, "amount", None) for event in found] == [None, 1, 2]
    assert worker.status().application == "Bank"
    assert worker.status().position == app.recorder.max_notification_id()


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
        wait_for(groups, lambda: len(groups.group("billing").acknowledged) == 41)
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
        wait_for(groups, lambda: groups.group("billing").in_flight)
        go_on.set()
        wait_for(groups, lambda: groups.group("billing").acknowledged)
        wait_for(groups, lambda: not groups.group("billing").in_flight)
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
            with progress.changed:
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
        made = PersistentRunner(
            groups, "billing", seen, env=env, workers=workers, backoff=QUICK, retries=3
        )
        make = made._consumer

        def quick(progress: Any) -> Any:
            consumer = make(progress)
            consumer._reconnecting = QUICK
            return consumer

        made._consumer = quick  # type: ignore[method-assign]
        return made.start()

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
