"""Kill consumers, Redis and the event store at random: no event is lost, and none handled anew.

`ESNB_FAULTS=300` kills that many times (15 by default); `ESNB_FAULTS_SEED` repeats a run.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from esnb.redis.connection import connection
from tests.domain.bank import Bank
from tests.faults.consumers_process import HANDLED
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
from tests.redis_server import RedisServer
from tests.waiting import until

PROCESSES, WORKERS = 2, 2
MESSAGE_TIMEOUT = 3.0


class ConsumersProcess:
    """Some consumers in a process of their own."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        settings = {"env": self._env, "workers": WORKERS, "message_timeout": MESSAGE_TIMEOUT}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.consumers_process", json.dumps(settings)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def check(self) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            assert self._process.stdout is not None
            raise AssertionError(f"the consumers ended ({code}): {self._process.stdout.read()}")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(60)


def recorded_ids(app: Bank) -> set[UUID]:
    return {
        notification.event_id  # type: ignore[attr-defined]
        for notification in app.recorder.select_notifications(None, 10**9)
    }


@pytest.mark.timeout(300 + 16 * KILLS)
def test_killing_consumers_redis_and_event_store_at_random(tmp_path: Path) -> None:
    print(f"ESNB_FAULTS={KILLS} ESNB_FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    events = EventStoreDBProcess(tmp_path / "events.db")
    events.start()
    with RedisServer() as redis_server:
        env = {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": events.uri,
            "REDIS_URL": redis_server.url,
        }
        app = Bank(env=env)
        redis = connection(redis_server.url)
        consumers = [ConsumersProcess(env) for _ in range(PROCESSES)]
        for each in consumers:
            each.start()

        def handled() -> dict[UUID, int]:
            found = persistently(lambda: redis.call("HGETALL", HANDLED))
            pairs = (
                found.items() if isinstance(found, dict) else zip(*[iter(found)] * 2, strict=True)
            )
            return {UUID(key.decode()): int(value) for key, value in pairs}

        writer = Writer(app, pace=0.005)
        try:
            with Background(writer.step):
                for _ in range(KILLS):
                    writer.wait_for_more(chance.randrange(5, 60))
                    for each in consumers:
                        each.check()
                    victim: Any = chance.choice([*consumers, redis_server, events])
                    victim.kill()
                    if chance.random() < 0.5:
                        writer.wait_for_more(2)
                    victim.start()
            expected = persistently(lambda: recorded_ids(app))

            def all_are_handled() -> bool:
                for each in consumers:
                    each.check()
                return expected <= handled().keys()

            until(all_are_handled, timeout=PATIENCE)
        finally:
            for each in consumers:
                each.kill()
            events.kill()
        found = handled()
    assert found.keys() == expected
    assert len(expected) > KILLS
    # What a consumer had in hand when it, or Redis, was killed is handled again, and no more.
    again = sum(times - 1 for times in found.values())
    print(f"{len(expected)} events, {again} handled again by {KILLS} kills")
    assert again <= KILLS * PROCESSES * WORKERS
