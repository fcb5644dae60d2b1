"""An event to be copied: as Python that runs, as JSON that every parser takes."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from esnb._text import in_order
from esnb.frames._page import Event
from esnb.widgets._values import describe

_DEEPEST = 100
"""Levels that are written out; below them a text says what was there."""
_WIDE = 80
"""Columns up to which a container stays on one line."""

_IMPORTS: dict[type, str] = {
    datetime: "import datetime",
    date: "import datetime",
    time: "import datetime",
    timedelta: "import datetime",
    Decimal: "from decimal import Decimal",
    UUID: "from uuid import UUID",
}

_BRACKETS: dict[Any, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    frozenset: ("frozenset({", "})"),
}


def as_python(event: Event) -> str:
    """`event = {…}`, with the imports that its values need."""
    needed: set[str] = set()
    written = _python(envelope(event), 0, needed)
    return "".join(f"{line}\n" for line in sorted(needed)) + f"event = {written}\n"


def as_json(event: Event) -> str:
    """The event as strict JSON: what JSON has no form for is written as text."""
    text = json.dumps(_plain(envelope(event), _DEEPEST), indent=2, ensure_ascii=False)
    # What cannot be seen is escaped: line breaks between the entries stay.
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text) + "\n"


def envelope(event: Event) -> dict[str, Any]:
    """The event as one dict: what a row of `esnb.events` holds."""
    record = event.record
    found = {
        "stream": record.stream,
        "version": record.version,
        "type": record.type,
        "time": event.time,
        "data": event.data,
        "position": record.position,
        "event_id": record.event_id,
        "metadata": event.metadata,
    }
    always = ("stream", "version", "type", "data")
    return {name: value for name, value in found.items() if value is not None or name in always}


def _python(value: Any, level: int, needed: set[str]) -> str:
    if level > _DEEPEST:
        return repr(f"… deeper than {_DEEPEST} levels")
    kind = type(value)
    if kind in (dict, list, tuple, set, frozenset):
        return _container(value, level, needed)
    if kind is float and not math.isfinite(value):
        return f'float("{value}")'
    if kind in (str, bytes, bool, float, type(None)):
        return repr(value)
    if kind is int:
        return hex(value) if value.bit_length() > _digits() else repr(value)
    if kind in _IMPORTS:
        needed.add(_IMPORTS[kind])
        return repr(value)
    return repr(describe(value))


def _container(value: Any, level: int, needed: set[str]) -> str:
    kind: Any = type(value)
    if not value:
        return {dict: "{}", list: "[]", tuple: "()"}.get(kind, f"{kind.__name__}()")
    opening, closing = _BRACKETS.get(kind, ("{", "}"))
    if kind is dict:
        parts = [
            f"{_python(key, level + 1, needed)}: {_python(inner, level + 1, needed)}"
            for key, inner in value.items()
        ]
    else:
        items = in_order(value) if isinstance(value, Set) else value
        parts = [_python(each, level + 1, needed) for each in items]
    comma = "," if kind is tuple and len(parts) == 1 else ""
    whole = f"{opening}{', '.join(parts)}{comma}{closing}"
    if len(whole) + 4 * level <= _WIDE and "\n" not in whole:
        return whole
    inner = "".join(f"{'    ' * (level + 1)}{part},\n" for part in parts)
    return f"{opening}\n{inner}{'    ' * level}{closing}"


def _plain(value: Any, levels: int) -> Any:
    """The value in JSON's own types."""
    if levels < 0:
        return f"… deeper than {_DEEPEST} levels"
    if isinstance(value, Mapping):
        return {_key(key): _plain(inner, levels - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, levels - 1) for inner in value]
    if isinstance(value, Set):
        return [_plain(inner, levels - 1) for inner in in_order(value)]
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal | timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "backslashreplace")
    if type(value) is float:
        return value if math.isfinite(value) else str(value)
    if type(value) is int:
        return hex(value) if value.bit_length() > _digits() else value
    return value if value is None or type(value) in (str, bool) else describe(value)


def _key(key: Any) -> str:
    return key if type(key) is str else describe(key)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _digits() -> int:
    """Bits of an integer that Python still writes in decimals."""
    return int((sys.get_int_max_str_digits() or sys.maxsize // 4) * 3.3)
