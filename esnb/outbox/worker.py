"""A worker for a queue: one's own function, run for each job."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Self

import redis
import redis.asyncio
from eventsourcing.persistence import OperationalError, PersistenceError, ProgrammingError

from esnb._uri import masked
from esnb.changes import Changes
from esnb.correlation import Correlated, Correlation
from esnb.outbox.jobs import async_client, bullmq, check_single_server, described_error
from esnb.outbox.route import Route
from esnb.outbox.wake import woken
from esnb.projections import Backoff
from esnb.projections.status import retrying_if_away
from esnb.projections.threads import goes_on
from esnb.redis.connection import check_url, connection

_PATIENCE = 30.0
_RETRY_MS = 1000
"""Milliseconds between two tries to reach Redis; BullMQ's own default is 15,000."""


class Job:
    """The job at hand, as a worker's function sees it."""

    def __init__(self, job: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._job = job
        self._loop = loop
        self.id: str = job.id
        self.name: str = job.name
        """The event's short type."""
        self.data: Any = job.data
        """For jobs of an outbox: id, aggregate_id, version, topic, payload, headers."""
        self.attempt: int = job.attemptsMade + 1
        """Counted from 1."""

    @property
    def payload(self) -> Any:
        """The event's attributes."""
        return self.data["payload"]

    @property
    def headers(self) -> Mapping[str, Any]:
        """`correlation_id`, `causation_id`, `application`; empty for another maker's job."""
        found = self.data.get("headers") if isinstance(self.data, dict) else None
        return found if isinstance(found, dict) else {}

    def progress(self, value: int | float | Mapping[str, Any]) -> None:
        """Reports how far the job has come: a number or an object, for everyone to see.

        For functions that are not async; those await `report()`.
        """
        asyncio.run_coroutine_threadsafe(self.report(value), self._loop).result(_PATIENCE)

    async def report(self, value: int | float | Mapping[str, Any]) -> None:
        """Reports how far the job has come."""
        await self._job.updateProgress(value)

    def __repr__(self) -> str:
        return f"<Job {self.id!r} ({self.name}), attempt {self.attempt}>"


Handler = Callable[[Job], Any]


@dataclass
class _Working:
    """What a worker's thread does. Attributes are read and written within `with changed`."""

    url: str
    queue: str
    handler: Handler
    options: Mapping[str, Any]
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
        except Exception as error:  # noqa: BLE001 - shown by status(), raised by wait() and stop()
            with self.changed:
                if isinstance(error, redis.RedisError | OSError):
                    self.failure = OperationalError(described_error(error, self.url))
                else:
                    self.failure = error
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
        worker = bullmq().Worker(
            self.queue, self._process, {**self.options, "connection": client, "autorun": False}
        )
        worker.on("completed", lambda *_: self._counts("completed"))
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
            await client.ping()
        except redis.RedisError:
            if self._at_hand:
                await asyncio.wait(self._at_hand)
            await worker.close(force=True)
        else:
            await worker.close()

    async def _process(self, job: Any, token: str) -> Any:
        ended = asyncio.get_running_loop().create_future()
        self._at_hand.add(ended)
        try:
            return await self._handled(job)
        finally:
            self._at_hand.discard(ended)
            ended.set_result(None)

    async def _handled(self, job: Any) -> Any:
        own = Job(job, asyncio.get_running_loop())
        with Correlated(_correlation(own)):
            if inspect.iscoroutinefunction(self.handler):
                given = await self.handler(own)
            else:
                given = await asyncio.to_thread(self.handler, own)
        try:
            json.dumps(given, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"the worker's function gave {type(given).__qualname__}, which is no JSON ({error}): "
                "a job's result is read in other languages, too"
            ) from error
        with self.changed:
            self.error = None
        return given

    def _counts(self, what: str) -> None:
        with self.changed:
            setattr(self, what, getattr(self, what) + 1)
            self.changed.notify_all()

    def _has_failed(self, job: Any, error: Any, *_: Any) -> None:
        self._has_error(error)
        self._counts("failed")

    def _has_error(self, error: Any, *_: Any) -> None:
        with self.changed:
            self.error = masked(
                described_error(error, self.url) if isinstance(error, Exception) else str(error)
            )


def _correlation(job: Job) -> Correlation:
    """What the function records belongs to the event's flow, and is caused by the job."""
    correlation_id = job.headers.get("correlation_id")
    return Correlation(str(correlation_id or job.id), job.id)


@dataclass(frozen=True)
class WorkerStatus:
    """How a worker is doing."""

    name: str
    """The queue's."""
    state: str
    """`stopped`, `starting`, `running`, `retrying` (Redis does not answer) or `failed`."""
    completed: int
    failed: int
    """Attempts that failed, since it was started."""
    error: str | None


class Worker:
    """Runs `handler(job)` for each job of a BullMQ queue.

    `stores` are those of `esnb.connect()`, or a Redis URL. The function may be
    async; one that is not runs in a thread. What it returns is the job's result
    (JSON); what it raises fails the attempt, and the job is tried again as often
    as its route's `attempts` and `backoff` say. Events that it records belong to
    the flow of the job's event. `concurrency` jobs are worked on at a time;
    further options are those of BullMQ's Worker (`lockDuration`,
    `stalledInterval`, `maxStalledCount`, `limiter`, …).

    It has a thread and an event loop of its own: started in one cell, stopped
    in another. `stop()` lets the jobs at hand end. A Redis that is away, when
    it starts or later, is asked again until it answers: about once a second,
    or every `runRetryDelay` ms. Needs the extra `[queue]`.
    """

    def __init__(
        self,
        stores: Any,
        queue: str,
        handler: Handler,
        *,
        concurrency: int = 1,
        prefix: str = "bull",
        **options: Any,
    ) -> None:
        bullmq()
        if not callable(handler):
            raise TypeError(f"handler is {handler!r}: give a function of a job")
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency!r}: a worker takes at least one job")
        url = stores if isinstance(stores, str) else _url(stores)
        check_url(url)
        check_single_server(url)
        self.queue = Route(queue).queue
        self._connection = connection(url)
        self._settings = (
            url,
            queue,
            handler,
            {
                "concurrency": concurrency,
                "prefix": prefix,
                "runRetryDelay": _RETRY_MS,
                **options,
            },
        )
        self._lock = threading.RLock()
        self._working: _Working | None = None
        self._thread: threading.Thread | None = None
        if hasattr(stores, "closing"):
            stores.closing(self.stop)

    def start(self) -> Self:
        """Starts working, in a thread of its own; does nothing while it does."""
        with self._lock:
            if not goes_on(self._thread, self._working):
                self._working = _Working(*self._settings)
                weakref.finalize(self, self._working.ask_to_stop)
                self._thread = threading.Thread(
                    target=self._working.run, name=f"esnb-worker-{self.queue}", daemon=True
                )
                self._thread.start()
        return self

    def stop(self, *, timeout: float = _PATIENCE) -> None:
        """Takes no more jobs, and returns when those at hand have ended.

        Raises TimeoutError when they take longer than `timeout` seconds.
        """
        with self._lock:
            working, thread = self._working, self._thread
        if working is None or thread is None:
            return
        working.ask_to_stop()
        if thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive():
                raise TimeoutError(
                    f"a job of {self!r} has not ended within {timeout} s: the worker stops after it"
                )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self._raise_failure()

    def wait(self, jobs: int = 1, *, timeout: float = _PATIENCE) -> None:
        """Blocks until so many jobs have been completed since the start.

        Raises TimeoutError, and what the worker failed with.
        """
        working = self._working
        if working is None:
            raise ProgrammingError(f"{self!r} was not started: call start(), or use it in a with")
        deadline = monotonic() + timeout
        working.changed.wait_for(
            lambda: working.completed >= jobs or working.state in ("failed", "stopped"), timeout
        )
        if working.completed >= jobs:
            return
        self._raise_failure()
        because = f": {working.error}" if working.error else ""
        waited = timeout - max(0.0, deadline - monotonic())
        raise TimeoutError(
            f"{self!r} has completed {working.completed} of {jobs} jobs within {waited:.1f} s"
            f" ({working.failed} attempts failed){because}"
        )

    def run_forever(self, changed: Callable[[WorkerStatus], None] | None = None) -> None:
        """Works until `stop()`, from another thread or a signal's handler.

        Calls `changed` with the status when its state has become another one
        (looked at once a second). Raises what the worker failed with.
        """
        self.start()
        thread = self._thread
        assert thread is not None
        before = None
        while thread.is_alive():
            if changed is not None:
                status = self.status()
                if status.state != before:
                    before = status.state
                    changed(status)
            thread.join(1.0)
        self._raise_failure()

    def ask_to_stop(self) -> None:
        """As `stop()`, but does not wait: for a signal's handler."""
        if self._working is not None:
            self._working.ask_to_stop()

    def status(self) -> WorkerStatus:
        """How it is doing, as plain data. Asks Redis whether it answers."""
        working = self._working
        if working is None:
            return WorkerStatus(self.queue, "stopped", 0, 0, None)
        away: str | None = None
        try:
            self._connection.check()
        except PersistenceError as error:
            away = str(error)
        with working.changed:
            # BullMQ's worker says nothing of it, and goes on when Redis does.
            state, wrong = retrying_if_away(working.state, working.error, away)
            return WorkerStatus(self.queue, state, working.completed, working.failed, wrong)

    def __repr__(self) -> str:
        state = "stopped" if self._working is None else self._working.state
        return f"<Worker of queue {self.queue!r}, {state}>"

    def _raise_failure(self) -> None:
        if self._working is not None and self._working.failure is not None:
            raise self._working.failure


def _url(stores: Any) -> str:
    settings: Mapping[str, str] = getattr(stores, "env", stores)
    return settings["REDIS_URL"]
