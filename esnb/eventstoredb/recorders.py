"""Recorders of stored events in EventStoreDB."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    NotSupportedError,
    OperationalError,
    StoredEvent,
)

from esnb.adapters.checkpoint_event import CheckpointEvent
from esnb.eventstoredb.category import Category
from esnb.eventstoredb.connection import SharedClient
from esnb.eventstoredb.log import position_of
from esnb.eventstoredb.reading import read
from esnb.eventstoredb.records import StreamEvent, StreamNotification
from esnb.eventstoredb.subscription import EventStoreDBSubscription

NO_TRACKING = (
    "EventStoreDB cannot store events and a tracking record atomically: let the projection use one of "
    "the library's SQL modules for its own events, "
    "<PROJECTION NAME>_PERSISTENCE_MODULE=eventsourcing.sqlite (or eventsourcing.postgres), or "
    "write a Projection with a Redis view instead"
)


class EventStoreDBAggregateRecorder(AggregateRecorder):
    """Stores each aggregate's events in a stream of its own."""

    def __init__(self, category: Category) -> None:
        self.category = category

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Appends events of one aggregate, all or none.

        Raises IntegrityError when its stream holds other events than the first
        version follows, NotSupportedError for several aggregates or a tracking
        record, ProgrammingError for a version below the first, DataError for
        more than the server takes at once.
        """
        self._append(stored_events, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StreamEvent]:
        """An aggregate's events, with event id, recorded time, metadata and position."""
        return self.category.events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)

    def _append(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> tuple[str, int, int] | None:
        if kwargs.get("tracking") is not None:
            raise NotSupportedError(NO_TRACKING)
        return self.category.append(stored_events) if stored_events else None


class EventStoreDBApplicationRecorder(EventStoreDBAggregateRecorder, ApplicationRecorder):
    """Also reads an application's events in the order in which they were stored.

    A notification's id is its event's commit position: ascending, with gaps.
    """

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """As the base class does; returns the events' commit positions.

        EventStoreDB tells the last event's; where there are several, the others
        are read back.
        """
        appended = self._append(stored_events, **kwargs)
        if appended is None:
            return []
        stream, revision, last = appended
        count = len(stored_events)
        if count == 1:
            return [last]
        try:
            found = self.category.positions_of(stream, revision, count)
        except OperationalError as error:
            # They are stored: an error would make the caller repeat its command.
            warnings.warn(
                f"the events are stored, but their notification ids are not known: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
            found = []
        return found if len(found) == count else [last] * count

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[StreamNotification]:
        """Events of this application from `start` to `stop`, at most `limit`, in order.

        Any integers may be given: a number between two events means the next one.
        """
        if limit <= 0:
            return []
        lowest = 0 if start is None else start if inclusive_of_start else start + 1
        chosen = frozenset(topics)

        def work(client: SharedClient) -> list[StreamNotification]:
            found = (
                notification
                # With topics, which the server does not know, it cannot count.
                for notification in self._from(client, lowest, None if chosen else limit)
                if not chosen or notification.topic in chosen
            )
            until = takewhile(lambda each: stop is None or each.id <= stop, found)
            return list(islice(until, limit))

        return read(self.category.lease, self._subject, work)

    def _from(
        self, client: SharedClient, lowest: int, at_once: int | None
    ) -> Iterator[StreamNotification]:
        """The notifications from `lowest` on, of which the server is asked for `at_once` a time.

        It counts what it wrote itself, too, and that is left out here.
        """
        while True:
            count, position = 0, lowest
            for event in self.category.log(client).forwards(lowest, limit=at_once):
                count, position = count + 1, position_of(event)
                notification = self.category.notification(event)
                if notification is not None:
                    yield notification
            if at_once is None or count < at_once:
                return
            lowest = position + 1

    def select_notifications_before(
        self, number: int | None, limit: int
    ) -> list[StreamNotification]:
        """The last `limit` events below `number` (None: of all), the newest first.

        The library's recorders read forwards only; a browser of millions begins
        at the end.
        """
        if limit <= 0:
            return []

        def work(client: SharedClient) -> list[StreamNotification]:
            found = map(self.category.notification, self.category.log(client).backwards(number))
            return list(islice((each for each in found if each is not None), limit))

        return read(self.category.lease, self._subject, work)

    def max_notification_id(self) -> int | None:
        """The position of this application's last event; None when it has none."""
        return read(self.category.lease, self._subject, self.category.head)

    def was_removed(self, event: CheckpointEvent) -> bool:
        """Whether this log once had an event that `$all` no longer has in its place.

        See `Category.was_removed()`.
        """
        return read(
            self.category.lease,
            self._subject,
            lambda client: self.category.was_removed(client, event.aggregate_id, event.version),
        )

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> EventStoreDBSubscription:
        """Notifications above `gt`, those to come included; see `EventStoreDBSubscription`."""
        return EventStoreDBSubscription(self, gt, topics)

    @property
    def _subject(self) -> str:
        return f"reading the events of application {self.category.application!r}"
