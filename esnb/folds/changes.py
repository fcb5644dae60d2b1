"""What differs between two states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from esnb.values.state import attributes, text_of


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""The value of a field that a state does not have."""

_LONGEST = 80
_DEEPEST = 5
"""Levels of dicts within dicts that are described entry by entry."""


class FieldChange(NamedTuple):
    """A field that differs: ABSENT where one side lacks it."""

    field: str
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[FieldChange]:
    """The fields that differ, in the order of `after`, then those that are gone.

    >>> changes({"price": 10, "name": "tea"}, {"price": 12, "name": "tea"})
    [FieldChange(field='price', before=10, after=12)]
    """
    found = [
        FieldChange(name, before.get(name, ABSENT), value)
        for name, value in after.items()
        if name not in before or not same(before[name], value)
    ]
    return found + [
        FieldChange(name, value, ABSENT) for name, value in before.items() if name not in after
    ]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; NaN is equal to NaN, and objects without an
    equality of their own are compared by their attributes.
    """
    if one is other:
        return True
    try:
        if _equal(one, other):
            return True
        if type(one) is not type(other):
            return False
        if isinstance(one, list | tuple):
            return len(one) == len(other) and all(map(same, one, other))
        if isinstance(one, dict):
            return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
        if isinstance(one, float | complex | Decimal):  # not a number, or in part
            return repr(one) == repr(other)
        if getattr(type(one), "__eq__", None) is object.__eq__:
            ours, theirs = dict(attributes(one)), dict(attributes(other))
            return bool(ours) and same(ours, theirs)
    except Exception:  # noqa: BLE001  whatever their own __eq__ raises: shown as changed
        return False
    return False


def _equal(one: Any, other: Any) -> bool:
    try:
        equal = one == other
    except Exception:  # noqa: BLE001  its own __eq__'s, or that of something in it: looked into
        return False
    if isinstance(equal, bool):
        return equal
    every = getattr(equal, "all", None)  # arrays compare element by element
    return bool(every()) if callable(every) else bool(equal)


def describe_changes(found: Iterable[FieldChange]) -> str:
    """The changes in one line.

    >>> describe_changes(changes({"price": 10}, {"price": 12, "tags": ["new"]}))
    "price: 10 → 12; tags: ['new']"
    """
    return "; ".join(text for change in found for text in _describe_change(change, _DEEPEST))


def _describe_change(change: FieldChange, levels: int) -> list[str]:
    field, before, after = change
    if before is ABSENT:
        return [f"{field}: {_short(after)}"]
    if after is ABSENT:
        return [f"{field}: {_short(before)} → (gone)"]
    if levels and isinstance(before, dict) and isinstance(after, dict):
        try:
            return _entries(field, before, after, levels - 1)
        except Exception:  # noqa: BLE001, S110  dicts that cannot be read: they are shown whole
            pass
    return [f"{field}: {_short(before)} → {_short(after)}"]


def _entries(
    field: str, before: Mapping[Any, Any], after: Mapping[Any, Any], levels: int
) -> list[str]:
    """Of a large mapping only the entries that changed are worth the line."""
    return [
        text
        for entry in changes(_by_text(before), _by_text(after))
        for text in _describe_change(entry._replace(field=f"{field}.{entry.field}"), levels)
    ]


def _by_text(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {key if isinstance(key, str) else text_of(key): inner for key, inner in value.items()}


def _short(value: Any) -> str:
    text = text_of(value)
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}…{text[-half:]}"
