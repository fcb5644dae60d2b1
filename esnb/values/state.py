"""What the state of an aggregate is, whatever kind of object it is.

Its instance attributes, slots included: those of dataclasses, msgspec structs,
pydantic models and ordinary classes. Left out is what the library keeps for
itself (`_id`, `_version`, `_created_on`, `_modified_on`, `_pending_events`) and
the `id` and `version` that every aggregate has: the caller knows the id, and the
`version` and `time` columns show the others. Private attributes belong to the
state: a change to one would otherwise look like no change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from eventsourcing.domain import BaseAggregate

from esnb.values.attributes import instance_attributes
from esnb.values.ordered_repr import in_order, ordered_repr, safe_repr

AggregateState = dict[str, Any]

_IDENTITY = frozenset({"id", "version"})
_BOOKKEEPING = frozenset({"_id", "_version", "_created_on", "_modified_on", "_pending_events"})
ATOMS = frozenset(
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
"""Types whose values hold no others and never change."""
_CONTAINERS = frozenset({set, frozenset, tuple, dict, list})


def attributes(value: object) -> Iterator[tuple[str, Any]]:
    """The instance attributes of an object, in the order of their definition."""
    if isinstance(value, Mapping):
        yield from ((written(key), inner) for key, inner in value.items())
        return
    yield from instance_attributes(value)


def state_of(aggregate: object) -> AggregateState:
    """The fields of an aggregate's state: the values themselves, not copies of them."""
    hidden = _IDENTITY | _BOOKKEEPING if isinstance(aggregate, BaseAggregate) else _IDENTITY
    return {name: value for name, value in attributes(aggregate) if name not in hidden}


def full_state_of(aggregate: object) -> AggregateState:
    """All that a snapshot must bring back: the state and the library's own fields."""
    return {name: value for name, value in attributes(aggregate) if name != "_pending_events"}


def kept(value: Any) -> Any:
    """A copy that later events cannot change; for what cannot be copied, its text.

    Sets in it are read in order, since pandas writes them as they are read.
    """
    if type(value) in ATOMS or isinstance(value, Enum):
        return value
    try:
        return with_sets_in_order(deepcopy(value))
    except Exception:  # noqa: BLE001  whatever its own __deepcopy__ raises
        return text_of(value)


class OrderedSet(set[Any]):
    """A set that is read in the same order in every process; a copy of it is a plain set."""

    def __iter__(self) -> Iterator[Any]:
        return iter(in_order(super().__iter__()))

    def __repr__(self) -> str:
        return ordered_repr(set(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return set, (list(self),)


class OrderedFrozenset(frozenset[Any]):
    """The same for a frozenset."""

    def __iter__(self) -> Iterator[Any]:
        return iter(in_order(super().__iter__()))

    def __repr__(self) -> str:
        return ordered_repr(frozenset(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return frozenset, (list(self),)


def with_sets_in_order(value: Any) -> Any:
    """`value` with ordered sets for the sets in it; its lists and dicts are changed."""
    return _ordered(value, 20, {})


def _ordered(value: Any, levels: int, seen: dict[int, tuple[Any, Any]]) -> Any:
    """The same for a part; `seen` keeps each one visited alive, so that its id is not reused."""
    kind = type(value)
    if kind not in _CONTAINERS or not levels:
        return value
    if id(value) not in seen:
        seen[id(value)] = value, value
        seen[id(value)] = value, _ordered_container(value, levels - 1, seen)
    return seen[id(value)][1]


def _ordered_container(value: Any, levels: int, seen: dict[int, tuple[Any, Any]]) -> Any:
    kind = type(value)
    if kind is set:
        return OrderedSet(value)
    if kind is frozenset:
        return OrderedFrozenset(value)
    if kind is tuple:
        return tuple(_ordered(inner, levels, seen) for inner in value)
    if kind is dict:
        pairs = list(value.items())
        value.clear()  # an equal key would otherwise stay the object that it is
        value.update(
            (_ordered(key, levels, seen), _ordered(inner, levels, seen)) for key, inner in pairs
        )
    else:
        for place, inner in enumerate(value):
            value[place] = _ordered(inner, levels, seen)
    return value


def written(value: Any) -> str:
    """`str(value)`; where that raises, a text that says so."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001  whatever its own __str__ raises
        return text_of(value)


def text_of(value: Any, write: Callable[[Any], str] = safe_repr) -> str:
    """How a value reads in a text: the same at every run, and never an exception."""
    try:
        if isinstance(value, Enum):
            return f"{type(value).__name__}.{value.name}"
        if isinstance(value, Decimal | UUID | date | time | timedelta):
            return str(value)
    except Exception:  # noqa: BLE001  whatever a subclass's own __str__ raises
        return safe_repr(value)
    return write(value)
