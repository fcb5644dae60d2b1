"""Workers whose Redis is away: when they start, while they work, and when they are to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from esnb.outbox import Job, Worker
from esnb.outbox.jobs import async_client, bullmq
from tests import worker_command
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE, until

pytestmark = pytest.mark.extras

SOON = 10.0
"""Seconds: BullMQ's own pause between two tries is 15."""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """One that is not started."""
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def started(server: RedisServer) -> RedisServer:
    server.start()
    return server


class Work:
    """Works on jobs by doing something, and notes which ones."""

    def __init__(self, does: Callable[[Job], Any]) -> None:
        self.ids: list[str] = []
        self._does = does

    def __call__(self, job: Job) -> Any:
        self.ids.append(job.id)
        return self._does(job)

    def field(self, server: RedisServer, name: str) -> Any:
        """What Redis holds of its only job."""
        (job,) = self.ids
        with redis.Redis.from_url(server.url) as client:
            return client.hget(f"bull:q:{job}", name)


def add(url: str, name: str, **options: Any) -> None:
    async def adds() -> None:
        queue = bullmq().Queue("q", {"connection": async_client(url, socket_timeout=DEADLINE)})
        await queue.add(name, {}, options)
        await queue.close()

    asyncio.run(adds())


def test_a_worker_that_starts_before_its_redis_waits_for_it(server: RedisServer) -> None:
    with Worker(server.url, "q", lambda job: job.name) as worker:
        until(lambda: worker.status().state == "retrying")
        error = worker.status().error
        assert error is not None
        assert "cannot be reached" in error
        with pytest.raises(TimeoutError, match="cannot be reached"):
            worker.wait(1, timeout=0.01)
        server.start()
        add(server.url, "first")
        worker.wait(1, timeout=DEADLINE)
        assert worker.status().state == "running"
        assert worker.status().error is None


def test_a_worker_goes_on_soon_after_its_redis_does(started: RedisServer) -> None:
    with Worker(started.url, "q", lambda job: job.name) as worker:
        add(started.url, "first")
        worker.wait(1, timeout=DEADLINE)
        started.kill()
        until(lambda: worker.status().state == "retrying")
        started.start()
        add(started.url, "second")
        worker.wait(2, timeout=SOON)
        assert worker.status().state == "running"


def test_a_worker_that_waits_for_its_redis_can_be_stopped(server: RedisServer) -> None:
    worker = Worker(server.url, "q", lambda job: job.name).start()
    until(lambda: worker.status().state == "retrying")
    worker.stop(timeout=DEADLINE)
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


# --- Redis goes away while a job is worked on -------------------------------------------------

SHORT: dict[str, Any] = {"lockDuration": 2000, "stalledInterval": 500}
"""Milliseconds: BullMQ gives a job to another attempt when nobody has renewed its lock so long."""


def test_a_job_that_ends_while_redis_is_away_is_worked_on_once(started: RedisServer) -> None:
    works = Work(lambda job: started.kill() or 7)
    with Worker(started.url, "q", works) as worker:
        add(started.url, "first")
        until(lambda: worker.status().state == "retrying")
        started.start()
        worker.wait(1, timeout=DEADLINE)
        assert worker.status().error is None
        assert (worker.status().completed, worker.status().failed) == (1, 0)
    assert works.field(started, "returnvalue") == b"7"


def test_also_when_its_lock_has_run_out_meanwhile(started: RedisServer) -> None:
    def runs_out_of_time(job: Job) -> None:
        with redis.Redis.from_url(started.url) as client:
            client.delete(f"bull:q:{job.id}:lock")  # as when it has run out
        started.kill()

    works = Work(runs_out_of_time)
    with Worker(started.url, "q", works, **SHORT) as worker:
        add(started.url, "first")
        until(lambda: worker.status().state == "retrying")
        started.start()
        worker.wait(1, timeout=DEADLINE)
    assert len(works.ids) == 1


def test_one_that_a_stopped_worker_had_is_not_worked_on_by_the_next_one(
    started: RedisServer,
) -> None:
    works = Work(lambda job: started.kill() or 7)
    worker = Worker(started.url, "q", works, **SHORT).start()
    add(started.url, "first")
    until(lambda: worker.status().state == "retrying")
    worker.stop(timeout=DEADLINE)
    started.start()
    with Worker(started.url, "q", works, **SHORT) as again:
        again.wait(1, timeout=DEADLINE)
    assert len(works.ids) == 1


def test_one_that_fails_while_redis_is_away_has_failed_once(started: RedisServer) -> None:
    def is_cut_off(job: Job) -> None:
        started.kill()
        raise ValueError("no such customer")

    fails = Work(is_cut_off)
    with Worker(started.url, "q", fails) as worker:
        add(started.url, "first")
        until(lambda: worker.status().state == "retrying")
        started.start()
        until(lambda: worker.status().failed == 1)
    assert fails.field(started, "failedReason") == b"no such customer"


def test_an_error_that_no_store_can_write_fails_its_job(started: RedisServer) -> None:
    def says_half(job: Job) -> None:
        raise ValueError("half of a pair: \ud800")

    fails = Work(says_half)
    with Worker(started.url, "q", fails, **SHORT) as worker:
        add(started.url, "first")
        until(lambda: worker.status().failed == 1)
    assert fails.field(started, "failedReason") == b"ValueError: half of a pair: \\ud800"


def test_a_job_of_the_same_id_that_is_added_again_is_worked_on_again(started: RedisServer) -> None:
    works = Work(lambda job: None)
    with Worker(started.url, "q", works) as worker:
        for number in range(1, 4):
            add(started.url, "again", jobId="report", removeOnComplete=True)
            worker.wait(number, timeout=DEADLINE)
    assert works.ids == ["report"] * 3


def test_a_worker_whose_redis_is_silent_stops(started: RedisServer) -> None:
    worker = Worker(started.url, "q", lambda job: None).start()
    until(lambda: worker.status().state == "running")
    with started.silent():
        worker.stop(timeout=DEADLINE)
    assert worker.status().state == "stopped"


# --- what wait() says --------------------------------------------------------------------------


def test_a_wait_for_jobs_that_do_not_come_says_that_there_are_none(started: RedisServer) -> None:
    worker = Worker(started.url, "q", lambda job: None)
    with worker, pytest.raises(TimeoutError) as caught:
        worker.wait(2, timeout=0.1)
    text = str(caught.value)
    assert "has completed 0 of 2 jobs within 0.1 s (0 attempts failed)" in text
    assert "Queue 'q' is empty: add jobs to it, or publish records to it" in text


def test_a_wait_counts_what_is_left(started: RedisServer) -> None:
    with redis.Redis.from_url(started.url) as client:
        client.hset("bull:q:meta", "paused", 1)
        client.lpush("bull:q:paused", "a", "b")
        client.zadd("bull:q:failed", {"c": 1})
    worker = Worker(started.url, "q", lambda job: None)
    said = "Queue 'q' has these jobs: 2 paused, 1 failed"
    with worker, pytest.raises(TimeoutError, match=said):
        worker.wait(timeout=0.1)
