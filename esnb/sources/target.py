"""Events of an exported log, appended to EventStoreDB streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

from esnb import topics
from esnb.clients.installed import Client, NewEvent, StreamIsDeleted, StreamState
from esnb.eventstoredb.envelope import APPLICATION, new_event, write_metadata
from esnb.sources.record import ORIGINAL_TIME, Record
from esnb.topics import TOPIC
from esnb.values.strict_json import OCTETS, is_json

_IDS = UUID("6c0c8b1e-5b0f-4d0c-9a2f-5f4d1c8f2f6e")
"""Begins the ids of events that had none: the same event gets the same id."""


class ServerTarget:
    """A database; `stream_name` says how the stream of a file is called there."""

    def __init__(
        self,
        client: Client,
        stream_name: Callable[[str], str],
        application: str | None,
        encode: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._client = client
        self._stream_name = stream_name
        self._application = application
        self._encode = encode
        self._sizes: dict[str, int] = {}

    def has(self, stream: str) -> bool:
        try:
            found = self._client.get_current_version(self._stream_name(stream))
        except StreamIsDeleted:  # tombstoned: nothing can be appended
            return True
        return found is not StreamState.NO_STREAM

    def store(self, stream: str, records: Sequence[Record]) -> None:
        name = self._stream_name(stream)
        size = self._sizes.get(name, 0)
        self._client.append_to_stream(
            name,
            current_version=size - 1 if size else StreamState.NO_STREAM,
            events=[self._event(record) for record in records],
        )
        self._sizes[name] = size + len(records)

    def close(self, stream: str) -> None:
        self._client.tombstone_stream(self._stream_name(stream), current_version=StreamState.ANY)

    def _event(self, record: Record) -> NewEvent:
        state = record.state if record.is_as_stored else self._encode(record.state)
        announced = record.content_type
        announces_json = is_json(state) if announced is None else announced != OCTETS
        return new_event(
            self._type(record), state, self._metadata(record), announces_json, id=self._id(record)
        )

    def _type(self, record: Record) -> str:
        """The type on the wire: short where the metadata have the topic."""
        known = record.metadata.get(TOPIC) if isinstance(record.metadata, dict) else None
        if self._application is None and known != record.topic:
            return record.topic
        return topics.short_type(record.topic)

    def _metadata(self, record: Record) -> bytes:
        """With what esnb's adapter needs, and the time at which the event was recorded first."""
        if isinstance(record.metadata, bytes):
            return record.metadata
        metadata: dict[str, Any] = {}
        if self._application is not None:
            metadata = {TOPIC: record.topic, APPLICATION: self._application}
        if isinstance(record.metadata, dict):
            metadata |= record.metadata
        if record.recorded is not None:
            metadata[ORIGINAL_TIME] = record.recorded.isoformat()
        return write_metadata(metadata) if metadata else b""

    def _id(self, record: Record) -> UUID:
        name = record.event_id or f"{self._application}/{record.stream}/{record.version}"
        try:
            return UUID(name)
        except ValueError:
            return uuid5(_IDS, name)
