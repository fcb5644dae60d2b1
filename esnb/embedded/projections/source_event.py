"""What a projection sees of a record."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from esnb.embedded.storage.record import LINK, TOMBSTONE, Content, LogRecord, content
from esnb.embedded.streams.store import TOMBSTONE_TYPE, Store
from esnb.embedded.streams.stream_metadata import (
    METADATA_TYPE,
    is_metastream,
    original_of,
    parse_metadata,
)

_REMEMBERED = 100_000


class SourceStream(NamedTuple):
    """A stream that projections look at. `original`: whose metadata it holds, else itself."""

    name: str
    original: str
    is_metastream: bool


class SourceEvent:
    """One event that projections look at. `deletes`: it ends the stream `original`."""

    __slots__ = ("_content", "_fields", "deletes", "record", "stream", "type")

    def __init__(self, record: LogRecord, stream: SourceStream, type: str) -> None:
        self.record = record
        self.stream = stream
        self.type = type
        self._content: Content | None = None
        self._fields: dict[str, Any] | None = None
        if stream.is_metastream:
            self.deletes = type == METADATA_TYPE and parse_metadata(self.content).soft_deleted
        else:
            self.deletes = type == TOMBSTONE_TYPE and record.revision == TOMBSTONE

    @property
    def content(self) -> Content:
        """Data and metadata."""
        if self._content is None:
            self._content = content(self.record)
        return self._content

    @property
    def metadata(self) -> dict[str, Any]:
        """The fields of the event's metadata; none where these are not a JSON object."""
        if self._fields is None:
            try:
                found = json.loads(self.content.metadata)
            except (ValueError, RecursionError):
                found = None
            self._fields = found if isinstance(found, dict) else {}
        return self._fields

    def mentions(self, name: bytes) -> bool:
        """Whether the event can have `name` in its metadata: spares most events the parsing."""
        return name in self.record.body

    @property
    def link(self) -> bytes:
        """What a link to this event holds; a link's own target for a link."""
        if self.type == LINK:
            return self.content.data
        return b"%d@%s" % (self.record.revision, self.stream.name.encode())


class Sources:
    """Tells which records projections look at.

    EventStoreDB passes over system streams, and so over the projections' own;
    not over the metadata of other streams.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._streams: dict[int, SourceStream | None] = {}

    def event(self, record: LogRecord) -> SourceEvent | None:
        """The record as projections see it; None when they do not."""
        if record.stream not in self._streams:
            if len(self._streams) > _REMEMBERED:
                self._streams.clear()
            name = self._store.streams.name(record.stream)
            self._streams[record.stream] = source_stream(name)
        stream = self._streams[record.stream]
        if stream is None:
            return None
        return SourceEvent(record, stream, self._store.types.name(record.type))


def source_stream(name: str) -> SourceStream | None:
    """The stream as projections see it; None when they do not."""
    if not name.startswith("$"):
        return SourceStream(name, name, False)
    if is_metastream(name) and not original_of(name).startswith("$"):
        return SourceStream(name, original_of(name), True)
    return None
