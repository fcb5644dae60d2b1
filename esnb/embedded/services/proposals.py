"""Events as the append calls carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from esnb.embedded.storage import wire
from esnb.embedded.storage.record import JSON, Proposed
from esnb.embedded.streams.errors import AppendTooLarge, InvalidRequest, MetadataMissing

MAX_APPEND_SIZE = 1024 * 1024


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
    for key in ("type", "content-type"):
        if key not in metadata:
            raise MetadataMissing(key)
    sent = message.id
    try:
        event_id = wire.parsed_uuid(
            sent.string,
            sent.structured.most_significant_bits,
            sent.structured.least_significant_bits,
        )
    except ValueError as error:
        raise InvalidRequest(f"event id {sent.string!r} is not a UUID") from error
    if not any(event_id):
        raise InvalidRequest("an event has no id")
    return Proposed(
        event_id,
        metadata["type"],
        metadata["content-type"] == JSON,
        message.data,
        message.custom_metadata,
    )


class Accumulation:
    """The events of one append as they come in, refused when they grow too large."""

    def __init__(self) -> None:
        self.events: list[Proposed] = []
        self._size = 0

    def add(self, messages: Iterable[Any]) -> None:
        """Take some more; raises `AppendTooLarge`, `MetadataMissing` or `InvalidRequest`."""
        for message in messages:
            event = proposed(message)
            self._size += event.size
            if self._size > MAX_APPEND_SIZE:
                raise AppendTooLarge(MAX_APPEND_SIZE)
            self.events.append(event)
