"""Workers whose Redis is away: when they start, while they work, and when they are to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from esnb.outbox import Worker
from esnb.outbox.jobs import async_client, bullmq
from tests import worker_command
from tests.redis_server import RedisServer

pytestmark = pytest.mark.extras

NOW = 60.0
SOON = 10.0
"""Seconds: BullMQ's own pause between two tries is 15."""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """One that is not started."""
    server = RedisServer()
    yield server
    server.remove()


def add(url: str, name: str) -> None:
    async def adds() -> None:
        queue = bullmq().Queue("q", {"connection": async_client(url, socket_timeout=NOW)})
        await queue.add(name, {})
        await queue.close()

    asyncio.run(adds())


def test_a_worker_that_starts_before_its_redis_waits_for_it(
    server: RedisServer, eventually: Callable[..., None]
) -> None:
    with Worker(server.url, "q", lambda job: job.name) as worker:
        eventually(lambda: worker.status().state == "retrying")
        error = worker.status().error
        assert error is not None
        assert "cannot be reached" in error
        with pytest.raises(TimeoutError, match="cannot be reached"):
            worker.wait(1, timeout=0.01)
        server.start()
        add(server.url, "first")
        worker.wait(1, timeout=NOW)
        assert worker.status().state == "running"
        assert worker.status().error is None


def test_a_worker_goes_on_soon_after_its_redis_does(
    server: RedisServer, eventually: Callable[..., None]
) -> None:
    server.start()
    with Worker(server.url, "q", lambda job: job.name) as worker:
        add(server.url, "first")
        worker.wait(1, timeout=NOW)
        server.kill()
        eventually(lambda: worker.status().state == "retrying")
        server.start()
        add(server.url, "second")
        worker.wait(2, timeout=SOON)
        assert worker.status().state == "running"


def test_a_worker_that_waits_for_its_redis_can_be_stopped(
    server: RedisServer, eventually: Callable[..., None]
) -> None:
    worker = Worker(server.url, "q", lambda job: job.name).start()
    eventually(lambda: worker.status().state == "retrying")
    worker.stop(timeout=NOW)
    assert worker.status().state == "stopped"


def test_the_command_says_that_redis_is_away_and_that_it_goes_on(
    server: RedisServer, tmp_path: Path
) -> None:
    (tmp_path / "naming.py").write_text("def name(job):\n    return job.name\n")
    with worker_command.working(tmp_path, "q", "naming:name", "--redis", server.url) as process:
        assert process.stderr is not None
        away = process.stderr.readline()
        assert away.startswith(f"esnb worker: Redis at {server.url} cannot be reached: ")
        assert away.endswith(": trying again\n")
        server.start()
        assert process.stderr.readline() == "esnb worker: goes on\n"
        out, err = worker_command.ended(process)
    assert process.returncode == 0, err
    assert out.endswith("0 jobs completed, 0 attempts failed\n")
