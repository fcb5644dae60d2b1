"""Whether two values are the same, whatever kind of object they are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from esnb.values.state import attributes


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""The value of a field that a state does not have."""


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
