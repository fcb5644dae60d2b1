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


def stream_name(options: Any) -> str:
    """The stream that a request's options name."""
    raw: bytes = options.stream_identifier.stream_name
    if not raw:
        raise InvalidRequest("the request names no stream")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"the stream's name is not UTF-8: {raw!r}") from error


def proposed(message: Any) -> Proposed:
    """The event that one `ProposedMessage` carries."""
    metadata = message.metadata
    type, content_type = metadata.get("type"), metadata.get("content-type")
    if type is None or content_type is None:
        raise MetadataMissing("type" if type is None else "content-type")
    sent = message.id
    text = sent.string
    try:
        if text:
            event_id = wire.parsed_uuid(text, 0, 0)
        else:
            halves = sent.structured
            event_id = wire.parsed_uuid(
                "", halves.most_significant_bits, halves.least_significant_bits
            )
    except ValueError as error:
        raise InvalidRequest(f"event id {text!r} is not a UUID") from error
    if event_id == _NO_ID:
        raise InvalidRequest("an event has no id")
    if not type:
        raise InvalidRequest("an event has no type")
    return Proposed(
        event_id,
        type,
        content_type == JSON,
        message.data,
        message.custom_metadata,
    )


class Accumulation:
    """The events of one append as they come in, refused when they grow too large."""

    def __init__(self) -> None:
        self.events: list[Proposed] = []
        self.held = 0
        """Bytes of memory, about."""
        self._size = 0

    def add(self, messages: Iterable[Any]) -> None:
        """Take some more; raises `AppendTooLarge`, `MetadataMissing` or `InvalidRequest`."""
        for message in messages:
            event = proposed(message)
            self._size += event.size
            self.held += len(event.data) + len(event.metadata) + len(event.type) + _OVERHEAD
            if self._size > MAX_APPEND_SIZE or self.held > MOST_HELD:
                raise AppendTooLarge(MAX_APPEND_SIZE)
            self.events.append(event)


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
