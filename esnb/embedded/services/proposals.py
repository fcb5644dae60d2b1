"""Events as the append calls carry them, and where they went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from esnb.embedded.storage import wire
from esnb.embedded.storage.record import JSON, NO_STREAM, Proposed
from esnb.embedded.streams.errors import AppendTooLarge, InvalidRequest, MetadataMissing
from esnb.embedded.streams.store import Written

MAX_APPEND_SIZE = 1024 * 1024
MOST_HELD = 64 * 1024 * 1024
"""Bytes of one append that memory has room for, whatever of them counts as its size."""
_OVERHEAD = 100
"""About what an event takes in memory besides its parts."""
_NO_ID = bytes(16)
_NOT_A_UUID = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."


def stream_name(options: Any) -> str:
    """The stream that a request's options name."""
    raw: bytes = options.stream_identifier.stream_name
    if not raw:
        raise InvalidRequest("the request names no stream")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the stream's name is not UTF-8: {raw!r}") from error


def uuid_in(message: Any, field: str) -> bytes:
    """The id in a message's field; raises `InvalidRequest` in EventStoreDB's words."""
    if not message.HasField(field):
        raise InvalidRequest("Value cannot be null. (Parameter 'dto')")
    sent = getattr(message, field)
    form = sent.WhichOneof("value")
    if form is None:
        raise InvalidRequest("Invalid argument: None (Parameter 'dto')")
    if form == "structured":
        halves = sent.structured
        return wire.parsed_uuid("", halves.most_significant_bits, halves.least_significant_bits)
    try:
        if sent.string:
            return wire.parsed_uuid(sent.string, 0, 0)
    except ValueError as error:
        raise InvalidRequest(_NOT_A_UUID) from error
    raise InvalidRequest("Unrecognized Guid format.")


class Accumulation:
    """The events of one append as they come in, refused when they grow too large.

    The two appends check in different orders: alone, an event's metadata and the
    size come first; in a batch its id does, and the size when a part is complete.
    """

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self.events: list[Proposed] = []
        self._most_held = most_held
        self.held = 0
        """Bytes of memory, about."""
        self._size = 0

    def add(self, message: Any) -> None:
        """Take one more; raises `MetadataMissing`, `AppendTooLarge` or `InvalidRequest`."""
        type, is_json = _type_and_format(message)
        self._grow(message)
        self.events.append(_event(uuid_in(message, "id"), type, is_json, message))

    def add_part(self, messages: Iterable[Any]) -> None:
        """Take some more; raises `InvalidRequest`, `MetadataMissing` or `AppendTooLarge`."""
        part = list(messages)
        for message in part:
            event_id = uuid_in(message, "id")
            self.events.append(_event(event_id, *_type_and_format(message), message))
        for message in part:
            self._grow(message)

    def _grow(self, message: Any) -> None:
        """EventStoreDB 23.10 means to count metadata and types, too, but leaves them out."""
        self._size += len(message.data)
        parts = message.data, message.custom_metadata, message.metadata["type"]
        self.held += sum(map(len, parts)) + _OVERHEAD
        if self._size > MAX_APPEND_SIZE or self.held > self._most_held:
            raise AppendTooLarge(MAX_APPEND_SIZE)


def _type_and_format(message: Any) -> tuple[str, bool]:
    """The event's type, and whether it is JSON."""
    for key in ("type", "content-type"):
        if key not in message.metadata:
            raise MetadataMissing(key)
    return message.metadata["type"], message.metadata["content-type"] == JSON


def _event(event_id: bytes, type: str, is_json: bool, message: Any) -> Proposed:
    if event_id == _NO_ID:
        raise InvalidRequest("Empty eventId provided. (Parameter 'eventId')")
    if not type:
        raise InvalidRequest("Empty eventType provided. (Parameter 'eventType')")
    return Proposed(event_id, type, is_json, message.data, message.custom_metadata)


def put_written(success: Any, written: Written) -> None:
    """Say in an answer's `success` where the last event is."""
    if written.revision == NO_STREAM:
        success.no_stream.SetInParent()
    else:
        success.current_revision = written.revision
    put_position(success, written.position)


def put_position(answer: Any, position: int | None) -> None:
    """Say in an answer where in `$all` a write went, or that this cannot be said."""
    if position is None:
        answer.no_position.SetInParent()
        return
    answer.position.commit_position = position
    answer.position.prepare_position = position
