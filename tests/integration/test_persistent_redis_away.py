"""Consumers whose Redis goes away while a handler runs: no event is handled twice for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError
from eventsourcing.utils import Environment

from esnb.projections import Backoff, PersistentRunner
from esnb.redis.handled import HandledEvents
from tests.persistent_groups import Groups
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until

QUICK = Backoff(0.01, 0.05)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


class Handler:
    """Notes the events that it is given; does something at the first one."""

    def __init__(self, at_first: Callable[[Any], object]) -> None:
        self.calls: list[Any] = []
        self._at_first = at_first

    def __call__(self, event: Any, recorded: Any) -> None:
        self.calls.append(event)
        if len(self.calls) == 1:
            self._at_first(recorded)


def runner(groups: Groups, server: RedisServer, handler: Any, **options: Any) -> PersistentRunner:
    env = {"REDIS_URL": server.url}
    return PersistentRunner(groups, "billing", handler, env=env, backoff=QUICK, **options)


def memory(server: RedisServer) -> HandledEvents:
    return HandledEvents(Environment("", {"REDIS_URL": server.url}), "$all::billing", keep=10)


def raises(error: Exception) -> None:
    raise error


def is_done(groups: Groups) -> bool:
    group = groups.group("billing")
    return not group.in_flight and not group.queue


def test_an_event_is_handled_once_and_remembered_when_redis_is_back(server: RedisServer) -> None:
    groups, handler = Groups(), Handler(lambda recorded: server.kill())
    groups.append("one")
    with runner(groups, server, handler) as worker:
        until(lambda: worker.status().state == "retrying")
        assert "cannot be reached" in (worker.status().error or "")
        server.start()
        # It has nothing to do, and tells Redis all the same.
        until(lambda: len(memory(server)) == 1)
        groups.append("two")
        until(lambda: worker.status().handled == 2)
    assert handler.calls == ["one", "two"]
    assert is_done(groups)


def test_one_that_is_delivered_again_meanwhile_is_known_to_every_worker_and_runner(
    server: RedisServer,
) -> None:
    groups = Groups()

    def ends(recorded: Any) -> None:
        server.kill()
        groups.cut()  # no acknowledgement comes through: it is delivered again

    handler = Handler(ends)
    groups.append("one")
    with (
        runner(groups, server, handler, workers=2) as worker,
        runner(groups, server, handler) as other,
    ):
        until(lambda: "retrying" in (worker.status().state, other.status().state))
        server.start()
        until(lambda: groups.group("billing").acknowledged)
        until(lambda: worker.status().repeated + other.status().repeated == 1)
    assert handler.calls == ["one"]


def test_one_that_a_stopped_runner_had_is_known_to_the_next_one(server: RedisServer) -> None:
    groups = Groups()

    def ends(recorded: Any) -> None:
        server.kill()
        groups.cut()

    handler = Handler(ends)
    groups.append("one")
    worker = runner(groups, server, handler).start()
    until(lambda: worker.status().state == "retrying")
    worker.stop()
    assert worker.status().state == "stopped"
    server.start()
    with runner(groups, server, handler) as again:
        until(lambda: groups.group("billing").acknowledged)
        assert again.status().repeated == 1
    assert handler.calls == ["one"]


def test_a_runner_that_is_stopped_when_redis_is_back_tells_it(server: RedisServer) -> None:
    groups, handler = Groups(), Handler(lambda recorded: server.kill())
    groups.append("one")
    slow = Backoff(3600, 3600, lambda: 1.0)
    worker = PersistentRunner(
        groups, "billing", handler, env={"REDIS_URL": server.url}, backoff=slow
    ).start()
    until(lambda: worker.status().state == "retrying")
    server.start()
    worker.stop()
    assert len(memory(server)) == 1


def test_it_is_known_though_redis_has_lost_its_data(server: RedisServer) -> None:
    groups = Groups()

    def ends(recorded: Any) -> None:
        server.flush()
        server.kill()
        groups.cut()

    handler = Handler(ends)
    groups.append("one")
    with runner(groups, server, handler) as worker:
        until(lambda: worker.status().state == "retrying")
        server.start()
        until(lambda: groups.group("billing").acknowledged)
    assert handler.calls == ["one"]


def test_a_handler_that_fails_meanwhile_is_tried_again_as_often_as_it_should(
    server: RedisServer,
) -> None:
    groups, calls = Groups(), []

    def handle(event: Any, recorded: Any) -> None:
        calls.append(event)
        if len(calls) == 1:
            server.kill()
        raise ValueError("no such customer")

    groups.append("bad")
    with runner(groups, server, handle, retries=2) as worker:
        until(lambda: worker.status().state == "retrying")
        server.start()
        until(lambda: groups.group("billing").parked)
    assert len(calls) == 3


def test_one_that_is_parked_meanwhile_begins_anew_when_it_is_replayed(server: RedisServer) -> None:
    groups = Groups()
    handler = Handler(lambda recorded: (server.kill(), raises(ValueError("no such customer"))))
    groups.append("bad")
    with runner(groups, server, handler, retries=0) as worker:
        until(lambda: groups.group("billing").parked)
        server.start()
        worker.replay_parked()
        until(lambda: groups.group("billing").acknowledged)
    assert handler.calls == ["bad", "bad"]


def test_a_handler_that_needs_redis_itself_makes_no_attempt_of_it(server: RedisServer) -> None:
    groups = Groups()
    handler = Handler(
        lambda recorded: (server.kill(), raises(OperationalError("Redis cannot be reached")))
    )
    groups.append("one")
    with runner(groups, server, handler, retries=0) as worker:
        until(lambda: worker.status().state == "retrying")
        server.start()
        until(lambda: groups.group("billing").acknowledged)
        assert (worker.status().parked, worker.status().handled) == (0, 1)
    assert handler.calls == ["one", "one"]


def test_no_event_is_taken_while_redis_is_away(server: RedisServer) -> None:
    """The server counts each event that comes back as an attempt, and parks it in the end."""
    groups, handler = Groups(), Handler(lambda recorded: None)
    server.kill()
    groups.append("one")
    with runner(groups, server, handler) as worker:
        until(lambda: worker.status().restarts > 3)
        assert not groups.subscriptions
        server.start()
        until(lambda: groups.group("billing").acknowledged)
    assert handler.calls == ["one"]


def test_a_redis_that_is_silent_for_longer_than_the_event_is_lent(server: RedisServer) -> None:
    groups, silent, ended = Groups(), threading.Event(), threading.Event()

    def handle(event: Any, recorded: Any) -> None:
        calls.append(event)
        silent.set()
        assert ended.wait(DEADLINE)

    calls: list[Any] = []
    event = groups.append("one")
    with runner(groups, server, handle, workers=2) as worker:
        assert silent.wait(DEADLINE)
        with server.silent():
            ended.set()
            until(lambda: worker._deduplication.has_unwritten)
            groups.deliver_again(groups.group("billing"), event.ack_id)
        until(lambda: groups.group("billing").acknowledged)
    assert calls == ["one"]
