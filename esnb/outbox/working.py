"""A worker's own loop: BullMQ's worker, begun again when Redis was away."""

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

from esnb.clients.uri import masked, said
from esnb.correlation import Correlated, Correlation
from esnb.outbox.job import Handler, Job
from esnb.outbox.jobs import async_client, bullmq, described_error
from esnb.outbox.results import Results, key_of
from esnb.outbox.wake import woken
from esnb.projections import Backoff
from esnb.running.exits import as_error, awaited, contained
from esnb.threads.changes import Changes

_ANSWER_SECONDS = 5.0


@dataclass
class Working:
    """What a worker's thread does. Attributes are read and written within `with changed`."""

    url: str
    queue: str
    handler: Handler
    options: Mapping[str, Any]
    results: Results
    changed: Changes = field(default_factory=Changes)
    state: str = "starting"
    error: str | None = None
    failure: Exception | None = None
    completed: int = 0
    failed: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _ending: asyncio.Event | None = None
    _stop: bool = False
    _at_hand: set[asyncio.Future[None]] = field(default_factory=set)

    def run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - shown by status(), raised by wait() and stop()
            with self.changed:
                if isinstance(error, redis.RedisError | OSError):
                    self.failure = OperationalError(described_error(error, self.url))
                else:
                    self.failure = as_error(error)
                self.state, self.error = "failed", masked(str(self.failure))
                self.changed.notify_all()
        else:
            with self.changed:
                self.state = "stopped"
                self.changed.notify_all()

    @property
    def is_ending(self) -> bool:
        """Whether it was asked to stop, or has failed."""
        with self.changed:
            return self._stop or self.failure is not None

    def ask_to_stop(self) -> None:
        with self.changed:
            self._stop = True
            loop, ending = self._loop, self._ending
        if loop is not None and ending is not None:
            try:
                loop.call_soon_threadsafe(ending.set)
            except RuntimeError:
                return  # the loop has ended

    async def _main(self) -> None:
        ending = asyncio.Event()
        with self.changed:
            self._loop, self._ending = asyncio.get_running_loop(), ending
            if self._stop:
                ending.set()
        backoff = Backoff()
        while True:
            try:
                await self._work(ending)
                return
            except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
                # BullMQ's worker begins with a Redis that answers, and waits for it only then.
                self._says("retrying", described_error(error, self.url))
            if await woken(ending, backoff.next()):
                return

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
            self._says("running")
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

    def _says(self, state: str, error: str | None = None) -> None:
        with self.changed:
            self.state, self.error = state, error
            self.changed.notify_all()

    async def _close(self, worker: Any, client: redis.asyncio.Redis) -> None:
        """Lets the jobs at hand end. BullMQ would ask a Redis that is away for ever: not that one."""
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
                raise RuntimeError(said(error)) from None
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
        ending = self._ending
        assert ending is not None
        while not ending.is_set():
            try:
                await ping(client)
            except (redis.RedisError, OSError) as error:
                self._says("retrying", described_error(error, self.url))
                await woken(ending, backoff.next())
            else:
                if self.state == "retrying":
                    self._says("running")
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
                f"the worker's function gave {type(given).__qualname__}, which is no JSON ({error}): "
                "a job's result is read in other languages, too"
            ) from error
        return given

    def _counts(self, what: str) -> None:
        with self.changed:
            setattr(self, what, getattr(self, what) + 1)
            self.changed.notify_all()

    def _has_completed(self, job: Any, *_: Any) -> None:
        self.results.remove((str(job.id), int(job.timestamp), job.attemptsMade - 1))
        with self.changed:
            self.error = None
        self._counts("completed")

    def _has_failed(self, job: Any, error: Any, *_: Any) -> None:
        self._has_error(error)
        self._counts("failed")

    def _has_error(self, error: Any, *_: Any) -> None:
        with self.changed:
            self.error = masked(
                described_error(error, self.url) if isinstance(error, Exception) else str(error)
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
