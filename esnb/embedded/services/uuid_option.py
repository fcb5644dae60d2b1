"""In which of the protocol's two forms a reader wants the ids of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from esnb.embedded.storage import wire
from esnb.embedded.streams.errors import InvalidRequest

WriteId = Callable[[bytes], bytes]


def write_id(options: Any) -> WriteId:
    """What writes ids for these options: text where they ask for it, else two numbers.

    Where they do not ask at all it raises `InvalidRequest`, with the first id that
    is to be written: EventStoreDB, too, finds out no earlier (and then says nothing more).
    """
    if not options.HasField("uuid_option"):
        return _refuse
    wants_text = options.uuid_option.WhichOneof("content") == "string"
    return wire.text_uuid if wants_text else wire.structured_uuid


def required_write_id(options: Any) -> WriteId:
    """As `write_id`, but raises `InvalidRequest` at once."""
    if not options.HasField("uuid_option"):
        raise _missing_option()
    return write_id(options)


def _refuse(event_id: bytes) -> bytes:
    raise _missing_option()


def _missing_option() -> InvalidRequest:
    return InvalidRequest("the request does not say in which form it wants ids (uuid_option)")
