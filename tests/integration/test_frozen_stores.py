"""What shows a state, and what waits, while a store is stopped: it is said, and nobody waits for ever.

Each assertion holds while the store is still stopped: it is not let go on
before the call under test has returned.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError

import esnb
from esnb.clients.eventstoredb import EventStoreDB
from esnb.outbox import BullMQPublisher, Outbox, Worker
from esnb.projections import CatchUpRunner, PersistentRunner
from tests.domain.bank import Bank, Deposits, RedisSums
from tests.embedded_process import EmbeddedProcess
from tests.outcomes import outcome
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.extras

# Without pings nothing gives the server up: whoever waits for it waits for ever.
SLOW_PINGS = "&KeepAliveInterval=-1"


class Stores:
    """Both servers, each of which may be stopped for a block."""

    def __init__(self, server: EmbeddedProcess, redis: RedisServer) -> None:
        self._server = server
        self._redis = redis
        self.env = {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": server.uri + SLOW_PINGS,
            "REDIS_URL": redis.url,
        }

    @contextmanager
    def stopped(self, store: str) -> Iterator[None]:
        if store == "Redis":
            with self._redis.silent():
                yield
            return
        os.kill(self._server.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._server.process.pid, signal.SIGCONT)


@pytest.fixture
def stores() -> Iterator[Stores]:
    with EmbeddedProcess() as server, RedisServer() as redis:
        yield Stores(server, redis)


def ignore(domain_event: Any, recorded: Any) -> None:
    """Handles nothing."""


class Running:
    """One runner of each kind, caught up with the bank's events."""

    def __init__(self, env: dict[str, str]) -> None:
        self.bank = Bank(env)
        self.last = self.bank.deposit(self.bank.open(), 1, 2)
        self.catch_up = CatchUpRunner(self.bank, Deposits, RedisSums, env)
        self.persistent = PersistentRunner(self.bank, "payments", ignore, env=env)
        self.outbox = Outbox(env, self.bank)
        self.publisher = BullMQPublisher(self.outbox, lambda record: "mails")
        self.all = (self.catch_up, self.persistent, self.outbox, self.publisher)

    @contextmanager
    def caught_up(self) -> Iterator[Running]:
        with ExitStack() as running:
            for runner in self.all:
                running.enter_context(runner)
            for runner in self.all:
                runner.wait(timeout=DEADLINE)
            esnb.runners(self.all)  # so that there is something known
            yield self


@pytest.fixture
def running(stores: Stores) -> Iterator[Running]:
    with Running(stores.env).caught_up() as all_of_them:
        yield all_of_them


SERVER, REDIS = "EventStoreDB", "Redis"
NEEDS = {"catch_up": SERVER, "persistent": SERVER, "outbox": SERVER, "publisher": REDIS}


@pytest.mark.parametrize("kind", NEEDS)
def test_a_status_says_since_when_it_is_not_known(
    stores: Stores, running: Running, kind: str
) -> None:
    runner = getattr(running, kind)
    with stores.stopped(NEEDS[kind]):
        for _ in range(2):  # the first question is still under way
            status = outcome(runner.status)
            assert status.state == "retrying"
            assert "not known since" in status.error
            assert status.lag is None
    assert runner.wait(timeout=DEADLINE) is None
    assert outcome(runner.status).lag == 0


def test_a_status_keeps_what_it_knew_and_when_that_was(stores: Stores, running: Running) -> None:
    assert running.catch_up.status().known_since is None
    with stores.stopped(SERVER):
        status = outcome(running.catch_up.status)
        assert (status.position, status.head) == (running.last, running.last)
        assert status.known_since is not None
        assert outcome(running.persistent.status).known_since is not None


def test_a_view_in_redis_that_is_stopped_leaves_the_events_known(
    stores: Stores, running: Running
) -> None:
    with stores.stopped(REDIS):
        status = outcome(running.catch_up.status)
        assert (status.state, status.head, status.lag) == ("retrying", running.last, 0)
        assert "not known since" in status.error


def test_a_group_whose_memory_is_stopped_is_said(stores: Stores, running: Running) -> None:
    with stores.stopped(REDIS):
        for _ in range(2):
            status = outcome(running.persistent.status)
            assert status.state == "retrying"
            assert "Redis, which has the events that group" in status.error
            assert "not known since" in status.error
            assert status.waiting == 0  # what the server says is known
    until(lambda: running.persistent.status().state == "running")
    assert running.persistent.status().error is None


