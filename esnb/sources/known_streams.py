"""The streams of a log, found from its newest event backwards, a piece at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from heapq import nlargest

from esnb.sources.moments import own_time
from esnb.sources.paging import Pager
from esnb.sources.record import Record

LOOK = 20_000
"""Events that one look takes in."""


@dataclass(slots=True)
class StreamRow:
    """A stream by its newest event."""

    name: str
    category: str
    events: int
    """The version of its newest event: how many there are, unless it was truncated; 0 for a
    tombstoned stream of which no event is known."""
    last_type: str
    last_name: str
    """The last event's own name, without the class around it."""
    last_time: datetime | None
    position: int
    tombstoned: bool = False
    types: Counter[str] = field(default_factory=Counter)
    """How many events of each type were looked at, by its own name."""


class KnownStreams:
    """What is known of a log's streams; `look` finds more of them."""

    def __init__(self, pager: Pager) -> None:
        self._pager = pager
        self._forget()

    def _forget(self) -> None:
        self._rows: dict[str, StreamRow] = {}
        self._low: int | None = None
        self._newest: Record | None = None
        self.types: Counter[str] = Counter()
        """How many events of each type were looked at, by its own name, the newest first."""
        self.searched = 0
        """How many events were looked at."""
        self.complete = False
        """Whether these are all the streams of the log."""

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def high(self) -> int:
        """Position of the newest event that is known; 0 where none is."""
        return 0 if self._newest is None else self._newest.position or 0

    def is_at(self, record: Record | None) -> bool:
        """Whether a record is the newest that is known, or none is known.

        Where it is not, though it stands at that position, the log was emptied
        and filled again.
        """
        newest = self._newest
        return newest is None or (record is not None and _identity(record) == _identity(newest))

    def begin_again(self) -> None:
        """Forgets what is known, and looks at the log as it is now."""
        self._forget()
        self.look()

    def look(self, most: int = LOOK) -> None:
        """Looks at the `most` events before those that were looked at."""
        if self.complete:
            return
        with self._pager.backwards(None, self._low) as records:
            for count, record in enumerate(records):
                if count == most:
                    return
                position = record.position or 0
                self._low = position
                self._raise_to(record)
                self.searched += 1
                known = self._rows.get(record.stream)
                if known is None:
                    self._rows[record.stream] = self._row(record)
                elif not known.events:  # its tombstone came first
                    known.events = record.version or 0
                self._count(record)
        self.complete = True

    def arrived(self, records: Iterable[Record]) -> None:
        """Takes in events that are newer than what was looked at."""
        for record in records:
            self._raise_to(record)
            known, row = self._rows.get(record.stream), self._row(record)
            if known is not None:
                row.types = known.types
                row.events = known.events if record.is_tombstone else row.events
            self._rows[record.stream] = row
            self._count(record)

    def types_of(self, stream: str | None) -> Counter[str] | None:
        """How many events of each type were looked at, of the log or of one of its streams.

        None for a stream of which none was, such as one of links.
        """
        if stream is None:
            return self.types
        known = self._rows.get(stream)
        return None if known is None else known.types

    def _count(self, record: Record) -> None:
        if not record.is_tombstone:
            name = record.name
            self.types[name] += 1
            self._rows[record.stream].types[name] += 1

    def _raise_to(self, record: Record) -> None:
        if self._newest is None or (record.position or 0) > self.high:
            self._newest = record

    def newest(self, most: int, match: str = "") -> tuple[list[StreamRow], int]:
        """The streams that match, those with the newest events first, and how many do.

        `match` is a part of the name, the category or `category-name`, in any
        case, or a shell-style pattern for the whole of one of them.
        """
        # As a list first: another thread may be taking in new events.
        wanted = [row for row in list(self._rows.values()) if _matches(row, match)]
        return nlargest(most, wanted, key=lambda row: row.position), len(wanted)

    def _row(self, record: Record) -> StreamRow:
        source = self._pager.source
        data = source.decode(record)[0]
        return StreamRow(
            record.stream,
            source.category(record, data) or "",
            record.version or 0,
            record.type,
            record.name,
            own_time(data) or record.recorded,
            record.position or 0,
            record.is_tombstone,
        )


def _identity(record: Record) -> tuple[object, ...]:
    return record.position, record.event_id, record.stream, record.version, record.state


def _matches(row: StreamRow, match: str) -> bool:
    if not match:
        return True
    wanted = match.lower()
    names = (row.name.lower(), row.category.lower(), f"{row.category}-{row.name}".lower())
    if any(sign in wanted for sign in "*?["):
        return any(fnmatchcase(name, wanted) for name in names)
    return any(wanted in name for name in names)
