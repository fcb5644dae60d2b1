"""What the state of an aggregate is, whatever kind of object it is.

Its instance attributes, slots included: those of dataclasses, msgspec structs,
pydantic models and ordinary classes. Left out is what the library keeps for
itself (`_id`, `_version`, `_created_on`, `_modified_on`, `_pending_events`) and
the `id` and `version` that every aggregate has: they are the question, the
`version` column and the `time` column already. Private attributes belong to the
state: a change of theirs would otherwise look like none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from eventsourcing.domain import BaseAggregate

State = dict[str, Any]

_IDENTITY = frozenset({"id", "version"})
_BOOKKEEPING = frozenset({"_id", "_version", "_created_on", "_modified_on", "_pending_events"})
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ATOMS = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        Decimal,
        UUID,
        datetime,
        date,
        time,
        timedelta,
    }
)


def attributes(value: object) -> Iterator[tuple[str, Any]]:
    """The instance attributes of an object, in the order of their definition."""
    if isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in value.items())
        return
    names = dict.fromkeys(getattr(value, "_fields", ()))  # a named tuple's
    for kind in reversed(type(value).__mro__):
        slots = kind.__dict__.get("__slots__", ())
        names |= dict.fromkeys([slots] if isinstance(slots, str) else slots)
    names |= dict.fromkeys(getattr(value, "__dict__", ()))
    for name in names:
        if not (name.startswith("__") and name.endswith("__")) and hasattr(value, name):
            yield name, getattr(value, name)


def state_of(aggregate: object) -> State:
    """The fields of an aggregate's state: the values themselves, not copies of them."""
    hidden = _IDENTITY | _BOOKKEEPING if isinstance(aggregate, BaseAggregate) else _IDENTITY
    return {name: value for name, value in attributes(aggregate) if name not in hidden}


def full_state_of(aggregate: object) -> State:
    """All that a snapshot must bring back: the state and the library's own fields."""
    return {name: value for name, value in attributes(aggregate) if name != "_pending_events"}


def kept(value: Any) -> Any:
    """A copy that later events cannot change; of what cannot be copied, its text."""
    if type(value) in _ATOMS or isinstance(value, Enum):
        return value
    try:
        return deepcopy(value)
    except Exception:  # noqa: BLE001  whatever its own __deepcopy__ raises
        return text_of(value)


def text_of(value: Any) -> str:
    """How a value reads in a text: the same at every run, and never an exception."""
    try:
        if isinstance(value, Enum):
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, Decimal | UUID | date | time | timedelta):
            return str(value)
        return _ADDRESS.sub("", repr(value))
    except Exception as error:  # noqa: BLE001  whatever its own __repr__ raises
        return f"<{type(value).__qualname__}: no text, {type(error).__name__}>"
