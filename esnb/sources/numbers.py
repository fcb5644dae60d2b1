"""Whole numbers as arguments: versions, positions, numbers of rows."""

from __future__ import annotations

from operator import index
from typing import Any

from esnb.values.ordered_repr import short_repr

FURTHEST = 2**63 - 2
"""No store counts further, and one behind it must still fit into its 64 bits."""


def whole(value: Any, argument: str) -> int | None:
    """The argument called `argument` as an int, or None; TypeError for anything else.

    A cell of a frame is a numpy number, which databases do not accept.
    """
    if value is None:
        return None
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{argument}={short_repr(value)}: pass a whole number") from None


def bound(value: Any, argument: str) -> int | None:
    """The same for where a read begins or ends, within what a store can be asked for."""
    number = whole(value, argument)
    return None if number is None else max(-FURTHEST, min(number, FURTHEST))


def count(value: Any, argument: str) -> int | None:
    """The same for a number of rows, which cannot be negative: ValueError."""
    number = whole(value, argument)
    if number is not None and number < 0:
        raise ValueError(f"{argument}={number}: pass a number of rows, or None for all")
    return None if number is None else min(number, FURTHEST)


def end_of(limit: Any, last: Any) -> tuple[int | None, bool]:
    """How many rows, and whether from the end; ValueError for both ends at once."""
    first, newest = count(limit, "limit"), count(last, "last")
    if first is not None and newest is not None:
        raise ValueError(f"limit={first} and last={newest}: pass one of them")
    return (first, False) if newest is None else (newest, True)
