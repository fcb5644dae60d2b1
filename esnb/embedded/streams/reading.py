"""Reads: streams as their metadata show them, `$all` as it is, links resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from esnb.embedded.storage.record import LINK, NO_STREAM, LogRecord, content
from esnb.embedded.streams.errors import InvalidPosition, StreamDeleted
from esnb.embedded.streams.filters import Matches, by_name
from esnb.embedded.streams.link import LATEST, NotANumber, Resolved, pointer
from esnb.embedded.streams.store import Store
from esnb.embedded.streams.truncation import least_visible, oldest_visible, skipped_to

_CHUNK = 256
"""Records taken from the log at once: bounded, whatever a read asks for."""
END_OF_ALL = 2**64 - 1

HIDDEN = ("$epoch-information",)


@dataclass(slots=True)
class StreamSlice:
    """A read of one stream: `hops` as in `truncation.skipped_to`, then the records."""

    last: int
    hops: list[int]
    records: Iterator[LogRecord]


class Reader:
    """What readers see of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._hidden = by_name(store.streams, lambda record: record.stream, is_hidden)
        self._is_link = by_name(store.types, lambda record: record.type, LINK.__eq__)

    def exists(self, stream: str) -> bool:
        """Whether the stream can be read; raises `StreamDeleted` for a tombstoned one."""
        if self.store.shown.is_tombstoned(stream):
            raise StreamDeleted(stream)
        state = self.store.shown.state(stream)
        return state.last != NO_STREAM and not state.metadata.soft_deleted

    def forwards(self, stream: str, start: int, count: int) -> StreamSlice | None:
        """The visible events from revision `start` on; None when there is no stream."""
        if not self.exists(stream):
            return None
        state = self.store.shown.state(stream)
        number = self.store.streams.number(stream)
        assert number is not None
        least = least_visible(state.metadata, state.last)
        first = max(start, least)
        oldest = oldest_visible(state.metadata, self.store.clock())
        if oldest is not None and first <= state.last:
            first = self._first_since(number, first, state.last, oldest)
        hops = skipped_to(start, count, least, first, state.last)
        return StreamSlice(state.last, hops, self._ascending(number, first, state.last, count))

    def backwards(self, stream: str, start: int, count: int) -> StreamSlice | None:
        """The visible events from revision `start` down; None when there is no stream."""
        if not self.exists(stream):
            return None
        state = self.store.shown.state(stream)
        number = self.store.streams.number(stream)
        assert number is not None
        least = least_visible(state.metadata, state.last)
        oldest = oldest_visible(state.metadata, self.store.clock())
        if oldest is not None and least <= state.last:
            least = self._first_since(number, least, state.last, oldest)
        newest = min(start, state.last)
        return StreamSlice(state.last, [], self._descending(number, least, newest, count))

    def all_forwards(
        self, position: int, count: int, matches: Matches | None
    ) -> Iterator[list[LogRecord]]:
        """The events of `$all` from `position` on, that one included.

        One list a chunk of the log, also where nothing in it matched, so that
        whoever reads on through a long log can let others in between.
        """
        self.require_position(position)
        return self._all_ascending(position, count, matches)

    def all_backwards(
        self, position: int, count: int, matches: Matches | None
    ) -> Iterator[list[LogRecord]]:
        """The events of `$all` before `position`, newest first; lists as in `all_forwards`."""
        self.require_position(position)
        return self._all_descending(position, count, matches)

    def require_position(self, position: int) -> None:
        """Raise `InvalidPosition` for a position inside the log at which no event is."""
        if 0 < position <= self.store.head and self.store.log.at_position(position) is None:
            raise InvalidPosition(position)

    def visible(self, record: LogRecord) -> bool:
        """Whether `$all` shows the record."""
        return not self._hidden(record)

    def resolved(self, record: LogRecord, *, live: bool) -> Resolved:
        """The record and, where it is a link, the event that it points at.

        A link without a number is an event like others, but alone like one that
        leads nowhere when it comes `live`, as it is appended.
        """
        if not self._is_link(record):
            return Resolved(record, None)
        try:
            revision, stream = pointer(content(record).data)
        except NotANumber:
            return Resolved(None, record) if live else Resolved(record, None)
        return Resolved(self._event(stream, revision), record)

    def _event(self, stream: str, revision: int) -> LogRecord | None:
        """The event, None when it cannot be read (any more)."""
        if revision == LATEST:
            revision = self.store.shown.state(stream).last
        if revision < 0:
            return None
        try:
            found = self.forwards(stream, revision, 1)
        except StreamDeleted:
            return None
        record = None if found is None else next(found.records, None)
        return record if record is not None and record.revision == revision else None

    def _first_since(self, stream: int, first: int, last: int, oldest: int) -> int:
        """The first revision whose event is not older than `oldest`, else `last + 1`."""
        beyond = last + 1
        while first < beyond:
            middle = (first + beyond) // 2
            record = self.store.log.at(stream, middle)
            if record is not None and record.created < oldest:
                first = middle + 1
            else:
                beyond = middle
        return first

    def _ascending(self, stream: int, first: int, last: int, count: int) -> Iterator[LogRecord]:
        while count > 0 and first <= last:
            records = self.store.log.forwards(stream, first, last, min(count, _CHUNK))
            if not records:
                return
            yield from records
            count -= len(records)
            first = records[-1].revision + 1

    def _descending(self, stream: int, first: int, last: int, count: int) -> Iterator[LogRecord]:
        while count > 0 and first <= last:
            records = self.store.log.backwards(stream, first, last, min(count, _CHUNK))
            if not records:
                return
            yield from records
            count -= len(records)
            last = records[-1].revision - 1

    def _all_ascending(
        self, position: int, count: int, matches: Matches | None
    ) -> Iterator[list[LogRecord]]:
        head = self.store.head
        while count > 0 and position <= head:
            records = self.store.log.all_forwards(position, head, _CHUNK)
            if not records:
                return
            chosen = self.chosen(records, matches)[:count]
            yield chosen
            count -= len(chosen)
            position = records[-1].position + 1

    def _all_descending(
        self, position: int, count: int, matches: Matches | None
    ) -> Iterator[list[LogRecord]]:
        last = min(position - 1, self.store.head)
        while count > 0 and last > 0:
            records = self.store.log.all_backwards(0, last, _CHUNK)
            if not records:
                return
            chosen = self.chosen(records, matches)[:count]
            yield chosen
            count -= len(chosen)
            last = records[-1].position - 1

    def chosen(self, records: list[LogRecord], matches: Matches | None) -> list[LogRecord]:
        """Those of `records` that `$all` shows and that match."""
        return [
            record
            for record in records
            if not self._hidden(record) and (matches is None or matches(record))
        ]


def is_hidden(stream: str) -> bool:
    """Whether `$all` leaves the stream out: the server's own book-keeping about `$all`,
    and about replays, of which EventStoreDB keeps none."""
    if not stream.startswith("$persistentsubscription-"):
        return stream in HIDDEN
    return stream.endswith("-replay") or (
        stream.startswith("$persistentsubscription-$all::")
        and stream.endswith(("-checkpoint", "-parked"))
    )
