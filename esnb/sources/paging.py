"""A source read from any place in either direction, no further than needed.

`esnb.events` reads a whole sequence into a table. Here a reader takes only what
it needs: the cost of a page does not depend on the length of the log.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, starmap
from typing import TYPE_CHECKING, Any, Protocol

from eventsourcing.persistence import Notification, StoredEvent

from esnb.sources.application import ApplicationSource
from esnb.sources.file import FileSource
from esnb.sources.lag import has_gapless_ids
from esnb.sources.moments import LAST_MOMENT
from esnb.sources.numbers import FURTHEST
from esnb.sources.record import EventSource, Record, Records
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import source_of

if TYPE_CHECKING:
    from esnb.sources.server import ServerSource  # brings gRPC

_FIRST, _MOST = 64, 4096
"""Events of the first and of the largest request; each asks for four times as many as the last."""

REACH = 100_000
"""Events that a search for a time looks at from each end of a log."""


class Pager:
    """The events of `source` by number, forwards and backwards.

    In the whole log an event's number is its position; in a stream its version,
    or, in a stream of links, the place of its link, from 1. A tombstone's number
    is beyond all of them.
    """

    def __init__(self, source: Any, redact: Redact | None = None) -> None:
        self.source = source_of(source)
        self.redaction = Redaction(redact)
        self._reading = _reading(self.source)
        self._passed: Callable[[], object] | None = None

    @property
    def has_links(self) -> bool:
        """Whether the source is a server, whose system projections make streams of links."""
        return isinstance(self._reading, _Server)

    def number(self, stream: str | None, record: Record) -> int:
        """Where `record` stands in the log, or in the stream."""
        if stream is None:
            return record.position or 0
        if record.link_revision is not None:
            return record.link_revision + 1
        return FURTHEST if record.is_tombstone else record.version or 0

    def forwards(self, stream: str | None, start: int | None = None) -> Records:
        """The events at and above number `start`, in order."""
        if stream is None:
            return self._told(self._reading.log(start))
        return self._told(self._reading.stream(stream, start))

    def backwards(self, stream: str | None, before: int | None = None) -> Records:
        """The events below number `before` (None: all), the last one first."""
        if stream is None:
            return self._told(self._reading.log_before(before))
        return self._told(nullcontext(self._stream_before(stream, before)))

    @contextmanager
    def telling(self, passed: Callable[[], object]) -> Iterator[None]:
        """Calls `passed` for each event that is read within; what it raises ends the read."""
        before, self._passed = self._passed, passed
        try:
            yield
        finally:
            self._passed = before

    @contextmanager
    def _told(self, reading: Records) -> Iterator[Iterator[Record]]:
        with reading as records:
            yield records if self._passed is None else _telling(records, self._passed)

    def _stream_before(self, stream: str, before: int | None) -> Iterator[Record]:
        size = _FIRST
        while before is None or before > 0:
            with self.source.stream(stream, None, before, size) as records:
                found = list(records)
            yield from reversed(found)
            if len(found) < size:
                return
            before, size = self.number(stream, found[0]), min(4 * size, _MOST)

    def time(self, record: Record) -> datetime | None:
        """The event's own time, else the store's."""
        return record.time_with(self.source.decode(record)[0])

    def seek(self, stream: str | None, time: datetime, reach: int = REACH) -> int | None:
        """The number of the first event at or after `time`; None when all are older.

        Bisects the log where any number is as near as the first (POPO, SQLite, a
        file), otherwise searches from both ends in turn; raises LookupError when `reach` events
        from each end do not lead to it. Assumes that times ascend, as they nearly do.
        """
        if stream is None and self._reading.gapless:
            return self._halved(time)
        with self.forwards(stream) as ascending, self.backwards(stream) as descending:
            newer: int | None = None
            for old, young in zip(islice(ascending, reach), descending, strict=False):
                if _at_or_after(self.time(old), time):
                    return self.number(stream, old)
                if not _at_or_after(self.time(young), time):
                    return newer
                newer = self.number(stream, young)
            if next(ascending, None) is None:
                return newer
        raise LookupError(
            f"the first and the last {reach:,} events do not reach {time:%Y-%m-%d %H:%M}: "
            "page on from there, or open a stream"
        )

    def seek_after(self, stream: str | None, time: datetime) -> int | None:
        """The number of the first event after `time`; None when there is none."""
        if time >= LAST_MOMENT:
            return None
        return self.seek(stream, time + timedelta(microseconds=1))

    def _halved(self, time: datetime) -> int | None:
        newest = self._first(self.backwards(None))
        if newest is None or not _at_or_after(self.time(newest), time):
            return None
        number = self.number(None, newest)
        low, high = 1, number
        while low < high:
            middle = (low + high) // 2
            found = self._first(self.forwards(None, middle))
            if found is None or _at_or_after(self.time(found), time):
                high = middle
                number = high if found is None else self.number(None, found)
            else:
                low = self.number(None, found) + 1
        return number

    def _first(self, records: Records) -> Record | None:
        with records as found:
            return next(found, None)


def _telling(records: Iterator[Record], passed: Callable[[], object]) -> Iterator[Record]:
    for record in records:
        passed()
        yield record


def _at_or_after(found: datetime | None, time: datetime) -> bool:
    return found is not None and found >= time


class _Reading(Protocol):
    """What depends on the kind of source."""

    gapless: bool
    """Whether the log is read from any number at no cost."""

    def log(self, start: int | None) -> Records: ...

    def log_before(self, before: int | None) -> Records: ...

    def stream(self, name: str, start: int | None) -> Records: ...


class _OfSource:
    """What is the same for all of them."""

    gapless = False

    def __init__(self, source: EventSource) -> None:
        self.source = source

    def stream(self, name: str, start: int | None) -> Records:
        return self.source.stream(name, start, None, None)


class _File(_OfSource):
    """A file, read from any of its lines in either direction.

    Events of a single stream may have no position; their place in the file
    stands for it then. Otherwise positions ascend, as `esnb.export` writes them.
    """

    source: FileSource
    gapless = True

    def log(self, start: int | None) -> Records:
        size = self.source.size
        return self._at(range(self._place(start, size), size + 1))

    def log_before(self, before: int | None) -> Records:
        size = self.source.size
        end = size + 1 if before is None else self._place(before, size)
        return self._at(range(end - 1, 0, -1))

    @contextmanager
    def _at(self, places: range) -> Iterator[Iterator[Record]]:
        with closing(self.source.events_at(places)) as records:
            yield starmap(_placed, records)

    def _place(self, number: int | None, size: int) -> int:
        """The first place whose event has this number or a higher one."""
        if number is None:
            return 1
        return 1 + bisect_left(range(1, size + 1), number, key=self._number)

    def _number(self, place: int) -> int:
        with self._at(range(place, place + 1)) as records:
            return next(records).position or 0


def _placed(place: int, record: Record) -> Record:
    return record if record.position is not None else replace(record, position=place)


class _Server(_OfSource):
    """An EventStoreDB client: its `$all` is read in both directions."""

    source: ServerSource

    def log(self, start: int | None) -> Records:
        return self.source.events(start)

    def log_before(self, before: int | None) -> Records:
        return self.source.events_before(before)


class _Recorder(_OfSource):
    """An application: its recorder is asked for a little, then for more."""

    source: ApplicationSource

    def __init__(self, source: ApplicationSource) -> None:
        super().__init__(source)
        self.gapless = has_gapless_ids(source.recorder)

    def log(self, start: int | None) -> Records:
        return nullcontext(map(self._record, self._notifications(start)))

    def log_before(self, before: int | None) -> Records:
        newest: Callable[[int | None, int], list[Notification]] | None
        newest = getattr(self.source.recorder, "select_notifications_before", None)
        found = self._before(before) if newest is None else _native(newest, before)
        return nullcontext(map(self._record, found))

    def stream(self, name: str, start: int | None) -> Records:
        return nullcontext(self._stream(name, start))

    def _record(self, found: Notification) -> Record:
        return self.source.record(found, found.id)

    def _notifications(self, start: int | None) -> Iterator[Notification]:
        inclusive, size = True, _FIRST
        while True:
            page = self.source.recorder.select_notifications(
                start, size, inclusive_of_start=inclusive
            )
            yield from page
            if len(page) < size:
                return
            start, inclusive, size = page[-1].id, False, min(4 * size, _MOST)

    def _before(self, before: int | None) -> Iterator[Notification]:
        """Backwards by ranges of ids, wider ones where most ids are missing."""
        last = (self.source.recorder.max_notification_id() or 0) if before is None else before - 1
        width = _FIRST
        while last >= 1:
            low = max(1, last - width + 1)
            found: list[Notification] = []
            start, inclusive = low, True
            while True:
                page = self.source.recorder.select_notifications(
                    start, _MOST, stop=last, inclusive_of_start=inclusive
                )
                found += page
                if len(page) < _MOST:
                    break
                start, inclusive = page[-1].id, False
            yield from reversed(found)
            last = low - 1
            width = min(4 * width, _MOST) if 4 * len(found) > width else 4 * width

    def _stream(self, name: str, start: int | None) -> Iterator[Record]:
        for originator_id in self.source.originator_ids(name):
            above, size = None if start is None else start - 1, _FIRST
            seen = False
            while True:
                page: list[StoredEvent] = list(
                    self.source.recorder.select_events(originator_id, gt=above, limit=size)
                )
                for each in page:
                    yield self.source.record(each, getattr(each, "position", None))
                seen = seen or bool(page)
                if len(page) < size:
                    break
                above, size = page[-1].originator_version, min(4 * size, _MOST)
            if seen:
                return


def _native(
    newest: Callable[[int | None, int], list[Notification]], before: int | None
) -> Iterator[Notification]:
    size = _FIRST
    while True:
        page = newest(before, size)
        yield from page
        if len(page) < size:
            return
        before, size = page[-1].id, min(4 * size, _MOST)


def _reading(source: EventSource) -> _Reading:
    if isinstance(source, ApplicationSource):
        return _Recorder(source)
    return _File(source) if isinstance(source, FileSource) else _Server(source)
