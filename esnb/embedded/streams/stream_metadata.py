"""Stream metadata: what `$metadata` events in `$$S` say about stream S."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from esnb.embedded.storage.record import TOMBSTONE, Content

METASTREAM = "$$"
METADATA_TYPE = "$metadata"
TRUNCATE_BEFORE = "$tb"
MAX_COUNT = "$maxCount"
MAX_AGE = "$maxAge"

_TICKS = 10_000_000  # 100 ns each, as `created` counts


class StreamMetadata(NamedTuple):
    """What of a stream a reader may see. `max_age` is in units of 100 ns."""

    max_count: int | None = None
    max_age: int | None = None
    truncate_before: int | None = None

    @property
    def soft_deleted(self) -> bool:
        """Whether the stream reads as if it were not there."""
        return self.truncate_before == TOMBSTONE


UNLIMITED = StreamMetadata()
OF_METASTREAMS = StreamMetadata(max_count=1)
"""Only the newest metadata of a stream can be read."""
SOFT_DELETED = b'{"$tb":9223372036854775807}'


def is_metastream(name: str) -> bool:
    """Whether `name` holds the metadata of another stream."""
    return name.startswith(METASTREAM)


def metastream_of(name: str) -> str:
    """The stream that holds the metadata of `name`."""
    return METASTREAM + name


def original_of(name: str) -> str:
    """The stream whose metadata `name` holds."""
    return name[len(METASTREAM) :]


def parse_metadata(content: Content | None) -> StreamMetadata:
    """What the newest metadata event says; anything that is not sound says nothing.

    EventStoreDB takes such metadata as they are and ignores the whole of them.
    """
    if content is None or not content.is_json:
        return UNLIMITED
    try:
        fields = json.loads(content.data)
        if not isinstance(fields, dict):
            return UNLIMITED
        age = _whole(fields.get(MAX_AGE), least=1)
        return StreamMetadata(
            max_count=_whole(fields.get(MAX_COUNT), least=1),
            max_age=None if age is None else age * _TICKS,
            truncate_before=_whole(fields.get(TRUNCATE_BEFORE), least=0),
        )
    except (ValueError, RecursionError):
        return UNLIMITED


def _whole(value: Any, *, least: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= TOMBSTONE:
        raise ValueError(value)
    return value


def recreate_metadata(data: bytes, first_revision: int) -> bytes | None:
    """The metadata with `$tb` set to where the stream starts again; None when they are not an object."""
    try:
        fields = json.loads(data)
        if not isinstance(fields, dict):
            return None
        fields[TRUNCATE_BEFORE] = first_revision
        text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    # JSON can hold halves of characters, but only escaped.
    return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):x}", text).encode()
