"""Kill publishers, workers and Redis, at random: every event has one job, in its order.

`ESNB_FAULTS=300` kills that many times (15 by default); `ESNB_FAULTS_SEED` repeats a run.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py

from esnb.outbox import BullMQPublisher, Outbox
from tests.domain.bank import Account, Bank
from tests.eventstoredb_server import EventStoreDBServer
from tests.faults.event_flow import KILLS, PATIENCE, ROOT, SEED, Background, persistently
from tests.faults.outbox_process import route
from tests.redis_server import RedisServer
from tests.waiting import until

pytestmark = pytest.mark.extras

STEPS = 24
"""What a publisher sends and reads until it has nothing to do."""


class Process:
    """A publisher or a worker in a process of its own."""

    def __init__(self, settings: Callable[[], dict[str, Any]]) -> None:
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.outbox_process", json.dumps(self._settings())],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)

    def wait(self) -> int:
        """Until it has killed itself."""
        assert self._process is not None
        return self._process.wait(PATIENCE)


class Accounts:
    """Records accounts with three events each, in the background."""

    def __init__(self, app: Bank) -> None:
        self._app = app
        self._count = 0
        self._changed = threading.Condition()

    def step(self) -> None:
        account = Account("Ann")
        account.deposit(1)
        account.deposit(2)
        self._app.save(account)
        with self._changed:
            self._count += 1
            self._changed.notify_all()
            self._changed.wait(0.02)

    def wait_for_more(self, count: int) -> None:
        with self._changed:
            goal = self._count + count
            assert self._changed.wait_for(lambda: self._count >= goal, PATIENCE)


MOST_EVENTS = 1_000_000


@pytest.fixture
def eventstoredb(tmp_path: Path) -> Iterator[EventStoreDBServer]:
    with EventStoreDBServer(tmp_path / "events.db") as server:
        yield server


def settings(eventstoredb: EventStoreDBServer, server: RedisServer) -> dict[str, str]:
    # BullMQ keeps 10,000 of a queue's events, fewer than hundreds of kills make.
    client: Any = redis_py.Redis.from_url(server.url)
    client.hset("bull:jobs:meta", "opts.maxLenEvents", MOST_EVENTS)
    return {
        "PERSISTENCE_MODULE": "esnb.eventstoredb",
        "EVENTSTOREDB_URI": eventstoredb.uri,
        "REDIS_URL": server.url,
    }


def check(app: Bank, url: str) -> list[str]:
    """One job for each event, added once, in the order of its aggregate; the job ids."""
    client: Any = redis_py.Redis.from_url(url, decode_responses=True)
    events = list(app.recorder.select_notifications(None, 10**9))
    expected = [f"ev-{event.event_id}" for event in events]  # type: ignore[attr-defined]
    history = client.xrange("bull:jobs:events")
    added = [entry["jobId"] for _, entry in history if entry["event"] == "added"]
    assert len(history) < MOST_EVENTS, "BullMQ trims its events beyond that"
    assert Counter(added) == Counter(expected)
    place = {id: index for index, id in enumerate(added)}
    last: dict[object, int] = {}
    for event, id in zip(events, expected, strict=True):
        assert place[id] > last.get(event.originator_id, -1)
        last[event.originator_id] = place[id]
    return expected


def publish_the_rest(app: Bank, env: dict[str, str]) -> None:
    outbox = Outbox(env, app)

    def publish() -> None:
        with outbox, BullMQPublisher(outbox, route) as publisher:
            publisher.wait(timeout=PATIENCE)

    persistently(publish)
    assert {record.state for record in outbox.records()} == {"published"}


@pytest.mark.timeout(300 + 12 * KILLS)
def test_killing_the_publisher_between_any_two_steps(eventstoredb: EventStoreDBServer) -> None:
    with RedisServer() as server:
        env = settings(eventstoredb, server)
        app = Bank(env=env)
        for kill in range(KILLS):
            # Beyond those of connecting and two batches, steps are those of an idle publisher.
            step = 1 + kill % STEPS
            account = Account("Ann")
            account.deposit(kill)
            app.save(account)
            process = Process(lambda step=step: {"env": env, "step": step})  # type: ignore[misc]
            process.start()
            assert process.wait() == -9
        publish_the_rest(app, env)
        assert len(check(app, server.url)) == 2 * KILLS
        app.close()


@pytest.mark.parametrize("appendfsync", ["always", "everysec"])
@pytest.mark.timeout(300 + 12 * KILLS)
def test_killing_publishers_workers_and_redis_at_random(
    eventstoredb: EventStoreDBServer, appendfsync: str, tmp_path: Path
) -> None:
    print(f"ESNB_FAULTS={KILLS} ESNB_FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    seen = tmp_path / "seen"
    seen.touch()
    with RedisServer("--appendfsync", appendfsync) as server:
        env = settings(eventstoredb, server)
        app = Bank(env=env)
        publishers = [
            Process(lambda: {"env": env, "step": chance.choice([0, 0, chance.randrange(20, 200)])})
            for _ in range(2)
        ]
        worker = Process(lambda: {"env": env, "worker": str(seen)})
        accounts = Accounts(app)
        for process in (*publishers, worker):
            process.start()
        try:
            with Background(accounts.step):
                for _ in range(KILLS):
                    accounts.wait_for_more(chance.randrange(1, 20))
                    victim: Any = chance.choice([*publishers, worker, server])
                    victim.kill()
                    victim.start()
            for process in publishers:
                process.kill()
            publish_the_rest(app, env)
            expected = check(app, server.url)
            # A worker that was killed may have seen a job before: at least once.
            until(lambda: set(seen.read_text().split()) == set(expected), timeout=PATIENCE)
        finally:
            for process in (*publishers, worker):
                process.kill()
            app.close()


def test_a_redis_that_went_back_in_time_gets_every_event_again(
    eventstoredb: EventStoreDBServer,
) -> None:
    """As after a crash with `appendfsync everysec`: the last second is gone, of everything."""
    with RedisServer("--appendonly", "no") as server:
        env = settings(eventstoredb, server)
        app = Bank(env=env)
        client = redis_py.Redis.from_url(server.url)
        first, second = Account("Ann"), Account("Bob")
        app.save(first)
        publish_the_rest(app, env)
        client.save()
        app.save(second)
        publish_the_rest(app, env)
        server.kill()
        server.start()
        publish_the_rest(app, env)
        assert len(check(app, server.url)) == 2
        app.close()
