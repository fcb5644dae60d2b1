"""Runners of every kind over embedded stores: one life, and a status that says what they are."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from eventsourcing.projection import Projection

from esnb.outbox import BullMQPublisher, Outbox, Worker
from esnb.projections import CatchUpRunner, PersistentRunner
from esnb.redis import RedisView
from esnb.running.actions import method
from esnb.stores import Stores
from esnb.widgets.watch.sources import board_of
from tests.domain.bank import Bank
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.extras

Called = Callable[[], object]
KINDS = ("projection", "consumers", "outbox", "publisher", "worker")


class Running:
    """A runner of one kind, whose handler calls `called` for each event."""

    def __init__(self, kind: str, stores: Stores, bank: Bank, called: Called) -> None:
        self.feeds: list[Any] = []
        self.runner = self._made(kind, stores, bank, called)

    def _made(self, kind: str, stores: Stores, bank: Bank, called: Called) -> Any:
        if kind == "projection":

            class Calling(Projection[RedisView]):
                def process_event(self, domain_event: Any, tracking: Any) -> None:
                    called()
                    self.view.insert_tracking(tracking)

            return CatchUpRunner(bank, Calling, RedisView, env=stores.env)
        if kind == "consumers":
            return PersistentRunner(bank, "calling", lambda *_: called())
        outbox = Outbox(stores, bank)
        if kind == "outbox":
            return outbox

        def route(record: Any) -> str:
            if kind == "publisher":
                called()
            return "calls"

        publisher = BullMQPublisher(outbox, route)
        if kind == "publisher":
            self.feeds = [outbox.start()]
            return publisher
        self.feeds = [outbox.start(), publisher.start()]
        return Worker(stores, "calls", lambda job: called())

    def stop(self) -> None:
        for each in (self.runner, *self.feeds):
            each.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_each_says_what_it_is_and_what_can_be_done(kind: str, stores: Stores, bank: Bank) -> None:
    running = Running(kind, stores, bank, lambda: None)
    runner = running.runner
    assert runner.status().kind == kind
    assert runner.status().state == "stopped"
    assert "resume" in runner.status().actions
    for action in runner.status().all_actions:
        assert callable(getattr(runner, method(action)))
    runner.start()
    until(lambda: runner.status().state == "running", "a running runner")
    assert (
        runner.status().actions
        == {
            "projection": ("pause", "rebuild"),
            "consumers": ("pause",),
            "outbox": ("pause",),
            "publisher": (),
            "worker": (),
        }[kind]
    )
    (seen,) = board_of([runner]).look()
    assert (seen.can, seen.asks) == (runner.status().all_actions, runner.status().actions)
    running.stop()
    assert runner.status().actions[0] == "resume"
    runner.resume()
    until(lambda: runner.status().state == "running", "a resumed runner")
    running.stop()


@pytest.mark.parametrize("kind", KINDS)
def test_each_ends_when_nobody_holds_it(kind: str, stores: Stores, bank: Bank) -> None:
    running = Running(kind, stores, bank, lambda: None)
    running.runner.start()
    until(lambda: running.runner.status().state == "running", "a running runner")
    tasks, gone = running.runner._tasks, weakref.ref(running.runner)
    del running.runner

    def is_gone() -> bool:  # a status that was asked for may hold it for a moment
        gc.collect()
        return gone() is None

    until(is_gone, "a runner that is collected")
    assert all(task.join(DEADLINE) for task in tasks)
    running.runner = Outbox(stores, bank)
    running.stop()


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "outbox"])
def test_each_is_stopped_by_its_own_handler(kind: str, stores: Stores, bank: Bank) -> None:
    stopped = threading.Event()

    def stops() -> None:
        running.runner.stop()
        stopped.set()

    running = Running(kind, stores, bank, stops)
    bank.open()
    running.runner.start()
    assert stopped.wait(DEADLINE)
    assert all(task.join(DEADLINE) for task in running.runner._tasks)
    assert running.runner.status().state == "stopped"
    running.stop()


def test_a_publisher_whose_redis_is_away_for_long_goes_on(bank: Bank) -> None:
    """Each attempt to begin is one of its own: none of them is the last."""
    with RedisServer() as server:
        outbox = Outbox({"REDIS_URL": server.url}, bank)
        with outbox, BullMQPublisher(outbox, lambda _: "mails") as publisher:
            until(lambda: publisher.status().state == "running", "a running publisher")
            server.kill()
            until(lambda: publisher.status().restarts > 7, "many attempts")
            assert publisher.status().state == "retrying"
            server.start()
            bank.open()
            publisher.wait(timeout=DEADLINE)
            assert publisher.status().counts["published"] == 1


def test_all_dead_records_are_tried_again_however_many(stores: Stores) -> None:
    bank = Bank()
    count = 1_100
    for _ in range(count):
        bank.open()
    allowed: list[bool] = []

    def route(record: Any) -> str | None:
        if not allowed:
            raise LookupError("no queue")
        return None

    outbox = Outbox(stores, bank)
    with outbox, BullMQPublisher(outbox, route, attempts=1) as publisher:
        until(lambda: publisher.status().dead == count, "all of them dead")
        assert publisher.status().actions == ("retry dead",)
        assert outbox.status().troubles == {"dead": count}
        allowed.append(True)
        board = board_of([outbox])
        (seen,) = board.look()
        board.ask(seen.key, "retry dead")
        publisher.wait(timeout=DEADLINE)
        assert publisher.status().dead == outbox.status().dead == 0
        assert publisher.retry_dead() == 0
