"""The groups as the log keeps them: one event a change, which names them all."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from esnb.embedded.persistent.group_settings import (
    ALL,
    END,
    EventFilter,
    GroupSettings,
    GroupTarget,
)
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.errors import quote
from esnb.embedded.streams.stream_metadata import MAX_COUNT, METADATA_TYPE

STREAM = "$persistentSubscriptionConfig"
TYPE = "$PersistentConfig"
_VERSION = "2"
_TICKS = 10_000_000


class Entry(NamedTuple):
    """One group; `begin` is the first place it is to deliver while it has no checkpoint."""

    target: GroupTarget
    group: str
    settings: GroupSettings
    begin: int


def event(entries: Iterable[Entry], now: int) -> Proposed:
    """The event that keeps the groups. `now` counts 100 ns since 1970."""
    data = {
        "version": _VERSION,
        "updated": datetime.fromtimestamp(now / _TICKS, UTC).isoformat(),
        "entries": [_encode_entry(entry) for entry in entries],
    }
    return Proposed(uuid.uuid4().bytes, TYPE, True, json.dumps(data).encode(), b"")


def metadata() -> Proposed:
    """The stream's metadata: old configurations need not be kept."""
    data = json.dumps({MAX_COUNT: 2}).encode()
    return Proposed(uuid.uuid4().bytes, METADATA_TYPE, True, data, b"")


class Configuration(NamedTuple):
    """What an event says of the groups; `unsound` has those that no server can have kept."""

    entries: list[Entry]
    unsound: list[Unsound]


class Unsound(NamedTuple):
    """A group that cannot be served as it is written; its names are '' where they are none."""

    target: str
    group: str
    reason: str


def read(data: bytes) -> Configuration:
    """The groups that an event keeps; raises ValueError, TypeError or KeyError for any other."""
    found = Configuration([], [])
    written = json.loads(data)["entries"]
    if not isinstance(written, list):
        raise TypeError(written)
    for entry in written:
        try:
            found.entries.append(_read(entry))
        except (ValueError, TypeError) as error:
            names = entry if isinstance(entry, dict) else {}
            target, group = (str(names.get(key, "")) for key in ("stream", "group"))
            found.unsound.append(Unsound(target, group, str(error)))
    return found


def _encode_entry(entry: Entry) -> dict[str, Any]:
    written: dict[str, Any] = {"stream": entry.target.name, "group": entry.group}
    if entry.target.filter is not None:
        written["filter"] = entry.target.filter._asdict()
    return written | dataclasses.asdict(entry.settings) | {"begin": entry.begin}


def _read(entry: Any) -> Entry:
    if not isinstance(entry, dict):
        raise TypeError(f"{quote(repr(entry))} is not a group")
    stream, group = _name(entry, "stream"), _name(entry, "group")
    filter = _filter(entry.get("filter"))
    if filter is not None and stream != ALL:
        raise ValueError("only groups on $all have a filter")
    known = {field.name: field.type for field in dataclasses.fields(GroupSettings)}
    settings = {name: _value(entry, name, str(kind)) for name, kind in known.items()}
    surplus = entry.keys() - known.keys() - {"stream", "group", "filter", "begin"}
    if surplus:
        raise ValueError(f"{', '.join(sorted(surplus))} is not a setting")
    begin = _value(entry, "begin", "int")
    if begin < END:
        raise ValueError(f"begin is {begin}")
    target = GroupTarget(None if stream == ALL else stream, filter)
    return Entry(target, group, GroupSettings(**settings), begin)


def _filter(written: Any) -> EventFilter | None:
    if written is None:
        return None
    if not isinstance(written, dict):
        raise TypeError(f"the filter is {quote(repr(written))}")
    prefixes = written.get("prefixes")
    if not isinstance(prefixes, list) or not all(isinstance(prefix, str) for prefix in prefixes):
        raise TypeError(f"the filter's prefixes are {quote(repr(prefixes))}")
    by_stream, regex = _value(written, "by_stream", "bool"), _value(written, "regex", "str")
    return EventFilter(by_stream, regex, tuple(prefixes))


def _name(entry: dict[str, Any], key: str) -> str:
    name = _value(entry, key, "str")
    name.encode()  # JSON can hold halves of characters, a name cannot
    if not name:
        raise ValueError(f"{key} is empty")
    return str(name)


def _value(entry: dict[str, Any], key: str, kind: str) -> Any:
    """The value, which must be of that type; the protocol's numbers have 64 bits at most."""
    if key not in entry:
        raise ValueError(f"{key} is missing")
    value = entry[key]
    if type(value).__name__ != kind or (kind == "int" and not -(2**63) <= value < 2**63):
        raise TypeError(f"{key} is {quote(repr(value))}")
    return value
