"""Where a group's messages come from: a stream, or `$all` through a filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from esnb.embedded.persistent.group_settings import EventFilter, GroupTarget
from esnb.embedded.storage.record import TOMBSTONE, LogRecord
from esnb.embedded.streams.filters import Matches, accepted_by, by_name
from esnb.embedded.streams.reading import Reader

_WINDOW = 256
"""Records of `$all` that one page considers, so that a page is soon read whatever matches."""


class Candidate(NamedTuple):
    """A record, and whether the group wants it."""

    place: int
    record: LogRecord
    wanted: bool


class Page(NamedTuple):
    """A part of the history; `ended` when there is none behind it."""

    records: Sequence[Candidate]
    next: int
    ended: bool


class TargetSource(Protocol):
    """Reads by place, in ascending order."""

    def head(self) -> int:
        """The last place there is."""

    def page(self, first: int, count: int) -> Page:
        """At most `count` wanted records from `first` on; raises `StreamDeleted`."""

    def arrivals(self, first: int) -> Page:
        """What was written from `first` on, whatever metadata hide by now, a part at a time."""


class StreamSource:
    """The visible events of a stream."""

    def __init__(self, reader: Reader, stream: str) -> None:
        self._reader = reader
        self._stream = stream

    def head(self) -> int:
        state = self._reader.store.shown.state(self._stream)
        return TOMBSTONE if state.tombstoned else state.last

    def page(self, first: int, count: int) -> Page:
        found = self._reader.forwards(self._stream, first, count)
        if found is None:
            return Page((), first, True)
        records = [Candidate(record.revision, record, True) for record in found.records]
        following = records[-1].place + 1 if records else max(first, found.last + 1)
        return Page(records, following, following > found.last)

    def arrivals(self, first: int) -> Page:
        head = self.head()
        number = self._reader.store.streams.number(self._stream)
        if number is None or head < first:
            return Page((), first, True)
        found = self._reader.store.log.forwards(number, first, head, _WINDOW)
        records = [Candidate(record.revision, record, True) for record in found]
        return Page(records, records[-1].place + 1 if records else head + 1, len(found) < _WINDOW)


class AllSource:
    """The visible events of `$all` that match."""

    def __init__(self, reader: Reader, filter: EventFilter | None) -> None:
        self._reader = reader
        self._matches = matcher_of(reader, filter)

    def head(self) -> int:
        return self._reader.store.head

    def page(self, first: int, count: int) -> Page:
        head = self.head()
        records = self._reader.store.log.all_forwards(first, head, max(_WINDOW, count))
        considered: list[Candidate] = []
        wanted = 0
        following = first
        for one in self._candidates(records):
            considered.append(one)
            following = one.place + 1
            wanted += one.wanted
            if wanted == count:
                return Page(considered, following, following > head)
        if records:
            following = records[-1].position + 1
        return Page(considered, following, not records or following > head)

    def arrivals(self, first: int) -> Page:
        return self.page(first, _WINDOW)

    def _candidates(self, records: Sequence[LogRecord]) -> list[Candidate]:
        """Hidden records are passed over like those that do not match, but never counted."""
        reader, matches = self._reader, self._matches
        return [
            Candidate(record.position, record, matches is None or matches(record))
            for record in records
            if reader.visible(record)
        ]


def matcher_of(reader: Reader, filter: EventFilter | None) -> Matches | None:
    """The filter as a test of records; raises `BadExpression` or `ExpressionTooSlow`."""
    if filter is None:
        return None
    accepts = accepted_by(filter.regex, filter.prefixes)
    if filter.by_stream:
        return by_name(reader.store.streams, lambda record: record.stream, accepts)
    return by_name(reader.store.types, lambda record: record.type, accepts)


def source_of(reader: Reader, target: GroupTarget) -> TargetSource:
    """The source that a target names."""
    if target.stream is None:
        return AllSource(reader, target.filter)
    return StreamSource(reader, target.stream)
