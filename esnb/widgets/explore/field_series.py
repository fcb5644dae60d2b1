"""The values of one field over the versions, as heights of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from math import isfinite
from typing import Any

from esnb.drawing.values import line
from esnb.folds.same import ABSENT
from esnb.widgets.explore.timeline import Timeline

_MIDDLE = 0.5


def number(value: Any) -> float | None:
    """The number to draw for a value; None for what is not a number, or beyond what can be drawn.

    >>> number(Decimal("49.90")), number(True), number(float("nan")), number(10**400)
    (49.9, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction):
        return None
    try:
        found = float(value)
    except Exception:  # noqa: BLE001  a number of the user's own, a signalling NaN, a huge one
        return None
    return found if isfinite(found) else None


def default_field(timeline: Timeline) -> str | None:
    """The first field with numbers that changes, else the first that changes, else the first."""
    changing = [name for name in timeline.fields if len(timeline.setters(name)) > 1]
    numeric = (name for name in changing if _has_numbers(timeline, name))
    return next(chain(numeric, changing, timeline.fields), None)


def _has_numbers(timeline: Timeline, field: str) -> bool:
    states = (timeline.versions[place].state for place in timeline.setters(field))
    return any(number(state.get(field)) is not None for state in states)


class FieldSeries:
    """One field, version by version; a field without numbers is one level with its changes on it."""

    def __init__(self, timeline: Timeline, field: str | None) -> None:
        self.field = field
        states = [version.state for version in timeline.versions]
        self.values = [ABSENT if field is None else state.get(field, ABSENT) for state in states]
        self._numbers = [number(value) for value in self.values]
        known = [each for each in self._numbers if each is not None]
        self.is_numeric = bool(known)
        self._low, self._high = (min(known), max(known)) if known else (0.0, 0.0)

    @property
    def heights(self) -> Sequence[float | None]:
        """From 0, the lowest, to 1; None where there is no number to draw."""
        if not self.is_numeric:
            return [None if value is ABSENT else _MIDDLE for value in self.values]
        return [None if each is None else self._height(each) for each in self._numbers]

    @property
    def ends(self) -> tuple[str, str]:
        """The lowest and the highest value, as text; one of them empty where they are the same."""
        if not self.is_numeric:
            return "", ""
        low, high = self._text_of(self._low), self._text_of(self._high)
        return ("", high) if self._low == self._high else (low, high)

    @property
    def gaps(self) -> int:
        """How many values there are that cannot be drawn, in a field with numbers."""
        pairs = zip(self.values, self._numbers, strict=True)
        gaps = sum(value is not ABSENT and found is None for value, found in pairs)
        return gaps if self.is_numeric else 0

    def _height(self, found: float) -> float:
        if self._low == self._high:
            return _MIDDLE
        low, high = self._low / 2, self._high / 2  # their difference may be no float
        return (found / 2 - low) / (high - low)

    def _text_of(self, found: float) -> str:
        return line(self.values[self._numbers.index(found)], 12)
