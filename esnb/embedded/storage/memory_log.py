"""A log that lives as long as the process."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from operator import attrgetter

from esnb.embedded.storage.log import LogWrite
from esnb.embedded.storage.record import LogRecord

_position = attrgetter("position")
_revision = attrgetter("revision")


class MemoryLog:
    """Records in lists: one in order of position, and one a stream."""

    durable = False

    def __init__(self) -> None:
        self._all: list[LogRecord] = []
        self._streams: dict[int, list[LogRecord]] = {}
        self._stream_numbers: dict[str, int] = {}
        self._stream_names: dict[int, str] = {}
        self._type_numbers: dict[str, int] = {}
        self._type_names: dict[int, str] = {}

    def head(self) -> LogRecord | None:
        return self._all[-1] if self._all else None

    def find_stream(self, name: str) -> int | None:
        return self._stream_numbers.get(name)

    def find_type(self, name: str) -> int | None:
        return self._type_numbers.get(name)

    def stream_name(self, number: int) -> str:
        return self._stream_names[number]

    def type_name(self, number: int) -> str:
        return self._type_names[number]

    def last_stream(self) -> int:
        return max(self._stream_names, default=0)

    def last_type(self) -> int:
        return max(self._type_names, default=0)

    def last_of(self, stream: int) -> LogRecord | None:
        records = self._streams.get(stream)
        return records[-1] if records else None

    def at(self, stream: int, revision: int) -> LogRecord | None:
        found = self.forwards(stream, revision, revision, 1)
        return found[0] if found else None

    def at_position(self, position: int) -> LogRecord | None:
        found = self.all_forwards(position, position, 1)
        return found[0] if found else None

    def forwards(self, stream: int, first: int, last: int, limit: int) -> list[LogRecord]:
        return _ascending(self._streams.get(stream, []), _revision, first, last, limit)

    def backwards(self, stream: int, first: int, last: int, limit: int) -> list[LogRecord]:
        return _descending(self._streams.get(stream, []), _revision, first, last, limit)

    def all_forwards(self, first: int, last: int, limit: int) -> list[LogRecord]:
        return _ascending(self._all, _position, first, last, limit)

    def all_backwards(self, first: int, last: int, limit: int) -> list[LogRecord]:
        return _descending(self._all, _position, first, last, limit)

    def newest(self, limit: int) -> list[LogRecord]:
        return self._all[-limit:]

    def write(self, batches: Iterable[LogWrite]) -> None:
        for batch in batches:
            for number, name in batch.streams:
                self._stream_numbers[name] = number
                self._stream_names[number] = name
            for number, name in batch.types:
                self._type_numbers[name] = number
                self._type_names[number] = name
            self._all += batch.records
            for record in batch.records:
                self._streams.setdefault(record.stream, []).append(record)

    def clear(self) -> None:
        MemoryLog.__init__(self)

    def close(self) -> None:
        self.clear()


def _ascending(
    records: list[LogRecord], key: attrgetter[int], first: int, last: int, limit: int
) -> list[LogRecord]:
    start = bisect_left(records, first, key=key)
    stop = bisect_right(records, last, lo=start, key=key)
    return records[start : min(stop, start + limit)]


def _descending(
    records: list[LogRecord], key: attrgetter[int], first: int, last: int, limit: int
) -> list[LogRecord]:
    start = bisect_left(records, first, key=key)
    stop = bisect_right(records, last, lo=start, key=key)
    return records[max(start, stop - limit) : stop][::-1]
