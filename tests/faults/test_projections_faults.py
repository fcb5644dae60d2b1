"""Kill everything, at random, while events flow: the read model is the fold of all events.

`ESNB_FAULTS=300` kills that many times (15 by default); `ESNB_FAULTS_SEED` repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
from eventsourcing.persistence import PersistenceError
from eventsourcing.utils import Environment
from redis.exceptions import RedisError

from esnb.projections import Backoff, CatchUpRunner
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.projections_process import Ledger
from tests.redis_server import RedisServer
from tests.unit.projections_domain import Account, Bank, Deposits

KILLS = int(os.environ.get("ESNB_FAULTS", "15"))
SEED = int(os.environ.get("ESNB_FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class EventStoreDBProcess:
    """The embedded server in a process of its own, which keeps its port and its events."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def uri(self) -> str:
        return f"esdb://127.0.0.1:{self.port}?Tls=false"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "esnb.embedded"),
                *("--path", str(self._file), "--port", str(self.port)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening "), line
        self.port = int(line.split()[1])

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


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
            self._process.wait(10)


class Background:
    """A loop in a thread, whose failure fails the test."""

    def __init__(self, step: Callable[[], None]) -> None:
        self._step = step
        self._ends = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            while not self._ends.is_set():
                self._step()
        except BaseException as error:  # noqa: BLE001 - raised again where the block ends
            self._error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._ends.set()
        self._thread.join(PATIENCE)
        if self._error is not None:
            raise self._error


class Writer:
    """Records deposits, whatever happens to the server; counts those it knows of."""

    def __init__(self, app: Bank, pace: float = 0.0) -> None:
        self._app = app
        self._pace = pace
        self._number = 0
        self._changed = threading.Condition()

    def step(self) -> None:
        account = Account("Ann")
        account.deposit(self._number)
        # One that fails may be stored all the same: the log will tell.
        with suppress(PersistenceError):
            self._app.save(account)
        with self._changed:
            self._number += 1
            self._changed.notify_all()
            self._changed.wait(self._pace)

    def wait_for_more(self, events: int) -> None:
        with self._changed:
            goal = self._number + events
            assert self._changed.wait_for(lambda: self._number >= goal, PATIENCE)


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


def persistently(action: Callable[[], list[int] | int | None]) -> list[int] | int | None:
    """Its answer, as soon as the stores are back."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return action()
        except (PersistenceError, RedisError):
            if time.monotonic() > deadline:
                raise


@pytest.mark.timeout(120 + 4 * KILLS)
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
                victim = chance.choice([*runners, redis_server, eventstoredb])
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
        head = app.recorder.max_notification_id()
        runner.wait(head, timeout=PATIENCE)
        assert events.cuts + views.cuts > 20
        runner.stop()
    expected = fold(app)
    view = Ledger.construct(Environment(Deposits.name, straight))
    assert view.seen() == (expected, len(expected))
