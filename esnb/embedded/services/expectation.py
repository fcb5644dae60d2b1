"""Expected revisions: the numbers the store counts with, and the protocol's fields for them."""

from __future__ import annotations

from typing import Any

from esnb.embedded.services.choices import chosen_field
from esnb.embedded.services.revisions import revision
from esnb.embedded.storage.record import NO_STREAM
from esnb.embedded.streams.versioning import ANY, STREAM_EXISTS

_NAMED = {"no_stream": NO_STREAM, "any": ANY, "stream_exists": STREAM_EXISTS}
_NAMES = {value: name for name, value in _NAMED.items()}


def expected_version(options: Any, oneof: str) -> int:
    """The expected version in `oneof` of a request's options."""
    field = chosen_field(options, oneof)
    if field in _NAMED:
        return _NAMED[field]
    return revision(getattr(options, field))


def name(version: int) -> str | None:
    """`no_stream`, `any` or `stream_exists`; None for a revision."""
    return _NAMES.get(version)
