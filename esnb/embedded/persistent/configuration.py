"""The groups as the log keeps them: one event a change, which names them all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

from esnb.embedded.persistent.group_settings import ALL, EventFilter, GroupSettings, Target
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.stream_metadata import MAX_COUNT, METADATA_TYPE

STREAM = "$persistentSubscriptionConfig"
TYPE = "$PersistentConfig"
_VERSION = "2"
_TICKS = 10_000_000


class Entry(NamedTuple):
    """One group; `begin` is the first place it is to deliver while it has no checkpoint."""

    target: Target
    group: str
    settings: GroupSettings
    begin: int


def event(entries: Iterable[Entry], now: int) -> Proposed:
    """The event that keeps the groups. `now` counts 100 ns since 1970."""
    data = {
        "version": _VERSION,
        "updated": datetime.fromtimestamp(now / _TICKS, UTC).isoformat(),
        "entries": [_written(entry) for entry in entries],
    }
    return Proposed(uuid.uuid4().bytes, TYPE, True, json.dumps(data).encode(), b"")


def metadata() -> Proposed:
    """The stream's metadata: old configurations need not be kept."""
    data = json.dumps({MAX_COUNT: 2}).encode()
    return Proposed(uuid.uuid4().bytes, METADATA_TYPE, True, data, b"")


def entries(data: bytes) -> list[Entry]:
    """The groups that an event keeps."""
    return [_read(entry) for entry in json.loads(data)["entries"]]


def _written(entry: Entry) -> dict[str, Any]:
    written: dict[str, Any] = {"stream": entry.target.name, "group": entry.group}
    if entry.target.filter is not None:
        written["filter"] = entry.target.filter._asdict()
    return written | asdict(entry.settings) | {"begin": entry.begin}


def _read(entry: dict[str, Any]) -> Entry:
    stream, group = entry.pop("stream"), entry.pop("group")
    filter, begin = entry.pop("filter", None), entry.pop("begin")
    if filter is not None:
        filter = EventFilter(filter["by_stream"], filter["regex"], tuple(filter["prefixes"]))
    target = Target(None if stream == ALL else stream, filter)
    return Entry(target, group, GroupSettings(**entry), begin)
