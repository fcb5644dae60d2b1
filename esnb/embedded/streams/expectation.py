"""Expected revisions: the numbers the store counts with, and the protocol's fields for them."""

from __future__ import annotations

from typing import Any

from esnb.embedded.storage.record import NO_STREAM
from esnb.embedded.streams.errors import InvalidRequest
from esnb.embedded.streams.versioning import ANY, LEAST_EXPECTED, STREAM_EXISTS

_NAMED = {"no_stream": NO_STREAM, "any": ANY, "stream_exists": STREAM_EXISTS}
_NAMES = {value: name for name, value in _NAMED.items()}


def expected(options: Any, oneof: str) -> int:
    """The expected version in `oneof` of a request's options; numbers above 2**63 are negative."""
    field = options.WhichOneof(oneof)
    if field is None:
        raise InvalidRequest("the request says nothing about the expected revision")
    if field in _NAMED:
        return _NAMED[field]
    value = int(getattr(options, field))
    version = value - 2**64 if value >= 2**63 else value
    if version < LEAST_EXPECTED or version == -3:
        raise InvalidRequest(f"{value} is no expected revision")
    return version


def name(version: int) -> str | None:
    """`no_stream`, `any` or `stream_exists`; None for a revision."""
    return _NAMES.get(version)
