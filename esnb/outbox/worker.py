"""A worker for a queue: the user's own function, run for each job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import PersistenceError

from esnb.activity.sign import sign_of_life
from esnb.clients.bullmq import job_counts
from esnb.clients.uri import guarded
from esnb.outbox.feeding import more_jobs_may_come
from esnb.outbox.job import Job, JobHandler
from esnb.outbox.job_wait import JobWait
from esnb.outbox.jobs import bullmq, check_single_server
from esnb.outbox.results import results_of
from esnb.outbox.route import Route
from esnb.outbox.working import Working
from esnb.redis.connection import check_url, connection
from esnb.redis.errors import translated
from esnb.running.actions import Action
from esnb.running.progress import Progress
from esnb.running.runner import Runner, has_ended
from esnb.running.status import CommonStatus, absence, answer_or_error, retrying_if_away
from esnb.running.task import PATIENCE, Task
from esnb.threads import question
from esnb.threads.question import Question, within

__all__ = ["Job", "JobHandler", "Worker", "WorkerStatus"]

_LOOK = 1.0
"""Seconds between two looks of `run_forever()` at the status."""
_RETRY_MS = 1000
"""Milliseconds between two tries to reach Redis; BullMQ's own default is 15,000."""


@dataclass(frozen=True)
class WorkerStatus(CommonStatus):
    """How a worker is doing."""

    _counted = ("completed", "failed", "restarts")

    name: str
    """The queue's."""
    state: str
    """`stopped`, `starting`, `running`, `retrying` (Redis does not answer) or `failed`."""
    completed: int
    failed: int
    """Attempts that failed, since it was started."""
    error: str | None
    restarts: int = 0
    """How often it has started again after an error, since `start()`."""
    traceback: str | None = None
    kind: str = "worker"
    all_actions: tuple[Action, ...] = ("resume",)


class Worker(Runner[Working]):
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
        handler: JobHandler,
        *,
        concurrency: int = 1,
        prefix: str = "bull",
        **options: Any,
    ) -> None:
        bullmq()
        if not callable(handler):
            raise TypeError(f"handler is {handler!r}: pass a function of a job")
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
        self._progress = Progress()
        super().__init__([Task(f"esnb-worker-{self.queue}", self._progress)])
        if hasattr(stores, "closing"):
            stores.closing(self.stop)

    def _work(self, task: Task[Working]) -> Working:
        return Working(task.progress, *self._settings)

    def stop(self, *, timeout: float = PATIENCE) -> None:
        """Takes no more jobs, and returns when those at hand have ended.

        Raises TimeoutError when they take longer than `timeout` seconds.
        """
        if not self._end(timeout):
            raise TimeoutError(
                f"a job of {self!r} has not ended within {timeout} s: the worker stops after it"
            )

    def wait(self, jobs: int | None = None, *, timeout: float | None = None) -> None:
        """Blocks until the queue is empty, or until so many jobs were completed since the start.

        The queue is empty when nothing in it is left to do, and the publishers of
        this process have nothing to add: jobs that are completed or have failed for
        good stay, to be looked at. `timeout` is in seconds; 30 by default, but no more
        than 3 while the queue is empty in this way and jobs are waited for, which
        then raises EmptyQueueError. Raises TimeoutError, which counts what the queue
        has, and what the worker failed with.
        """
        self._check_started()
        url = self._connection.url
        wait = JobWait(
            self.queue,
            self._progress,
            self._left,
            lambda: more_jobs_may_come(url),
            jobs,
            PATIENCE if timeout is None else timeout,
        )
        with sign_of_life(wait.text):
            if wait.succeeds(gives_up=timeout is None):
                return
        self._raise_failure()
        raise wait.error(repr(self))

    def _left(self) -> dict[str, int] | None:
        """Jobs that its queue has, by state, but for the completed; None where Redis cannot tell."""
        options = self._settings[3]

        def count() -> Mapping[str, int]:
            with translated(self._connection.url):
                return job_counts(self._connection.binary, f"{options['prefix']}:{self.queue}")

        try:
            counts = dict(within(question.PATIENCE, self._asked.what, count))
        except PersistenceError:
            return None
        del counts["completed"]
        return {state: number for state, number in counts.items() if number}

    def run_forever(self, changed: Callable[[WorkerStatus], None] | None = None) -> None:
        """Works until `stop()`, from another thread or a signal's handler.

        Calls `changed` with the status when its state has become another one
        (looked at once a second). Raises what the worker failed with.
        """
        self.start()
        before = None
        while not has_ended(self._progress):
            if changed is not None:
                status = self.status()
                if status.state != before:
                    before = status.state
                    changed(status)
            self._wait_for(has_ended, _LOOK)
        self._raise_failure()

    def status(self) -> WorkerStatus:
        """How it is doing, as plain data. Asks Redis whether it answers."""
        progress = self._progress
        away = (
            answer_or_error(self._asked.put(self._connection.check))[1] if self.is_started else None
        )
        with progress.changed:
            # BullMQ's worker says nothing of it, and goes on when Redis does.
            state, wrong = retrying_if_away(
                progress.state, progress.error, absence(away, self._asked.since, str)
            )
            return WorkerStatus(
                name=self.queue,
                state=state,
                completed=progress.counts["completed"],
                failed=progress.counts["failed"],
                error=wrong,
                restarts=progress.restarts,
                traceback=progress.traceback,
            )

    def __repr__(self) -> str:
        return f"<Worker of queue {self.queue!r}, {self._progress.state}>"


def _url(stores: Any) -> str:
    settings: Mapping[str, str] = getattr(stores, "env", stores)
    return guarded(settings["REDIS_URL"])
