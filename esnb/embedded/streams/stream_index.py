"""Where each stream stands: its last revision and its metadata."""

from __future__ import annotations

from esnb.embedded.storage.log import StorageLog
from esnb.embedded.storage.names import Names
from esnb.embedded.storage.record import NO_STREAM, TOMBSTONE, LogRecord, content
from esnb.embedded.streams.stream_metadata import (
    OF_METASTREAMS,
    UNLIMITED,
    StreamMetadata,
    is_metastream,
    metastream_of,
    original_of,
    parse_metadata,
)

_REMEMBERED = 100_000


class StreamState:
    """One stream's standing. `last` is its newest revision, -1 without events.

    `applied`: it has moved on since it was read from the log.
    """

    __slots__ = ("applied", "last", "metadata", "tombstoned")

    def __init__(self, last: int, tombstoned: bool, metadata: StreamMetadata) -> None:
        self.last = last
        self.tombstoned = tombstoned
        self.metadata = metadata
        self.applied = False


class StreamIndex:
    """The standing of all streams after some record, read from the log where not remembered.

    The store keeps two: one after the last record that was promised, against
    which appends are judged, and one after the last record that is on disk,
    which is what readers see.
    """

    def __init__(self, log: StorageLog, names: Names) -> None:
        self._log = log
        self._names = names
        self._states: dict[str, StreamState] = {}

    def state(self, name: str) -> StreamState:
        """How `name` stands; every name has a state, used or not."""
        found = self._states.get(name)
        if found is None:
            found = self._states[name] = self._load(name)
        return found

    def apply(self, record: LogRecord, name: str) -> None:
        """Move on by one record of stream `name`."""
        state = self.state(name)
        state.applied = True
        if record.revision == TOMBSTONE:
            state.tombstoned = True
        elif record.revision < state.last:
            return
        else:
            state.last = record.revision
        if is_metastream(name) and not is_metastream(original_of(name)):
            self.state(original_of(name)).metadata = parse_metadata(content(record))

    def is_tombstoned(self, name: str) -> bool:
        """Whether `name`, or the stream whose metadata it holds, was tombstoned."""
        return self.state(name).tombstoned or (
            is_metastream(name) and self.state(original_of(name)).tombstoned
        )

    def refuses_writes(self, name: str) -> bool:
        """Whether nothing can be written to `name` any more.

        EventStoreDB's index writer looks for the end of a metastream's
        original only while it does not remember the metastream itself: one
        that was written lately can be written again.
        """
        return self.is_tombstoned(name) and not (is_metastream(name) and self._is_remembered(name))

    def _is_remembered(self, name: str) -> bool:
        state = self.state(name)
        return state.applied and not state.tombstoned

    def trim(self) -> None:
        """Forget states when there are too many; only while nothing promised is unwritten."""
        if len(self._states) > _REMEMBERED:
            self._states.clear()

    def forget(self) -> None:
        """Start over from the log."""
        self._states.clear()

    def _load(self, name: str) -> StreamState:
        newest = self._newest(name)
        tombstoned = newest is not None and newest.revision == TOMBSTONE
        if tombstoned:
            before = self._log.backwards(self._number(name), 0, TOMBSTONE - 1, 1)
            newest = before[0] if before else None
        last = NO_STREAM if newest is None else newest.revision
        if is_metastream(name):
            return StreamState(last, tombstoned, OF_METASTREAMS)
        metadata = self._newest(metastream_of(name))
        said = UNLIMITED if metadata is None else parse_metadata(content(metadata))
        return StreamState(last, tombstoned, said)

    def _newest(self, name: str) -> LogRecord | None:
        number = self._names.number(name)
        return None if number is None else self._log.last_of(number)

    def _number(self, name: str) -> int:
        number = self._names.number(name)
        assert number is not None
        return number
