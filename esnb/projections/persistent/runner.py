"""The persistent runner: consumers that share the events of a group."""

from __future__ import annotations

import inspect
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Any, Literal
from unicodedata import category

from eventsourcing.application import Application
from eventsourcing.persistence import WaitInterruptedError
from eventsourcing.utils import EnvType

from esnb.activity.sign import shown_while_waiting
from esnb.clients.uri import guarded_settings, masked_error
from esnb.projections.persistent.consumer import PersistentConsumer
from esnb.projections.persistent.deduplication import (
    Deduplication,
    GroupDeduplication,
    NoDeduplication,
)
from esnb.projections.persistent.events import (
    ApplicationEvents,
    EventHandler,
    GroupEvents,
    RecordedEvents,
)
from esnb.projections.persistent.group import ConsumerGroup
from esnb.projections.persistent.source import ALL, source_of
from esnb.projections.persistent.status import (
    PersistentStatus,
    is_caught_up,
    is_past,
    waiting,
    worst,
)
from esnb.redis.handled import HandledEvents
from esnb.running.backoff import Backoff
from esnb.running.closing import close_with_stores
from esnb.running.progress import Progress
from esnb.running.runner import PausableRunner
from esnb.running.status import absence, answer_or_error, oldest, retrying_if_away
from esnb.running.task import PATIENCE, Task
from esnb.running.transient import is_transient
from esnb.setting import environment
from esnb.threads.question import Question, within

StrategyName = Literal["RoundRobin", "DispatchToSingle", "Pinned", "PinnedByCorrelation"]

_TICK = 0.05
"""Seconds between two looks of `wait()` at the server's group."""


