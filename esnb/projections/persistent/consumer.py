"""One consumer of a group: takes, handles, acknowledges, and begins again when something breaks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from eventsourcing.persistence import OperationalError

from esnb.clients.uri import masked_error
from esnb.projections.persistent.deduplication import Deduplication
from esnb.projections.persistent.delivery import GroupDelivery
from esnb.projections.persistent.errors import ForeignGroupError
from esnb.projections.persistent.events import EventHandler, GroupEvents
from esnb.projections.persistent.group import ConsumerGroup
from esnb.running.backoff import Backoff
from esnb.running.exits import contained
from esnb.running.progress import Progress
from esnb.running.recovery import Recovery
from esnb.running.telemetry import telemetry
from esnb.running.transient import is_transient
from esnb.running.work import Work

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Later:
    """An event that is held until it is tried again."""

    event: Any
    due: float
    until: float
    """When the server gives it to another consumer."""


class PersistentConsumer(Work):
    """Handles what a group delivers, until it is stopped or fails."""

    def __init__(
        self,
        *,
        group: ConsumerGroup,
        events: GroupEvents,
        handler: EventHandler,
        deduplication: Deduplication,
        progress: Progress,
        retries: int,
        buffer: int,
        backoff: Backoff,
        reconnecting: Backoff,
    ) -> None:
        self._telemetry = telemetry("esnb.handle", group=group.title)
        self._group = group
        self._events = events
        self._handler = handler
        self._deduplication = deduplication
        self._progress = progress
        self._retries = retries
        self._buffer = buffer
        self._backoff = backoff
        self._recovery = Recovery(f"a consumer of group {group.title!r}", progress, reconnecting)
        self._name = uuid4().hex
        self._later: dict[Any, _Later] = {}
        self.last_parked: tuple[float, str] | None = None
        """When an event was parked last, which one, and why."""

    # --- the thread ---------------------------------------------------------------

    def run(self) -> None:
        progress = self._progress
        while not progress.stop:
            try:
                if progress.pause:
                    progress.set_state("paused")
                    progress.wait(None, lambda: progress.stop or not progress.pause)
                else:
                    self._consume()
            except Exception as error:  # noqa: BLE001 - it is judged, shown and raised by wait()
                if not self._overcome(error):
                    return
        self._flush_last()

    def _flush_last(self) -> None:
        """Tells Redis, if it is back, what only this process knows."""
        if self._deduplication.has_unwritten:
            with suppress(OperationalError):  # the next runner of the group in this process does
                self._deduplication.flush()

    # --- consuming ------------------------------------------------------------------

    def _consume(self) -> None:
        """Connects, then handles until something is asked of it."""
        progress = self._progress
        with self._waiting_for("the server's answer whether the group is there"):
            self._group.ensure()
        # Whoever takes events while the memory is away can only give them back, and the
        # server counts that as an attempt.
        with self._waiting_for("Redis, which has the events that were handled"):
            self._deduplication.flush()
        with self._waiting_for("the server's confirmation of the subscription"):
            subscription = self._group.read(self._buffer, self._count_unresolved)
        delivery = GroupDelivery(subscription, progress.changed)
        self._later.clear()
        self._went_well()
        try:
            while not progress.is_disturbed():
                self._give_back(delivery)
                event = delivery.take() or self._due()
                if event is None:
                    self._wait(delivery)
                else:
                    self._take(delivery, event)
        finally:
            delivery.close()

    @contextmanager
    def _waiting_for(self, what: str) -> Iterator[None]:
        """A block that a store holds up while it says nothing."""
        self._progress.waits_for = what
        try:
            yield
        finally:
            self._progress.waits_for = None

    def _take(self, delivery: GroupDelivery, event: Any) -> None:
        if self._events.passes_over(event):
            delivery.ack(event)
            return
        received = self._later.pop(event.ack_id, None)
        now = self._progress.clock()
        until = now + self._group.message_timeout if received is None else received.until
        begun = self._deduplication.begin(event.id, self._name, max(0.001, until - now))
        if begun is None:
            self._progress.count("repeated")
            delivery.ack(event)
        elif isinstance(begun, float):  # another consumer has it
            self._later[event.ack_id] = _Later(event, now + min(begun, 1.0), until)
        elif begun > self._retries + 1:
            self._park(
                delivery, event, f"its consumers ended in the middle of it, {begun - 1} times"
            )
        else:
            self._handle(delivery, event, begun, until)

    def _handle(self, delivery: GroupDelivery, event: Any, attempt: int, until: float) -> None:
        try:
            domain_event, block = contained(self._events.opened, event)
            with block, self._telemetry.work(1, **_described(event)):
                contained(self._handler, domain_event, event)
        except Exception as error:
            if is_transient(error) or isinstance(error, ForeignGroupError):
                self._deduplication.end(event.id, self._name, "undone")
                raise
            self._failed(delivery, event, attempt, until, error)
            return
        except BaseException:
            self._deduplication.end(event.id, self._name, "undone")
            raise
        # First the memory: what is acknowledged and forgotten nobody would repeat. Where Redis
        # is away, this process has it in mind, and nobody else is to be given the event.
        self._deduplication.end(event.id, self._name, "handled")
        self._progress.count("handled")
        self._went_well()
        self._progress.reached(event.commit_position, 1)
        # Last: whoever waits for it sees the counts and the position, too.
        delivery.ack(event)

    def _failed(
        self, delivery: GroupDelivery, event: Any, attempt: int, until: float, error: Exception
    ) -> None:
        progress = self._progress
        progress.note(error, describe_recorded(event), _named(self._handler))
        progress.count("failed")
        if attempt > self._retries:
            self._park(delivery, event, masked_error(error))
            return
        self._deduplication.end(event.id, self._name, "failed")
        pause = replace(self._backoff, _step=0.0)
        for _ in range(attempt - 1):
            pause.next()
        self._later[event.ack_id] = _Later(event, progress.clock() + pause.next(), until)

    def _park(self, delivery: GroupDelivery, event: Any, reason: str) -> None:
        self._deduplication.end(event.id, self._name, "parked")
        self._progress.count("parked")
        what = f"{describe_recorded(event)}: {reason}"
        self.last_parked = self._progress.clock(), what
        _log.warning("group %r parks %s", self._group.title, what)
        self._progress.reached(self._progress.position, 0)
        delivery.park(event)

    # --- events that are held ---------------------------------------------------------

    def _due(self) -> Any | None:
        now = self._progress.clock()
        return next((held.event for held in self._later.values() if held.due <= now), None)

    def _give_back(self, delivery: GroupDelivery) -> None:
        """Gives events to the server that it would soon take away."""
        now = self._progress.clock()
        for key, held in list(self._later.items()):
            if max(now, held.due) > held.until - self._group.message_timeout / 4:
                delivery.retry(held.event)
                del self._later[key]

    def _wait(self, delivery: GroupDelivery) -> None:
        if self._deduplication.has_unwritten:
            self._deduplication.flush()
        due = min((held.due for held in self._later.values()), default=None)
        seconds = None if due is None else max(0.0, due - self._progress.clock())
        self._progress.wait(seconds, lambda: delivery.has_news() or self._progress.is_disturbed())

    def _count_unresolved(self) -> None:
        self._progress.count("gone")

    # --- what went wrong ----------------------------------------------------------------

    def _went_well(self) -> None:
        self._recovery.reset()
        self._progress.recover("running", forgets=not self._later)

    def _overcome(self, error: Exception) -> bool:
        """Waits before it begins again; False when there is no going on."""
        if isinstance(error, ForeignGroupError):
            self._progress.fail(error)
            return False
        passes = isinstance(error, ConnectionError)
        return self._recovery.retry(self._group.told(error), passes=passes)


def describe_recorded(recorded: Any) -> str:
    """An event by type, revision and stream."""
    return (
        f"event {recorded.id} ({recorded.type}, revision {recorded.stream_position} of "
        f"{recorded.stream_name})"
    )


def _described(recorded: Any) -> dict[str, str]:
    """An event, for a span."""
    return {
        "event_id": str(recorded.id),
        "event_type": recorded.type,
        "stream": recorded.stream_name,
    }


def _named(handler: Any) -> str:
    name = getattr(handler, "__qualname__", type(handler).__qualname__)
    return f"{getattr(handler, '__module__', type(handler).__module__)}:{name}"
