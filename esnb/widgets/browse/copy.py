"""An event to be copied: as Python that runs, as JSON that every parser accepts."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from esnb.literals.layout import written
from esnb.literals.literal import SourceWriter
from esnb.sources.page import PageEvent
from esnb.values.ordered_repr import in_order, safe_repr

_DEEPEST = 100
"""Levels that are written out; a text replaces what is below them."""
_WIDE = 80
"""Columns up to which a container stays on one line."""


def as_python(event: PageEvent) -> str:
    """`event = {…}`, with the imports that its values need."""
    source = SourceWriter(["event"], describe=safe_repr, deepest=_DEEPEST)
    text = written(source.literal(envelope(event)), _WIDE)
    return "".join(f"{line}\n" for line in source.imports.lines()) + f"event = {text}\n"


def as_json(event: PageEvent) -> str:
    """The event as strict JSON; what JSON cannot express is written as text."""
    text = json.dumps(_plain(envelope(event), _DEEPEST), indent=2, ensure_ascii=False)
    # What cannot be seen is escaped: line breaks between the entries stay.
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text) + "\n"


def envelope(event: PageEvent) -> dict[str, Any]:
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
    return value if value is None or type(value) in (str, bool) else safe_repr(value)


def _key(key: Any) -> str:
    return key if type(key) is str else safe_repr(key)


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _digits() -> int:
    """Bits of an integer that Python still writes in decimals."""
    return int((sys.get_int_max_str_digits() or sys.maxsize // 4) * 3.3)