class PersistentRunner(PausableRunner[PersistentConsumer]):
    """Has consumers handle the events of a group, each event by one of them.

    `source` is an application whose events are in EventStoreDB (its own events),
    or a client of EventStoreDB, with `stream=` (a category of the server's such
    as `$ce-Shop`, too) or `patterns=` (regular expressions for whole stream
    names); neither: all but system events. The group is created from the
    beginning where it is missing. Any number of runners, in this process or
    others, may share it.

    An application's group follows the stream `$ce-<name>` in which the server's
    projection `$by_category` links its events; events of others there are passed
    over. Where that projection does not run, the runner fails with a
    CategoryNotProjectedError. With `stream=` an application has another stream
    followed, with `stream="$all"` the whole log, which needs no projection.
    A group on `$all`, a client's too, may lose events: while some wait for a
    consumer, a real server (23.10) moves the group's checkpoint past them with
    each other event, and after a restart, or under a new leader, never delivers
    them. The embedded server does not. A group that an earlier version made on
    `$all` goes on being served, and `status().warning` says so.

    `handler(domain_event, recorded_event)` gets an application's domain event,
    or a client's JSON as Python values (other payloads as bytes), and the
    client's `RecordedEvent`; what it records is correlated with the event. It
    is called in one of `workers` threads; events may come in any order. An event
    is acknowledged after it. When it raises, the event is tried again after
    `backoff`, up to `retries` times, then parked: the server sets it aside
    until `replay_parked()`. A store that is away is waited for, with
    the same pauses, and counts as no attempt.

    The ids of the last `remember` handled events are kept in Redis (`REDIS_URL`
    of the application's environment, of `env` or of the process), so that an
    event that is delivered twice is handled once. What Redis cannot be told,
    because it is away as a handler ends, the process remembers until it is back;
    meanwhile no further event is taken. A consumer that is killed between its
    handler and Redis has its event handled again: handlers that
    write to a `RedisView` or to a database can look there. `remember=0` does
    without Redis, and handles events at least once. A handler must be
    done within `message_timeout` seconds: the server gives the event to
    another consumer then.

    Leaving the `with` ends the consumers after the event at hand, and
    acknowledges all that was handled.
    """

    def __init__(
        self,
        source: Any,
        group: str,
        handler: EventHandler,
        *,
        stream: str | None = None,
        patterns: Sequence[str] = (),
        workers: int = 1,
        retries: int = 5,
        backoff: Backoff | None = None,
        remember: int = 100_000,
        message_timeout: float = 30.0,
        buffer: int = 50,
        strategy: StrategyName = "RoundRobin",
        env: EnvType | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        _check(workers=workers, buffer=buffer)
        if retries < 0 or remember < 0:
            raise ValueError(f"retries is {retries!r} and remember {remember!r}: pass 0 or more")
        if not callable(handler):
            raise TypeError(
                f"handler is {handler!r}: pass a function of the event and its RecordedEvent"
            )
        if inspect.iscoroutinefunction(handler):
            raise TypeError(
                f"handler {handler!r} is async, and the threads that call it have no event loop: "
                "pass a function that is done when it returns"
            )
        _check_name(group)
        if message_timeout <= 0:
            raise ValueError(f"message_timeout is {message_timeout!r}: pass seconds above 0")
        opened = source_of(source, stream, patterns)
        self._application = opened.name
        self.group = served = ConsumerGroup(
            opened.client,
            group,
            opened.stream,
            opened.patterns,
            None if opened.is_chosen else opened.category,
            strategy,
            message_timeout,
            max(retries, 10),
        )
        events: GroupEvents = RecordedEvents()
        if opened.category is not None:
            events = ApplicationEvents(
                source,
                opened.category,
                f"{ALL}::{group}",
                lambda: served.followed is not None,
            )
        own = source.env if isinstance(source, Application) else None
        env = None if env is None else guarded_settings(env)
        settings = environment("", own, env)
        self._deduplication: Deduplication = (
            GroupDeduplication(self.group, partial(HandledEvents, settings, keep=remember))
            if remember
            else NoDeduplication()
        )
        self._events = events
        self._handler = handler
        self._retries = retries
        self._buffer = buffer
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._progresses = [Progress(clock) for _ in range(workers)]
        super().__init__(
            [Task(f"esnb-{group}-{number}", each) for number, each in enumerate(self._progresses)]
        )
        self._info = Question[Any](f"the server of group {self.group.title!r}")
        self._remembering = Question[None](
            f"Redis, which has the events that group {self.group.title!r} has handled"
        )
        self._known: Any = None
        """What the server has said last of the group to `wait()`."""
        close_with_stores(settings, self.stop)

    # --- its life ---------------------------------------------------------------------

    def _work(self, task: Task[PersistentConsumer]) -> PersistentConsumer:
        return PersistentConsumer(
            group=self.group,
            events=self._events,
            handler=self._handler,
            deduplication=self._deduplication,
            progress=task.progress,
            retries=self._retries,
            buffer=self._buffer,
            backoff=self._backoff,
            reconnecting=replace(self._backoff, _step=0.0),
        )

    @shown_while_waiting
    def wait(self, place: int | None = None, *, timeout: float = PATIENCE) -> None:
        """Blocks until nothing that was recorded before the call is left to be done.

        It is done when it was handled or parked, by this runner or by others of
        the group. `place` asks for the events up to one instead: of an application
        a notification's id, of `$all` a commit position, of any other stream that
        was passed as `stream=` a revision. `timeout` is in
        seconds. Raises the runner's own error when it has failed, TimeoutError
        (which says what it was doing), WaitInterruptedError when it is stopped
        meanwhile, and ProgrammingError when it was not started.
        """
        self._check_started()
        deadline = monotonic() + timeout
        self._known = None
        while True:
            away: Exception | None = None
            try:
                left = max(0.0, deadline - monotonic())
                place, is_done = within(left, self._info.what, partial(self._looked, place))
                if is_done:
                    return
            except Exception as error:
                if not is_transient(error):
                    raise
                away = error
            self._raise_failure()
            if worst(self._progresses) in ("failed", "stopped"):
                raise WaitInterruptedError(f"{self!r} was stopped before event {place} was done")
            if monotonic() >= deadline:
                raise TimeoutError(self._delay(place, timeout, away))
            # The server does not tell when a group has caught up.
            threading.Event().wait(_TICK)

    def _looked(self, place: int | None) -> tuple[int | None, bool]:
        """The place to wait for, and whether all up to it is done."""
        place, end = self.group.end(place)
        if place is None:
            return None, True
        info = self._known = self.group.info()
        return place, end is not None and is_past(info, end)

    def _delay(self, place: int | None, timeout: float, away: Exception | None) -> str:
        """What holds a wait up, as it is known; its time is up, so nobody is asked."""
        what = "what is recorded" if place is None else f"the events up to {place}"
        known = self._known
        delivered = (
            "" if known is None else f"; {waiting(known)} are delivered and not acknowledged"
        )
        waits_for = self._waits_for
        reasons = (
            waits_for and f"it waits for {waits_for}",
            self._troubled.error or (away and masked_error(self.group.told(away))),
        )
        because = "".join(f": {reason}" for reason in reasons if reason)
        return f"{self!r} is not done with {what} within {timeout} s{delivered}{because}"

    def replay_parked(self) -> None:
        """Has the server deliver the group's parked events again."""
        self.group.replay_parked()
        for consumer in self._consumers():
            consumer.last_parked = None

    # --- what it has done -----------------------------------------------------------------

    def status(self) -> PersistentStatus:
        """How it is doing, as plain data. Asks the server about the group, and Redis, where the
        events are that were handled, whether it answers.

        It waits no longer than a second for the answers; then `error` says since
        when the rest is not known.
        """
        asked, remembering = (
            self._info.put(self._asked),
            self._remembering.put(self._deduplication.check_answers),
        )
        info, away = answer_or_error(asked)
        _, forgetful = answer_or_error(remembering)
        since = oldest([(self._info, away), (self._remembering, forgetful)])
        info, caught_up = info or (None, False)
        total = sum((each.counts for each in self._progresses), Counter[str]())
        troubled = self._troubled
        state, wrong = retrying_if_away(
            worst(self._progresses),
            troubled.error,
            absence(forgetful if away is None else self.group.told(away), since),
        )
        positions = [each.position for each in self._progresses if each.position is not None]
        return PersistentStatus(
            name=self.group.name,
            application=self._application,
            state=state,
            workers=len(self._progresses),
            position=max(positions, default=None),
            head=None,
            lag=0 if caught_up else None,
            lag_seconds=0.0 if caught_up else None,
            waiting=None if info is None else waiting(info),
            rate_per_s=sum(each.rate.per_second(self._clock()) for each in self._progresses),
            handled=total["handled"],
            repeated=total["repeated"],
            failed=total["failed"],
            parked=total["parked"],
            parked_in_group=None if info is None else info.parked_message_count,
            last_parked=self._last_parked(),
            gone=total["gone"],
            restarts=sum(progress.restarts for progress in self._progresses),
            error=wrong,
            event=troubled.event,
            handler=troubled.handler,
            traceback=troubled.traceback,
            waits_for=self._waits_for,
            warning=self.group.warning,
            known_since=since,
        )

    def __repr__(self) -> str:
        return (
            f"<PersistentRunner {self.group.name!r} over {self._application!r}, "
            f"{worst(self._progresses)}>"
        )

    # --- inside -----------------------------------------------------------------------------

    def _asked(self) -> tuple[Any, bool]:
        """The server's word about the group, and whether all that is recorded is done."""
        has_links = self.group.links is not None and not self.group.is_old
        # First the end: what is recorded meanwhile is not yet asked for.
        place, end = self.group.end(None) if has_links else (None, None)
        info = self.group.info()
        if info is None:
            return None, False
        if place is None:
            return info, is_caught_up(info)
        return info, end is not None and is_past(info, end)

    @property
    def _troubled(self) -> Progress:
        """The first consumer that has an error, or the first."""
        progresses = self._progresses
        return next((each for each in progresses if each.error), progresses[0])

    @property
    def _waits_for(self) -> str | None:
        return next((each.waits_for for each in self._progresses if each.waits_for), None)

    def _last_parked(self) -> str | None:
        parked = (consumer.last_parked for consumer in self._consumers())
        _, what = max(filter(None, parked), default=(0.0, None))
        return what

    def _consumers(self) -> list[PersistentConsumer]:
        return [task.work for task in self._tasks if task.work is not None]


def _check_name(group: object) -> None:
    if not isinstance(group, str) or not group or "::" in group:
        raise ValueError(f"group is {group!r}: pass a name without '::'")
    if any(category(character) == "Cs" for character in group):
        raise ValueError(
            f"group is {group!a}: it has half of a surrogate pair, which UTF-8 cannot encode"
        )


def _check(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"{name} is {value!r}: pass 1 or more")
