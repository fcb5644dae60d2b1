"""The height of any value: numbers and times by their size, everything else in rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import starmap
from math import isnan
from numbers import Number as AnyNumber
from typing import Any, Literal
from uuid import UUID

from esnb.drawing.chart.scale import Number, as_number, microseconds
from esnb.drawing.chart.ticks import Axis, Tick, number_axis
from esnb.drawing.chart.time_ticks import time_axis
from esnb.drawing.values import counted, line

MOST_ROWS = 12
"""Rows of values without a size; what is rarer shares the last one."""
_LETTERS = 28
_TIME_ROOM = 420
ValueKind = Literal["number", "duration", "time", "row", "missing", "other"]


@dataclass(frozen=True, slots=True)
class ValueAxis:
    """An axis, and where on it each of the values stands; None where there is no value."""

    axis: Axis
    heights: Sequence[Number | None]
    notes: Sequence[str] = ()
    """What the drawing does not show, in words."""
    is_rows: bool = False
    """Whether the values have no size: each tick is a value, or all others."""


class UndrawableValueError(TypeError):
    """A value that has neither a size nor a short name: a list, a dict, an object."""

    def __init__(self, value: Any) -> None:
        super().__init__(f"{type(value).__qualname__} values have no height in a drawing")


def value_axis(values: Sequence[Any]) -> ValueAxis:
    """The axis on which the values of one field stand.

    Numbers, or times, among themselves stand by their size; texts, enums and
    whatever is mixed in rows, in the order in which they first appear. None and
    NaN are gaps. Raises UndrawableValueError for lists, dicts and objects.

    >>> value_axis(["new", "sold", None, "new"]).heights
    [0, 1, None, 0]
    """
    kinds = [kind_of(value) for value in values]
    for value, kind in zip(values, kinds, strict=True):
        if kind == "other":
            raise UndrawableValueError(value)
    match sorted(set(kinds) - {"missing"}):
        case []:
            return ValueAxis(Axis(0, 0, ()), [None] * len(values), ["it has no value"])
        case ["number"]:
            return _numbers(values)
        case ["duration"]:
            found = _numbers([None if value is None else _seconds(value) for value in values])
            return ValueAxis(found.axis, found.heights, [*found.notes, "in seconds"])
        case ["time"]:
            return _times(values)
    return _rows(values, kinds)


def kind_of(value: Any) -> ValueKind:
    """How a value is drawn; what raises when it is looked at is an object like any other."""
    try:
        return _kind(value)
    except Exception:  # noqa: BLE001  whatever the value's own methods raise
        return "other"


def _kind(value: Any) -> ValueKind:
    if value is None or _is_nan(value):
        return "missing"
    if isinstance(value, bool | Enum | str | bytes | UUID | time):
        return "row"
    if isinstance(value, datetime | date):
        return "time"
    if isinstance(value, timedelta):
        return "duration"
    if isinstance(value, complex):
        return "row"
    return "number" if isinstance(value, AnyNumber) else "other"


def _is_nan(value: Any) -> bool:
    """Whether it is a NaN, NaT or NA of any library: none of them is equal to itself."""
    if isinstance(value, float):
        return isnan(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, str | bytes | list | dict | tuple | set | frozenset):
        return False
    equal: Any = value == value
    return not equal if isinstance(equal, bool) else type(value).__name__ == "NAType"


def _numbers(values: Sequence[Any]) -> ValueAxis:
    heights = list(map(as_number, values))
    known = [height for height in heights if height is not None]
    beyond = sum(_kind(value) == "number" for value in values) - len(known)
    notes = [f"{counted(beyond, 'value')} infinite or beyond 1e300: not drawn"] if beyond else []
    if not known:
        return ValueAxis(Axis(0, 0, ()), heights, notes)
    least = int(all(height.denominator == 1 for height in known))
    return ValueAxis(number_axis(min(known), max(known), least=least), heights, notes)


def _seconds(value: Any) -> Any:
    return (
        Fraction(value // timedelta(microseconds=1), 10**6) if _kind(value) == "duration" else None
    )


def _times(values: Sequence[Any]) -> ValueAxis:
    heights = [_microseconds(value) if _kind(value) == "time" else None for value in values]
    known = [height for height in heights if height is not None]
    if not known:
        return ValueAxis(Axis(0, 0, ()), heights, ["no time of the calendar"])
    low, high = min(known), max(known)
    axis = time_axis(low, high, _TIME_ROOM)
    if len(axis.ticks) < 2:
        ends = sorted({low: low, high: high})
        axis = Axis(low, high, [Tick(end, _date(end, values, heights)) for end in ends])
    return ValueAxis(axis, heights)


def _date(height: int, values: Sequence[Any], heights: Sequence[Number | None]) -> str:
    return line(values[heights.index(height)], _LETTERS)


def _microseconds(value: date) -> int | None:
    moment = value if isinstance(value, datetime) else datetime.combine(value, time(), tzinfo=UTC)
    try:
        return microseconds(moment)
    except OverflowError:  # outside of the years 1 to 9999 in UTC
        return None


def _rows(values: Sequence[Any], kinds: Sequence[ValueKind]) -> ValueAxis:
    names = [
        None if kind == "missing" else line(value, 200)
        for value, kind in zip(values, kinds, strict=True)
    ]
    counts = Counter(name for name in names if name is not None)
    if set(counts) == {"True", "False"}:
        counts = Counter({"False": 1, "True": 1})
    rows = list(counts)
    notes = []
    if len(rows) > MOST_ROWS:
        often = {name for name, _ in counts.most_common(MOST_ROWS - 1)}
        others = len(rows) - len(often)
        rows = [name for name in rows if name in often]
        notes = [f"{others:,} other values share a row"]
    places = {name: place for place, name in enumerate(rows)}
    heights = [None if name is None else places.get(name, len(rows)) for name in names]
    shown = [*rows, f"other ({len(counts) - len(rows):,})"] if notes else rows
    return ValueAxis(
        Axis(0, len(shown) - 1, list(starmap(Tick, enumerate(shown)))), heights, notes, True
    )