def test_a_group_without_a_memory_needs_no_redis(stores: Stores) -> None:
    bank = Bank(stores.env)
    bank.open()
    with PersistentRunner(bank, "forgetful", ignore, remember=0, env=stores.env) as runner:
        runner.wait(timeout=DEADLINE)
        with stores.stopped(REDIS):
            status = outcome(runner.status)
            assert (status.state, status.error) == ("running", None)


def test_a_wait_says_what_it_knows_without_asking_again(stores: Stores, running: Running) -> None:
    with stores.stopped(SERVER):
        asked = running.persistent._info._overdue
        error = outcome(lambda: running.persistent.wait(timeout=0.5))
        assert "what is recorded within 0.5 s" in str(error)
        assert "None" not in str(error)
        assert not asked  # the question that a status puts, which takes a second more


def test_a_runner_that_was_never_started_says_that_nothing_is_known(stores: Stores) -> None:
    bank = Bank(stores.env)
    bank.open()
    runners: list[Any] = [
        CatchUpRunner(bank, Deposits, RedisSums, stores.env),
        PersistentRunner(bank, "payments", ignore, env=stores.env),
    ]
    with stores.stopped(SERVER):
        for runner in runners:
            status = outcome(runner.status)
            assert (status.state, status.lag, status.known_since) == ("stopped", None, None)


@pytest.mark.parametrize("store", [SERVER, REDIS])
def test_all_runners_are_shown(stores: Stores, running: Running, store: str) -> None:
    with stores.stopped(store):
        shown = outcome(lambda: esnb.runners(running.all))
        away = "retrying"
        assert list(shown["state"]) == [
            away,
            away,
            away,
            "running" if store == SERVER else away,
        ]
        assert all(shown["error"].dropna().str.contains("not known since"))
        html = outcome(lambda: esnb.watch(*running.all, live=False)._repr_html_())
        assert "not known since" in html


def test_groups_are_said_to_be_not_known(stores: Stores, running: Running) -> None:
    assert len(esnb.subscriptions(running.bank)) == 1
    with stores.stopped(SERVER):
        for _ in range(2):
            error = outcome(lambda: esnb.subscriptions(running.bank))
            assert isinstance(error, OperationalError)
            assert "not known since" in str(error)


@pytest.mark.parametrize("store", [SERVER, REDIS])
@pytest.mark.parametrize("kind", NEEDS)
def test_a_wait_keeps_its_time(stores: Stores, running: Running, kind: str, store: str) -> None:
    runner = getattr(running, kind)
    with stores.stopped(store):
        found = outcome(lambda: runner.wait(timeout=0.5))
        # What is done, and known to be, may be waited for.
        assert found is None or isinstance(found, TimeoutError)
        assert found is not None or store == REDIS
    assert outcome(lambda: runner.wait(timeout=DEADLINE)) is None


def test_a_wait_for_an_event_that_is_known_to_be_applied_asks_nobody_for_long(
    stores: Stores, running: Running
) -> None:
    with stores.stopped(SERVER):
        assert outcome(lambda: running.catch_up.wait(running.last, timeout=DEADLINE)) is None


def test_a_view_is_not_waited_for_longer_than_was_said(stores: Stores, running: Running) -> None:
    with stores.stopped(REDIS):
        view = running.catch_up.view
        found = outcome(lambda: view.wait("Bank", running.last + 1, timeout=0.5))
        assert isinstance(found, TimeoutError | OperationalError)


def test_a_worker_of_a_queue_says_that_redis_is_silent(stores: Stores) -> None:
    with Worker(stores.env, "mails", lambda job: None) as worker, stores.stopped(REDIS):
        status = outcome(worker.status)
        assert status.state in ("starting", "retrying")
        assert isinstance(outcome(lambda: worker.wait(timeout=0.5)), TimeoutError)


def test_one_status_does_not_wait_for_another(stores: Stores, running: Running) -> None:
    with stores.stopped(SERVER):
        found: list[Any] = []
        asking = [
            threading.Thread(target=lambda: found.append(running.persistent.status()), daemon=True)
            for _ in range(20)
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(DEADLINE)
        assert len(found) == 20


def test_the_groups_of_a_clients_own_server_are_asked_for_the_same_way(stores: Stores) -> None:
    client = EventStoreDB(stores.env["EVENTSTOREDB_URI"])
    assert esnb.subscriptions(client).empty
    with stores.stopped(SERVER):
        error = outcome(lambda: esnb.subscriptions(client))
        assert "not known since" in str(error)
    client.close()
