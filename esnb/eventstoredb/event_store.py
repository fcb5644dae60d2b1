"""An application's event store, which also tells which event a snapshot was taken at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import CanMutateProtocol
from eventsourcing.persistence import DataError, EventStore, Mapper, Recording, StoredEvent

from esnb.eventstoredb.read_ahead import ReadAhead
from esnb.eventstoredb.recorders import EventStoreDBAggregateRecorder
from esnb.eventstoredb.records import StreamEvent
from esnb.snapshotting.beginning import MissingEventsError, can_begin, missing_events
from esnb.snapshotting.stored import StoredSnapshot


class AggregateEventStore(EventStore[Any]):
    """Stores and reads the events of aggregates, and says which of their snapshots still count.

    The library's repository takes the newest snapshot and then reads the events
    above it. Whether the snapshot's own event is still there is found by reading
    from that event on, so what the repository asks for next has been read
    already and is kept for it: the check costs no round trip.
    """

    recorder: EventStoreDBAggregateRecorder

    def __init__(self, mapper: Mapper[Any], recorder: EventStoreDBAggregateRecorder) -> None:
        super().__init__(mapper, recorder)
        self._ahead = ReadAhead()

    def put(self, domain_events: Sequence[Any], **kwargs: Any) -> list[Recording[Any]]:
        self._ahead.drop()
        return super().put(domain_events, **kwargs)

    def get(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """An aggregate's events, in the order of their versions.

        Raises MissingEventsError where they are asked for from the first on, and
        those that are left do not begin an aggregate; AggregateNotFoundError where
        those above a version are asked for, and there are none left at all;
        DataError where EventStoreDB or a tool wrote an event of its own between two.
        """
        if desc or limit is not None:
            return super().get(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
        events = self._ahead.take((originator_id, gt, lte))
        if events is None:
            if gt is None or gt < self._first_version:
                events = self._from_the_first(originator_id, lte)
            else:
                events = self._above(originator_id, gt, lte)
        self._require_unbroken(events, gt)
        return map(self.mapper.to_domain_event, events)

    def _require_unbroken(self, events: Sequence[StreamEvent], gt: int | None) -> None:
        if gt is not None and gt >= self._first_version and events:
            self._require_next(gt, events[0])
        for before, after in pairwise(events):
            self._require_next(before.originator_version, after)

    def _require_next(self, version: int, after: StreamEvent) -> None:
        if after.originator_version != version + 1:
            self._refuse_blocking(after, version + 1)

    def _refuse_blocking(self, after: StreamEvent, version: int) -> None:
        # Without mutate() they may be a log's, which is read as far as it goes.
        if not isinstance(self.mapper.to_domain_event(after), CanMutateProtocol):
            return
        category = self.recorder.category
        blocking = category.blocking(
            category.naming.stream(after.originator_id), category.versions.revision(version)
        )
        if blocking is not None:
            raise DataError(blocking)

    def _from_the_first(self, originator_id: UUID | str, lte: int | None) -> list[StreamEvent]:
        events = self._select(originator_id, lte=lte)
        if events and events[0].originator_version > self._first_version:
            self._require_beginning(events[0])
        return events

    def _above(self, originator_id: UUID | str, gt: int, lte: int | None) -> list[StreamEvent]:
        """Events for a copy at version `gt`, which the repository may have in its cache."""
        events = self._select(originator_id, gt=gt - 1, lte=lte)
        if not events and self.last_version(originator_id) is None:
            raise AggregateNotFoundError(
                f"Aggregate {originator_id!r} not found: it had a version {gt}, but no event of "
                f"{self._stream(originator_id)} is left"
            )
        if events and events[0].originator_version > gt:
            self._refuse_another(events[0], gt)
        return [each for each in events if each.originator_version > gt]

    def _refuse_another(self, first: StreamEvent, gt: int) -> None:
        if can_begin(self.mapper.to_domain_event(first)):
            raise MissingEventsError(
                f"{self._stream(first.originator_id)} was deleted and begun again at version "
                f"{first.originator_version}: what is known of its version {gt}, in a cache for "
                "instance, is of the deleted one. Get the aggregate from an application that has "
                "not cached it"
            )

    # --- snapshots --------------------------------------------------------------------

    def event_id(self, originator_id: UUID | str, version: int) -> UUID | None:
        """The id of the event that an aggregate has at this version; None: it has none."""
        events = self._select(originator_id, gt=version - 1, lte=version)
        return _id_of(events[0]) if events else None

    def last_version(self, originator_id: UUID | str) -> int | None:
        """The version of an aggregate's last event; None: it has none."""
        events = self._select(originator_id, desc=True, limit=1)
        return events[0].originator_version if events else None

    def is_backed(self, snapshot: StoredSnapshot, lte: int | None, *, reads_on: bool) -> bool:
        """Whether the stream still has the event that a snapshot was taken at.

        With `reads_on` the events above it, up to version `lte`, are kept for the `get()`
        that follows. Where all up to the snapshot's own event were truncated, and the
        stream goes on with the next version, the snapshot counts, too.
        """
        originator_id, version = snapshot.originator_id, snapshot.originator_version
        events = self._select(originator_id, gt=version - 1, lte=lte if reads_on else version)
        if not events or events[0].originator_version != version:
            return self._goes_on_after(snapshot)
        if snapshot.event_id is None or _id_of(events[0]) != snapshot.event_id:
            return False
        if reads_on:
            self._ahead.keep((originator_id, version, lte), events[1:])
        return True

    def _goes_on_after(self, snapshot: StoredSnapshot) -> bool:
        version = snapshot.originator_version
        events = self._select(snapshot.originator_id, gt=version, limit=1)
        if snapshot.event_id is None or not events:
            return False
        return events[0].originator_version == version + 1 and not self._begins(events[0])

    def _begins(self, stored: StreamEvent) -> bool:
        """Whether a stream without earlier events was deleted and begun again with this one.

        Where the event does not tell: EventStoreDB then sets `$tb` to its revision.
        """
        begins = can_begin(self.mapper.to_domain_event(stored))
        if begins is not None:
            return begins
        category = self.recorder.category
        cut = category.truncated_before(stored.originator_id)
        return cut >= category.versions.revision(stored.originator_version)

    def _require_beginning(self, first: StreamEvent) -> None:
        # Without mutate() they may be a log's, which is read as far as it goes.
        if not isinstance(self.mapper.to_domain_event(first), CanMutateProtocol):
            return
        if not self._begins(first):
            raise missing_events(self._stream(first.originator_id), first.originator_version)

    def _stream(self, originator_id: UUID | str) -> str:
        return f"stream {self.recorder.category.naming.stream(originator_id)!r}"

    @property
    def _first_version(self) -> int:
        return self.recorder.category.versions.first

    def _select(self, originator_id: UUID | str, **selection: Any) -> list[StreamEvent]:
        return self.recorder.select_events(originator_id, **selection)


def _id_of(stored: StoredEvent) -> UUID | None:
    """None: a recorder of the user's own returns plain stored events."""
    return getattr(stored, "event_id", None)
