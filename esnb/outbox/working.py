"""A worker's own loop: BullMQ's worker, started again when Redis was away."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import punctuation
from typing import Any
from urllib.parse import quote

import redis
import redis.asyncio
from eventsourcing.persistence import OperationalError

from esnb.clients.uri import masked, masked_error
from esnb.correlation import Correlated, Correlation
from esnb.outbox.job import Job, JobHandler
from esnb.outbox.jobs import async_client, bullmq, error_text
from esnb.outbox.results import Results, key_of
from esnb.running.backoff import Backoff
from esnb.running.exits import awaited, contained
from esnb.running.recovery import Recovery
from esnb.running.work import LoopWork, woken

_ANSWER_SECONDS = 5.0


@dataclass
class Working(LoopWork):
    """What a worker's thread does."""

    url: str
    queue: str
    handler: JobHandler
    options: Mapping[str, Any]
    results: Results
    _at_hand: set[asyncio.Future[None]] = field(default_factory=set)

    async def _main(self, wake: asyncio.Event) -> None:
        recovery = Recovery(
            f"a worker of queue {self.queue!r}", self.progress, Backoff(), self._say
        )
        while True:
            try:
                await self._work(wake)
                return
            except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
                # BullMQ's worker begins with a Redis that answers, and waits for it only then.
                pause = recovery.pause_after(error, passes=True)
            except redis.RedisError as error:
                raise OperationalError(self._say(error)) from None
            assert pause is not None  # it passes
            if await woken(wake, pause):
                return

    def _say(self, error: Exception) -> str:
        return error_text(error, self.url)

    async def _work(self, ending: asyncio.Event) -> None:
        """Works until it is asked to end; raises redis-py's errors when it could not begin."""
        client = async_client(self.url, socket_timeout=None)

        async def process(job: Any, token: str) -> Any:
            return await self._process(client, job)

        worker = bullmq().Worker(
            self.queue, process, {**self.options, "connection": client, "autorun": False}
        )
        # By which Redis lists it: BullMQ takes the queue's name, Redis no more than ASCII.
        worker.clientName = quote(worker.clientName, safe=punctuation)
        worker.on("completed", self._has_completed)
        worker.on("failed", self._has_failed)
        worker.on("error", self._has_error)
        try:
            # It waits in whole seconds unless it knows the server's version beforehand.
            await worker.blockingRedisConnection.getRedisVersion()
            running = asyncio.ensure_future(worker.run())
            self.progress.recover("running")
            await asyncio.wait(
                {running, asyncio.ensure_future(ending.wait())},
                return_when=asyncio.FIRST_COMPLETED,
            )
            if running.done():
                await running  # it never ends by itself but by an error
            elif not worker.running:
                running.cancel()  # asked to stop before it has begun
            await self._close(worker, client)
            await asyncio.gather(running, return_exceptions=True)
        finally:
            await worker.blockingRedisConnection.close()
            await client.aclose()

    async def _close(self, worker: Any, client: redis.asyncio.Redis) -> None:
        """Lets the jobs at hand end. Not one whose Redis is away: BullMQ would ask it forever."""
        try:
            await ping(client)
        except (redis.RedisError, OSError):
            if self._at_hand:
                await asyncio.wait(self._at_hand)
            await worker.close(force=True)
        else:
            await worker.close()

    async def _process(self, client: redis.asyncio.Redis, job: Any) -> Any:
        ended = asyncio.get_running_loop().create_future()
        self._at_hand.add(ended)
        key = key_of(job)
        try:
            if key not in self.results:
                self.results.add(key, await self._handled(job))
            return self.results[key]
        except Exception as error:
            if not _is_writable(str(error)):  # BullMQ could not tell Redis of it
                raise RuntimeError(masked_error(error)) from None
            raise
        finally:
            await self._answers(client)
            self._at_hand.discard(ended)
            ended.set_result(None)

    async def _answers(self, client: redis.asyncio.Redis) -> None:
        """Returns when Redis answers, so that it can be told, or when the worker is to stop.

        BullMQ itself would call a job failed that it cannot tell to have succeeded.
        """
        backoff = Backoff()
        ending = self._wake
        assert ending is not None
        while not ending.is_set():
            try:
                await ping(client)
            except (redis.RedisError, OSError) as error:
                self.progress.set_state("retrying", self._say(error))
                await woken(ending, backoff.next())
            else:
                if self.progress.state == "retrying":
                    self.progress.recover("running")
                return

    async def _handled(self, job: Any) -> Any:
        own = Job(job, asyncio.get_running_loop())
        with Correlated(correlation_of(own)):
            if inspect.iscoroutinefunction(self.handler):
                given = await awaited(self.handler(own))
            else:
                given = await asyncio.to_thread(contained, self.handler, own)
        try:
            json.dumps(given, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"the worker's function returned {type(given).__qualname__}, which is not JSON ({error}): "
                "a job's result is also read in other languages"
            ) from error
        return given

    def _has_completed(self, job: Any, *_: Any) -> None:
        self.results.remove((str(job.id), int(job.timestamp), job.attemptsMade - 1))
        with self.progress.changed:
            self.progress.forget_error()
            self.progress.count("completed")

    def _has_failed(self, job: Any, error: Any, *_: Any) -> None:
        with self.progress.changed:
            self._has_error(error)
            self.progress.count("failed")

    def _has_error(self, error: Any, *_: Any) -> None:
        with self.progress.changed:
            self.progress.error = masked(
                self._say(error) if isinstance(error, Exception) else str(error)
            )


def _is_writable(text: str) -> bool:
    """Whether it can be written in UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


async def ping(client: redis.asyncio.Redis) -> None:
    """Raises redis-py's errors, and TimeoutError, unless Redis answers soon."""
    async with asyncio.timeout(_ANSWER_SECONDS):
        await client.ping()


def correlation_of(job: Job) -> Correlation:
    """What the function records belongs to the event's flow, and is caused by the job."""
    correlation_id = job.headers.get("correlation_id")
    return Correlation(str(correlation_id or job.id), job.id)
