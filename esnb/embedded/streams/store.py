"""The store: streams over a log, without gRPC, threads or waiting.

Every method belongs to one thread. A write is judged and prepared here, made
durable by the `Committer`, and then shown to readers by `committed`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import NamedTuple

from esnb.embedded.storage.log import LogWrite, StorageLog
from esnb.embedded.storage.names import Names
from esnb.embedded.storage.recent_ids import RecentIds
from esnb.embedded.storage.record import (
    NO_STREAM,
    TOMBSTONE,
    LogRecord,
    Proposed,
    body,
    content,
    created_entry,
    stream_field,
)
from esnb.embedded.streams.errors import StreamDeleted, WrongExpectedVersion
from esnb.embedded.streams.stream_index import StreamIndex
from esnb.embedded.streams.stream_metadata import (
    METADATA_TYPE,
    SOFT_DELETED,
    is_metastream,
    metastream_of,
    original_of,
    recreate_metadata,
)
from esnb.embedded.streams.truncation import least_visible, oldest_visible
from esnb.embedded.streams.versioning import StreamCondition, Verdict, decide

Clock = Callable[[], int]
"""Now, in units of 100 ns since 1970."""

TOMBSTONE_TYPE = "$streamDeleted"


class Written(NamedTuple):
    """Where the last event of a write is: -1 and the log's head when there was none.

    No position: the write repeats an event that cannot be read any more.
    """

    revision: int
    position: int | None


class Store:
    """Streams of events. `ahead` knows what is promised, `shown` what readers may see."""

    def __init__(self, log: StorageLog, clock: Clock) -> None:
        self.log = log
        self.clock = clock
        self.streams = Names(log.find_stream, log.stream_name, log.last_stream())
        self.types = Names(log.find_type, log.type_name, log.last_type())
        self.ahead = StreamIndex(log, self.streams)
        self.shown = StreamIndex(log, self.streams)
        self._recent = RecentIds()
        self._unwritten: dict[tuple[int, int], LogRecord] = {}
        self.head = 0
        self._last_created = 0
        self._next_position = 0
        self._rewind()

    # --- writing ------------------------------------------------------------

    def append(
        self, stream: str, expected: int, events: Sequence[Proposed]
    ) -> tuple[Written, LogWrite]:
        """Events for the end of a stream, and the batch that must be written for them.

        An append that repeats an earlier one returns that one's place and an
        empty batch. Raises `WrongExpectedVersion` or `StreamDeleted`.
        """
        recreates, repeats = self._judge(stream, expected, [event.event_id for event in events])
        if repeats is not None:
            return repeats, LogWrite()
        fixes = is_metastream(stream) and self._is_soft_deleted(original_of(stream))
        state = self.ahead.state(stream)
        first = state.last + 1
        batch = LogWrite()
        self._prepare(batch, stream, first, events)
        written = Written(state.last, self._promised_head(batch))
        if recreates:
            self._recreate(batch, stream, first)
        if fixes:
            original = original_of(stream)
            self._recreate(batch, original, self.ahead.state(original).last + 1)
        return written, batch

    def emit(self, batch: LogWrite, stream: str, events: Sequence[Proposed]) -> None:
        """Events of the server's own for the end of a stream, into `batch`.

        Nothing is expected of the stream; one that was tombstoned gets none.
        """
        if self.ahead.is_tombstoned(stream):
            return
        state = self.ahead.state(stream)
        first, recreates = state.last + 1, state.metadata.soft_deleted
        self._prepare(batch, stream, first, events, repeatable=False)
        if recreates:
            self._recreate(batch, stream, first)

    def delete(self, stream: str, expected: int) -> tuple[Written, LogWrite]:
        """Make a stream read as missing until it is appended to; same errors as `append`."""
        event_id = uuid.uuid4().bytes
        self._judge(stream, expected, [event_id])
        metastream = metastream_of(stream)
        metadata = self.ahead.state(metastream)
        state = self.ahead.state(stream)
        if state.last == NO_STREAM and metadata.last == NO_STREAM:
            raise WrongExpectedVersion(stream, expected, NO_STREAM)
        batch = LogWrite()
        event = Proposed(event_id, METADATA_TYPE, True, SOFT_DELETED, b"")
        self._prepare(batch, metastream, metadata.last + 1, [event])
        return Written(state.last, batch.records[-1].position), batch

    def tombstone(self, stream: str, expected: int) -> tuple[Written, LogWrite]:
        """End a stream for good, also one that never was; same errors as `append`."""
        event_id = uuid.uuid4().bytes
        self._judge(stream, expected, [event_id])
        batch = LogWrite()
        event = Proposed(event_id, TOMBSTONE_TYPE, False, b"", b"")
        self._prepare(batch, stream, TOMBSTONE, [event])
        return Written(TOMBSTONE, batch.records[-1].position), batch

    def committed(self, batch: LogWrite) -> list[str]:
        """The batch is on disk: show it to readers. Returns the streams that have news."""
        self.streams.written(batch.streams)
        self.types.written(batch.types)
        newest = {record.stream: record for record in batch.records}
        for record in batch.records:
            self._unwritten.pop((record.stream, record.revision), None)
        names = []
        for record in newest.values():
            name = self.streams.name(record.stream)
            self.shown.apply(record, name)
            names.append(name)
        if batch.records:
            self.head = batch.records[-1].position
        if not self._unwritten:
            self.ahead.trim()
            self.shown.trim()
        return names

    def abandon(self) -> None:
        """Writes that were promised failed: go on from what the log holds."""
        self._rewind()

    def _rewind(self) -> None:
        self._unwritten.clear()
        self.streams.forget()
        self.types.forget()
        self.ahead.forget()
        self.shown.forget()
        self._recent.fill(self.log.newest(self._recent.limit))
        head = self.log.head()
        self.head = 0 if head is None else head.position
        self._last_created = 0 if head is None else head.created
        self._next_position = 64 if head is None else head.next_position

    @property
    def promised(self) -> int:
        """The position of the last record that is promised, on disk or not."""
        return self._promised_head(LogWrite())

    def _judge(
        self, stream: str, expected: int, event_ids: list[bytes]
    ) -> tuple[bool, Written | None]:
        """Whether the write recreates the stream, and what it repeats; raises when it may not be."""
        state = self.ahead.state(stream)
        condition = StreamCondition(
            last=state.last,
            tombstoned=self.ahead.refuses_writes(stream),
            soft_deleted=state.metadata.soft_deleted,
            has_metadata=self.ahead.state(metastream_of(stream)).last != NO_STREAM,
        )
        number = self.streams.number(stream)
        decision = decide(
            expected,
            event_ids,
            condition,
            lambda event_id: self._recent.revision(event_id, number),
            lambda revision: self._id_at(number, revision),
        )
        if decision.verdict is Verdict.DELETED:
            raise StreamDeleted(stream)
        if decision.verdict is Verdict.WRONG_VERSION:
            raise WrongExpectedVersion(stream, expected, state.last)
        if decision.verdict is Verdict.ACCEPTED:
            return decision.recreates, None
        record = self._promised_at(number, decision.repeats)
        assert record is not None
        position = record.position if self._is_readable(stream, record) else None
        return False, Written(record.revision, position)

    def _is_readable(self, stream: str, record: LogRecord) -> bool:
        """Whether the stream's metadata leave an event of its own to readers."""
        state = self.ahead.state(stream)
        if self.ahead.is_tombstoned(stream) or state.metadata.soft_deleted:
            return False
        if record.revision < least_visible(state.metadata, state.last):
            return False
        oldest = oldest_visible(state.metadata, self.clock())
        return oldest is None or record.created >= oldest

    def _is_soft_deleted(self, stream: str) -> bool:
        state = self.ahead.state(stream)
        return state.metadata.soft_deleted and not state.tombstoned

    def _id_at(self, stream: int | None, revision: int) -> bytes | None:
        record = self._promised_at(stream, revision)
        return None if record is None else record.event_id

    def _promised_at(self, stream: int | None, revision: int) -> LogRecord | None:
        if stream is None:
            return None
        return self._unwritten.get((stream, revision)) or self.log.at(stream, revision)

    def _promised_head(self, batch: LogWrite) -> int:
        if batch.records:
            return batch.records[-1].position
        newest = next(reversed(self._unwritten.values()), None)
        return self.head if newest is None else newest.position

    def _prepare(
        self,
        batch: LogWrite,
        stream: str,
        first: int,
        events: Sequence[Proposed],
        *,
        repeatable: bool = True,
    ) -> None:
        """Give the events their places, from revision `first` on."""
        if not events:
            return
        number = self.streams.use(stream, batch.streams)
        created = self._last_created = max(self.clock(), self._last_created)
        named, dated = stream_field(stream), created_entry(created)
        position = self._next_position
        records = []
        for revision, event in enumerate(events, first):
            kind = self.types.use(event.type, batch.types)
            sent = body(named, revision, position, dated, event)
            record = LogRecord(position, number, revision, kind, created, event.event_id, sent)
            position = record.next_position
            records.append(record)
            self._unwritten[number, revision] = record
        batch.records += records
        if repeatable:
            self._recent.add(records)
        self._next_position = position
        self.ahead.apply(record, stream)

    def _recreate(self, batch: LogWrite, stream: str, first: int) -> None:
        """Bring back a soft-deleted stream, to be read from `first` on."""
        metastream = metastream_of(stream)
        newest = self.ahead.state(metastream).last
        record = self._promised_at(self.streams.number(metastream), newest)
        if record is None:
            return
        data = recreate_metadata(content(record).data, first)
        if data is not None:
            event = Proposed(uuid.uuid4().bytes, METADATA_TYPE, True, data, b"")
            self._prepare(batch, metastream, newest + 1, [event])
