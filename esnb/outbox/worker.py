"""A worker for a queue: one's own function, run for each job."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self

from eventsourcing.persistence import PersistenceError, ProgrammingError

from esnb.clients.bullmq import job_counts
from esnb.clients.uri import guarded
from esnb.outbox.job import Handler, Job
from esnb.outbox.jobs import bullmq, check_single_server
from esnb.outbox.results import results_of
from esnb.outbox.route import Route
from esnb.outbox.working import Working
from esnb.redis.connection import check_url, connection
from esnb.redis.errors import translated
from esnb.running.status import absence, retrying_if_away, told
from esnb.running.threads import goes_on
from esnb.threads import question
from esnb.threads.question import Question, within

__all__ = ["Handler", "Job", "Worker", "WorkerStatus"]

_PATIENCE = 30.0
_RETRY_MS = 1000
"""Milliseconds between two tries to reach Redis; BullMQ's own default is 15,000."""


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
    or every `runRetryDelay` ms. A job that ends meanwhile is not run again in
    this process: its result is kept until the queue has it. Needs the extra
    `[queue]`.
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
        stores = guarded(stores) if isinstance(stores, str) else stores
        url = stores if isinstance(stores, str) else _url(stores)
        check_url(url)
        check_single_server(url)
        self.queue = Route(queue).queue
        self._connection = connection(url)
        self._asked = Question[None](f"Redis, of queue {queue!r}")
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
            results_of(url, f"{prefix}:{queue}"),
        )
        self._lock = threading.RLock()
        self._working: Working | None = None
        self._thread: threading.Thread | None = None
        if hasattr(stores, "closing"):
            stores.closing(self.stop)

    def start(self) -> Self:
        """Starts working, in a thread of its own; does nothing while it does.

        Also after `stop()` and after a failure.
        """
        with self._lock:
            if not goes_on(self._thread, self._working):
                self._working = Working(*self._settings)
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

        Raises TimeoutError, which counts what the queue has, and what the
        worker failed with.
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
            f" ({working.failed} attempts failed){because}{self._backlog()}"
        )

    def _backlog(self) -> str:
        """What its queue has, for an error; nothing when Redis cannot tell."""
        options = self._settings[3]

        def count() -> Mapping[str, int]:
            with translated(self._connection.url):
                return job_counts(self._connection.binary, f"{options['prefix']}:{self.queue}")

        try:
            counts = dict(within(question.PATIENCE, self._asked.what, count))
        except PersistenceError:
            return ""
        del counts["completed"]
        found = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
        if not found:
            return f". Queue {self.queue!r} is empty: add jobs to it, or publish records to it"
        return f". Queue {self.queue!r} has these jobs: {found}"

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
        _, away = told(self._asked.put(self._connection.check))
        with working.changed:
            # BullMQ's worker says nothing of it, and goes on when Redis does.
            state, wrong = retrying_if_away(
                working.state, working.error, absence(away, self._asked.since, str)
            )
            return WorkerStatus(self.queue, state, working.completed, working.failed, wrong)

    def __repr__(self) -> str:
        state = "stopped" if self._working is None else self._working.state
        return f"<Worker of queue {self.queue!r}, {state}>"

    def _raise_failure(self) -> None:
        if self._working is not None and self._working.failure is not None:
            raise self._working.failure


def _url(stores: Any) -> str:
    settings: Mapping[str, str] = getattr(stores, "env", stores)
    return guarded(settings["REDIS_URL"])
