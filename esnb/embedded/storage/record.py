"""What the log holds: one record an event, ready to be sent."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from google.protobuf.message import DecodeError

from esnb.clients.installed import streams_pb2
from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.storage.wire import tagged, varint

TOMBSTONE = 2**63 - 1
"""The revision of `$streamDeleted`, and the `$tb` of a soft-deleted stream."""
NO_STREAM = -1

LINK = "$>"
JSON = "application/json"
BINARY = "application/octet-stream"

RECORDED = streams_pb2.ReadResp.ReadEvent.RecordedEvent


class LogRecord(NamedTuple):
    """One event of the log.

    `position` is commit and prepare position in one: strictly increasing, with
    gaps, as byte offsets in a real log have. `stream` and `type` are the log's
    numbers for the names. `created` counts 100 ns since 1970. `body` is the
    protocol's `RecordedEvent` without its id (which a client may want in either
    of two forms), so that a read need not build it again.
    """

    position: int
    stream: int
    revision: int
    type: int
    created: int
    event_id: bytes
    body: bytes

    @property
    def next_position(self) -> int:
        """The first position a later record may have."""
        return self.position + 64 + len(self.body)


class Proposed(NamedTuple):
    """An event as a client sends it."""

    event_id: bytes
    type: str
    is_json: bool
    data: bytes
    metadata: bytes


class Content(NamedTuple):
    """The parts of a record that its columns do not hold."""

    is_json: bool
    data: bytes
    metadata: bytes


def stream_field(stream_name: str) -> bytes:
    """Field 2 of a recorded event: its stream."""
    return tagged(2, tagged(3, stream_name.encode()))


def created_entry(created: int) -> bytes:
    """The metadata entry that says when an event was recorded."""
    return _entry(b"created", b"%d" % created)


@lru_cache(maxsize=4096)
def type_entries(type: str, is_json: bool) -> bytes:
    """The metadata entries that say what an event is."""
    content_type = JSON if is_json else BINARY
    return _entry(b"type", type.encode()) + _entry(b"content-type", content_type.encode())


def body(stream: bytes, revision: int, position: int, created: bytes, proposed: Proposed) -> bytes:
    """The protocol's `RecordedEvent` without the id.

    `stream` and `created` are its `stream_field` and `created_entry`, which the
    events of one append have in common.
    """
    _, type, is_json, data, metadata = proposed
    place = varint(position)
    return b"".join(
        (
            stream,
            b"\x18" + varint(revision) if revision else b"",
            b"\x20" + place + b"\x28" + place,
            type_entries(type, is_json),
            created,
            b"\x3a" + varint(len(metadata)) + metadata if metadata else b"",
            b"\x42" + varint(len(data)) + data if data else b"",
        )
    )


def _entry(key: bytes, value: bytes) -> bytes:
    return tagged(6, tagged(1, key) + tagged(2, value))


def content(record: LogRecord) -> Content:
    """The record's data and metadata, taken from its body."""
    try:
        message = RECORDED.FromString(record.body)
    except DecodeError as error:
        raise LogDamaged(
            f"the event at position {record.position} of the event log is damaged: restore the "
            "log from a copy, or choose another path"
        ) from error
    return Content(message.metadata["content-type"] == JSON, message.data, message.custom_metadata)
