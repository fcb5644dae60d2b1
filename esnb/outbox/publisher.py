"""Records become jobs of BullMQ queues."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar

from eventsourcing.persistence import WaitInterruptedError
from eventsourcing.utils import Environment

from esnb.activity.sign import shown_while_waiting
from esnb.outbox import feeding
from esnb.outbox.errors import StuckError
from esnb.outbox.jobs import bullmq, check_single_server
from esnb.outbox.outbox import Outbox
from esnb.outbox.plan import Planner
from esnb.outbox.publishing import Publishing
from esnb.outbox.record import OutboxRecord
from esnb.outbox.route import RouteFunction, check_options
from esnb.redis.connection import redis_url
from esnb.redis.waiting import wait_until
from esnb.running.actions import Action
from esnb.running.closing import close_with_stores
from esnb.running.progress import Progress
from esnb.running.runner import Runner, has_ended
from esnb.running.status import CommonStatus, absence, answer_or_error, retrying_if_away
from esnb.running.task import PATIENCE, Task
from esnb.threads import question
from esnb.threads.question import Question, UnansweredError, within

_SHOWN = 5
DAY = 86_400.0

KEPT_JOBS: Mapping[str, Any] = {
    "removeOnComplete": {"age": int(7 * DAY), "count": 10_000},
    "removeOnFail": {"age": int(30 * DAY)},
}
"""What a route that says nothing keeps of finished jobs: for people to look at."""


@dataclass(frozen=True)
class PublisherStatus(CommonStatus):
    """How a publisher is doing."""

    _counted = ("published", "restarts")
    _troubling: ClassVar[Mapping[str, str]] = {"dead": "dead"}

    name: str
    application: str
    state: str
    """`stopped`, `starting`, `running`, `retrying` (Redis is away or full) or `failed`."""
    published: int
    """Records that it has settled since it was started, skipped ones included."""
    lag: int | None
    """Records of the outbox that are neither published nor skipped."""
    error: str | None
    position: int | None = None
    head: int | None = None
    lag_seconds: float | None = None
    rate_per_s: float | None = None
    restarts: int = 0
    """How often it has started again after an error, since `start()`."""
    traceback: str | None = None
    dead: int | None = None
    """Records that failed for good, until `retry_dead()`; None while Redis is away."""
    kind: str = "publisher"
    all_actions: tuple[Action, ...] = ("resume", "retry dead")


class BullMQPublisher(Runner[Publishing]):
    """Adds a job for each record of an outbox, once, in the order of its aggregate.

    `route(record)` returns the queue's name, a `Route` with options, a list of
    them, or None for a record that is deliberately not sent. What it raises
    is a failure: the record is tried again after `shortest` seconds, then twice
    as long up to `longest`, with jitter, and is dead after `attempts`; records
    of its aggregate wait behind it, others do not. `options` are BullMQ's job
    options of every route. A job has the id `ev-` + event id and the event's
    short type as name; its data are id, aggregate_id, version, topic, payload
    and headers.

    The job is added and the record marked in one step of Redis, so that no
    crash comes between; and whoever adds it again (after Redis itself went
    back in time) meets the same job id. With `appendfsync always` a job is
    added once while Redis keeps its record. With `everysec` a crash of Redis'
    machine may take the last second away, of records, jobs and checkpoint
    alike: they come again, and a worker may see a job twice; none is lost.
    Without an append-only file both hold from the last snapshot on.

    Several publishers share an outbox: each leases aggregates for `lease`
    seconds, and what a dead one had leased returns. A record that a publisher
    was lost with is then claimed alone, and each publisher that is lost with it
    alone counts as an attempt: a route that ends its process ends in a dead
    record, too. Settled records are kept for `keep_age` seconds, at most
    `keep_count` of them.

    Raises NotSupportedError for a Redis Cluster: one step does not cross its slots.

    It has a thread and an event loop of its own, so it is started in one cell
    and stopped in another. Needs the extra `[queue]`.
    """

    def __init__(
        self,
        outbox: Outbox[Any],
        route: RouteFunction,
        *,
        options: Mapping[str, Any] | None = None,
        attempts: int = 10,
        shortest: float = 1.0,
        longest: float = 300.0,
        lease: float = 30.0,
        batch_size: int = 500,
        keep_age: float = 7 * DAY,
        keep_count: int = 10_000,
        prefix: str = "bull",
        chance: Callable[[], float] = random.random,
    ) -> None:
        bullmq()
        if not isinstance(outbox, Outbox):
            raise TypeError(
                f"not an outbox: {type(outbox).__qualname__}; pass an esnb.outbox.Outbox"
            )
        if not callable(route):
            raise TypeError(f"route is {route!r}: pass a function of a record that names a queue")
        check_options(options or {})
        if batch_size < 1 or attempts < 1 or lease <= 0 or keep_age < 0 or keep_count < 0:
            raise ValueError(
                f"batch_size={batch_size!r}, attempts={attempts!r}, lease={lease!r}, "
                f"keep_age={keep_age!r}, keep_count={keep_count!r}: a batch has at least one record, "
                "a record one attempt; a lease lasts, and nothing is kept for less than no time"
            )
        url = redis_url(Environment(outbox.name, dict(outbox.env)))
        check_single_server(url)
        self.outbox = outbox
        self._planner = Planner(
            route, {**KEPT_JOBS, **(options or {})}, attempts, shortest, longest, chance
        )
        self._settings: dict[str, Any] = {
            "url": url,
            "prefix": prefix,
            "batch_size": batch_size,
            "lease": lease,
            "keep_age": keep_age,
            "keep_count": keep_count,
        }
        self._open = Question[tuple[int, int]](f"Redis, of outbox {outbox.name!r}")
        self._progress = Progress()
        super().__init__([Task(f"esnb-{outbox.name}-bullmq", self._progress)])
        close_with_stores(outbox.env, self.stop)
        feeding.register(self)

    def _work(self, task: Task[Publishing]) -> Publishing:
        return Publishing(
            task.progress,
            view=self.outbox.view,
            planner=self._planner,
            application_name=self.outbox.app_name,
            held=None if task.work is None else task.work.held,
            **self._settings,
        )

    def retry_dead(self) -> int:
        """Retries all records that failed for good; returns how many."""
        return self.outbox.retry_dead()

    # --- what it has done -------------------------------------------------------------

    @shown_while_waiting
    def wait(self, *, timeout: float = PATIENCE) -> None:
        """Blocks until all that was recorded before the call is published or skipped.

        `timeout` is in seconds. Raises TimeoutError, which names what is stuck
        (a StuckError as soon as all the rest waits for dead records); what the
        publisher or its outbox failed with; WaitInterruptedError when it is
        stopped meanwhile; and ProgrammingError when it was not started.
        """
        deadline = monotonic() + timeout
        self._check_started()
        view = self.outbox.view
        try:
            target = within(
                timeout,
                f"the event store of application {self.outbox.app_name!r}",
                self.outbox.app.recorder.max_notification_id,
            )
            if target is None:
                return
            left = max(0.0, deadline - monotonic())
            if self.outbox.is_started:
                self.outbox.wait(target, timeout=left)
            else:
                view.wait(self.outbox.app_name, target, left)
        except UnansweredError as error:
            raise TimeoutError(f"{self!r} has waited for {timeout} s: {error}") from error

        def is_reached() -> bool:
            if view.count_open(target) == 0:
                return True
            self._raise_failure()
            if view.is_stuck():
                raise StuckError(f"{self!r} cannot go on: {self._left()}")
            return False

        try:
            wait_until(
                is_reached,
                view._connection,
                view.settled_channel,
                max(0.0, deadline - monotonic()),
                self._tasks[0].ended,
                "the outbox",
            )
        except StuckError:
            raise
        except (WaitInterruptedError, TimeoutError, UnansweredError) as error:
            try:
                reached, said_left = within(
                    question.PATIENCE, self._open.what, lambda: (is_reached(), self._left())
                )
            except UnansweredError as silence:
                raise TimeoutError(f"{self!r} has waited for {timeout} s: {silence}") from error
            if reached:
                return  # in the last moment
            if not isinstance(error, WaitInterruptedError):
                raise TimeoutError(
                    f"{self!r} has not published everything within {timeout} s: {said_left}"
                ) from None
            raise WaitInterruptedError(f"{self!r} was stopped: {said_left}") from None

    def status(self) -> PublisherStatus:
        """How it is doing, as plain data. Asks Redis, for no longer than a second."""
        progress = self._progress
        found, away = answer_or_error(self._open.put(self._count))
        lag, dead = found or (None, None)
        with progress.changed:
            state, wrong = retrying_if_away(
                progress.state, progress.error, absence(away, self._open.since, str)
            )
            return PublisherStatus(
                name=f"{self.outbox.name} → BullMQ",
                application=self.outbox.app_name,
                state=state,
                published=progress.counts["published"],
                lag=lag,
                error=wrong,
                restarts=progress.restarts,
                traceback=progress.traceback,
                dead=dead,
            )

    @property
    def redis_url(self) -> str:
        """The Redis that it adds jobs to; may hold a password."""
        return str(self._settings["url"])

    def has_records_left(self) -> bool:
        """Whether it may add more jobs, of what has been recorded so far. True if not known."""
        if not self.is_started or has_ended(self._progress):
            return False
        if self.outbox.is_started and self.outbox.status().lag != 0:
            return True
        status = self.status()
        return status.lag is None or status.lag > (status.dead or 0)

    def __repr__(self) -> str:
        return f"<BullMQPublisher of outbox {self.outbox.name!r}, {self._progress.state}>"

    # --- inside -------------------------------------------------------------------------

    def _count(self) -> tuple[int, int]:
        """Records that are neither published nor skipped, and those that failed for good."""
        self.outbox.view.check_answers()
        return self.outbox.view.count_open(), self.outbox.view.count_dead()

    def _left(self) -> str:
        """What is left, for an error."""
        because = f" ({self._progress.error})" if self._progress.error else ""
        view = self.outbox.view
        records = view.oldest_open(_SHOWN)
        count = max(view.count_open(), len(records))
        if not records:
            return f"nothing is left any more{because}"
        number = "1 record is left" if count == 1 else f"{count} records are left"
        first = ": " if count == len(records) else f", the first {len(records)}: "
        advice = ""
        if any(record.state in ("failed", "dead") for record in records):
            advice = ". Fix the route and retry(ids), or discard(ids)"
        return f"{number}{because}{first}{'; '.join(map(_record_text, records))}{advice}"


def _record_text(record: OutboxRecord) -> str:
    """A record, for an error."""
    because = f": {record.error}" if record.error else ""
    return (
        f"{record.id} ({record.type}, version {record.version} of {record.aggregate_id}, "
        f"{record.state}{because})"
    )
