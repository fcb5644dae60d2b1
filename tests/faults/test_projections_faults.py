"""Kill everything, at random, while events flow: the read model is the fold of all events.

`ESNB_FAULTS=300` kills that many times (15 by default); `ESNB_FAULTS_SEED` repeats a run.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import PersistenceError
from eventsourcing.utils import Environment
from redis.exceptions import RedisError

from esnb.projections import Backoff, CatchUpRunner
from tests.domain.bank import Bank, Deposits
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.event_flow import (
    KILLS,
    PATIENCE,
    ROOT,
    SEED,
    Background,
    EventStoreDBProcess,
    Writer,
    persistently,
)
from tests.faults.projections_process import Ledger
from tests.redis_server import RedisServer


class RunnerProcess:
    """The runner in a process of its own."""

    def __init__(self, env: dict[str, str], chance: random.Random) -> None:
        self._env = env
        self._chance = chance
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        settings = {
            "env": self._env,
            "batch_size": self._chance.choice([1, 7, 50, 500]),
            "rebuild": self._chance.random() < 0.3,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.projections_process", json.dumps(settings)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def check(self) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            assert self._process.stdout is not None
            raise AssertionError(f"the runner ended ({code}): {self._process.stdout.read()}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)


@pytest.fixture
def eventstoredb(tmp_path: Path) -> Iterator[EventStoreDBProcess]:
    server = EventStoreDBProcess(tmp_path / "events.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def fold(app: Bank) -> list[int]:
    """What the read model must hold: every deposit of the log, in its order."""
    wanted = Deposits.topics
    return [
        app.mapper.to_domain_event(notification).amount  # type: ignore[attr-defined]
        for notification in app.recorder.select_notifications(None, 10**9)
        if notification.topic in wanted
    ]


@pytest.mark.timeout(300 + 8 * KILLS)
def test_killing_runner_redis_and_event_store_at_random(
    eventstoredb: EventStoreDBProcess, redis_server: RedisServer
) -> None:
    print(f"ESNB_FAULTS={KILLS} ESNB_FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    env = {
        "PERSISTENCE_MODULE": "esnb.eventstoredb",
        "EVENTSTOREDB_URI": eventstoredb.uri,
        "REDIS_URL": redis_server.url,
    }
    app = Bank(env=env)
    view = Ledger.construct(Environment(Deposits.name, env))
    writer = Writer(app, pace=0.005)
    # Two of the same projection, by mistake: their batches overlap, their rebuilds, too.
    runners = [RunnerProcess(env, chance), RunnerProcess(env, chance)]
    for runner in runners:
        runner.start()
    most = 0

    def read() -> None:
        """What a reader sees is whole, and never less than before."""
        nonlocal most
        try:
            amounts, count = view.seen()
        except (PersistenceError, RedisError):
            return
        assert len(amounts) == count
        assert len(amounts) >= most
        most = len(amounts)
        threading.Event().wait(0.01)

    try:
        with Background(writer.step), Background(read):
            for _ in range(KILLS):
                writer.wait_for_more(chance.randrange(5, 60))
                for runner in runners:
                    runner.check()
                victim: Any = chance.choice([*runners, redis_server, eventstoredb])
                victim.kill()
                if chance.random() < 0.5:
                    writer.wait_for_more(2)
                victim.start()
        head = persistently(app.recorder.max_notification_id)
        assert isinstance(head, int)
        view.wait("Bank", head, timeout=PATIENCE)
        for runner in runners:
            runner.check()
    finally:
        for runner in runners:
            runner.kill()
    # A rebuild may be under way beside the view: what is read is whole all the same.
    expected = fold(app)
    assert view.seen() == (expected, len(expected))
    assert len(expected) > KILLS


@pytest.mark.timeout(300)
@pytest.mark.parametrize("batch_size", [1, 50])
def test_cutting_every_connection_every_50_ms(
    eventstoredb: EventStoreDBProcess, redis_server: RedisServer, batch_size: int
) -> None:
    straight = {
        "PERSISTENCE_MODULE": "esnb.eventstoredb",
        "EVENTSTOREDB_URI": eventstoredb.uri,
        "REDIS_URL": redis_server.url,
    }
    app = Bank(env=straight)
    with (
        CuttingProxy(("127.0.0.1", eventstoredb.port), 0.05) as events,
        CuttingProxy(redis_server.socket, 0.05) as views,
    ):
        env = {
            **straight,
            "EVENTSTOREDB_URI": f"esdb://127.0.0.1:{events.port}?Tls=false",
            "REDIS_URL": f"redis://127.0.0.1:{views.port}",
        }
        runner = CatchUpRunner(
            Bank,
            Deposits,
            Ledger,
            env,
            batch_size=batch_size,
            backoff=Backoff(shortest=0.01, longest=0.1),
        ).start()
        writer = Writer(app)
        with Background(writer.step):
            writer.wait_for_more(400)
            while events.cuts + views.cuts <= 20:
                writer.wait_for_more(10)
        # Where 50 ms are too short to connect, it would never get to the end.
        events.rest()
        views.rest()
        runner.wait(app.recorder.max_notification_id(), timeout=PATIENCE)
        runner.stop()
    expected = fold(app)
    view = Ledger.construct(Environment(Deposits.name, straight))
    assert view.seen() == (expected, len(expected))
