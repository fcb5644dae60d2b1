"""A subscription to an application's events that outlives its connections."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from eventsourcing.persistence import OperationalError, PersistenceError, Subscription

from esnb.adapters.checkpoint_event import CheckpointEvent, CheckpointMismatchError, event_instead
from esnb.adapters.reading_on import checkpoint_at, note_event
from esnb.clients.errors import is_transient, translate, translated
from esnb.clients.installed import ClientError, ConsumerTooSlow
from esnb.clients.uri import display_uri, is_embedded
from esnb.eventstoredb.category import Category
from esnb.eventstoredb.connection import Lease, SharedClient
from esnb.eventstoredb.log import ServerLog, position_of
from esnb.eventstoredb.records import StreamNotification
from esnb.threads.changes import Flag
from esnb.threads.forks import Birth

if TYPE_CHECKING:
    from esnb.eventstoredb.recorders import EventStoreDBApplicationRecorder

_log = logging.getLogger(__name__)

_SHORTEST_DELAY = 0.05
_LONGEST_DELAY = 2.0
"""Seconds between attempts to resume; doubled from the shortest."""


class _LogOf:
    """A category as one client has it; raises the client's errors, which tell what passes."""

    def __init__(self, category: Category, client: SharedClient) -> None:
        self._category = category
        self._client = client

    def select_notifications(self, start: int | None, limit: int) -> list[StreamNotification]:
        # Without a filter the server answers at once, and has a deadline for it.
        for event in ServerLog.whole(self._client).forwards(start, limit=1):
            there = self._category.notification(event)
            if there is not None and there.id == start:
                return [there]
            break
        events = self._category.log(self._client).forwards(start or 0)
        found = map(self._category.notification, events)
        return list(islice((each for each in found if each is not None), limit))

    def was_removed(self, event: CheckpointEvent) -> bool:
        return self._category.was_removed(self._client, event.aggregate_id, event.version)


class EventStoreDBSubscription(Subscription["EventStoreDBApplicationRecorder"]):
    """Yields notifications above `gt` as they are stored, each once, in order.

    When the connection drops, the server restarts or drops a slow consumer, it
    resumes after the last position it has seen: that of an event, or of a
    checkpoint, by which the server says how far it has looked in vain. It tries
    until it succeeds or is stopped. `stop()` may be called from any thread and
    ends a waiting `next()` at once.

    Raises the library's errors: OperationalError when the server cannot be
    reached at the beginning.
    """

    def __init__(
        self,
        recorder: EventStoreDBApplicationRecorder,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._category = recorder.category
        # Its own: the application may close its factory before the subscription ends.
        self._lease = Lease(self._category.lease.address)
        self._subject = f"subscribing to the events of application {self._category.application!r}"
        self._chosen = frozenset(topics)
        self._lock = Lock()
        self._stopped = Flag()
        self._birth = Birth()
        self._stream: Any = None
        self._seen: StreamNotification | None = None
        """The last event that was yielded, or left out by its topic."""
        self.problem: PersistenceError | None = None
        """Why it is cut off at the moment; None while it is not."""
        with translated(self._subject, self._category.uri):
            self._require_checkpoint(gt)
            self._after = self._category.anchor(self._lease.client, gt)
            self._open()

    def __next__(self) -> StreamNotification:
        self._birth.check("subscriptions")
        while True:
            event = self._next_event()
            self._after = event.commit_position
            if event.is_checkpoint:
                continue
            notification = self._category.notification(event)
            if notification is None or self._is_old(notification.id):
                continue
            self._last_notification_id = notification.id
            self._seen = notification
            note_event(self._category.application, notification)
            if not self._chosen or notification.topic in self._chosen:
                return notification

    def stop(self) -> None:
        """Ends the subscription, also while another thread waits for its next event."""
        super().stop()
        self._stopped.set()
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()
        self._lease.release()

    def _next_event(self) -> Any:
        """The next event or checkpoint, from as many connections as it takes."""
        delay = _SHORTEST_DELAY
        while not self._stopped.is_set():
            try:
                stream = self._stream
                if stream is None:
                    self._check_log()
                    self._open()
                    self.problem = None
                    continue
                # A stream that was cut by another thread's reconnection ends without an error.
                event = next(stream, None)
                if event is not None:
                    return event
            except (ClientError, ValueError) as error:
                if self._stopped.is_set():
                    break
                if not is_transient(error):
                    with translated(self._subject, self._category.uri):
                        raise
                self.problem = translate(error, self._subject, self._category.uri)
                level = logging.DEBUG if isinstance(error, ConsumerTooSlow) else logging.INFO
                _log.log(level, "%s: resuming after %s: %s", self._subject, self._after, error)
            self._drop()
            self._stopped.wait(delay)
            delay = min(2 * delay, _LONGEST_DELAY)
        raise StopIteration

    def _check_log(self) -> None:
        """Raises OperationalError when the server was emptied meanwhile, as far as can be told.

        Positions then begin again, and everything to come would pass for old. A
        real server's log may look shorter for a moment, on a node that lags.
        """
        uri = self._category.uri
        self._check_last_event()
        if self._after is None or not is_embedded(uri):
            return
        client = self._lease.client
        end = next(map(position_of, ServerLog.whole(client).backwards(limit=1)), 0)
        if end < self._after:
            raise OperationalError(
                f"{self._subject} at {display_uri(uri)}: the server was emptied, its log ends at "
                f"{end}, before the position {self._after} that was seen: subscribe again"
            )

    def _require_checkpoint(self, gt: int | None) -> None:
        """Raises CheckpointMismatchError where a view was made from another log.

        Where the calling thread has just asked the view for `gt`, and the view
        knows an event at or below it.
        """
        read = checkpoint_at(self._category.application, gt)
        if read is None:
            return
        instead = event_instead(read.event, _LogOf(self._category, self._lease.client))
        if instead is not None:
            raise CheckpointMismatchError(
                f"view {read.view!r} is at event {gt} of application "
                f"{self._category.application!r}, and was made from another log: its event "
                f"{read.event.position} was {read.event}, where {display_uri(self._category.uri)} "
                f"has {instead}. The event store was reset, or is another one than the view was "
                "made from: delete the view's keys and fill it again (CatchUpRunner has rebuild()), "
                "or set another REDIS_KEY_PREFIX"
            )

    def _check_last_event(self) -> None:
        """Raises OperationalError when the server has another event than was seen last."""
        if self._seen is None:
            return
        event = CheckpointEvent.of(self._seen)
        instead = event_instead(event, _LogOf(self._category, self._lease.client))
        if instead is not None:
            raise OperationalError(
                f"{self._subject} at {display_uri(self._category.uri)}: the server was emptied and "
                f"filled again, or is another one: event {event.position} was {event}, where it "
                f"has {instead}: subscribe again"
            )

    def _open(self) -> None:
        """Opens the server's stream after the last position seen, unless stopped."""
        arguments: dict[str, Any] = {} if self._after is None else {"commit_position": self._after}
        stream = self._lease.client.subscribe_to_all(
            filter_include=[self._category.naming.pattern],
            filter_by_stream_name=True,
            include_checkpoints=True,
            **arguments,
        )
        with self._lock:
            if not self._stopped.is_set():
                self._stream = stream
                return
        stream.stop()

    def _drop(self) -> None:
        with self._lock:
            stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()

    def _is_old(self, notification_id: int) -> bool:
        last = self._last_notification_id
        return last is not None and notification_id <= last
