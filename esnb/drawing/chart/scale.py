"""From values to places in a drawing: numbers and times, exactly, however large."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from numbers import Rational, Real

Number = int | float | Fraction

_LARGEST = 300
"""The power of ten up to which numbers are drawn: the difference of two is still a float."""
_DIGITS = Context(prec=60, traps=[])
"""Digits of a Decimal that count in a drawing; it may have a million of them."""
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` stand at places from `start` to `end`."""

    low: Number
    high: Number
    start: float
    end: float

    def place(self, value: Number) -> float:
        """Where a value stands; what lies beyond an end, at that end.

        >>> Scale(0, 10, 100, 200).place(5), Scale(0, 10, 100, 200).place(99)
        (150.0, 200.0)
        >>> Scale(3, 3, 100, 200).place(3)
        150.0
        """
        if self.low == self.high:
            return (self.start + self.end) / 2
        share = float((value - self.low) / (self.high - self.low))
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def as_number(value: object) -> Fraction | None:
    """A number exactly; None for what is not one, is not finite or exceeds 1e300.

    >>> as_number(Decimal("12.50")), as_number(float("nan")), as_number(True), as_number("12")
    (Fraction(25, 2), None, None, None)
    """
    try:
        return None if isinstance(value, bool) else _exact(value)
    except Exception:  # noqa: BLE001  whatever a number of the user's own raises
        return None


def _exact(value: object) -> Fraction | None:
    if isinstance(value, Decimal):
        if not value.is_finite() or (value and value.adjusted() >= _LARGEST):
            return None
        if value.adjusted() < -_LARGEST:
            return Fraction(0)
        return Fraction(_DIGITS.plus(value))
    if isinstance(value, Rational):
        found = Fraction(int(value.numerator), int(value.denominator))
    elif isinstance(value, Real):
        found = Fraction(float(value))  # raises where it is not finite
    else:
        return None
    return found if abs(found) < 10**_LARGEST else None


def microseconds(time: datetime) -> int:
    """A time as a number: microseconds since the beginning of the year 1, in UTC.

    >>> microseconds(datetime(1, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - _FIRST) // _MICROSECOND


LAST = microseconds(datetime.max.replace(tzinfo=UTC))
"""The end of the calendar, as a number."""


def moment(number: int) -> datetime:
    """The time, in UTC, of a number that `microseconds` made."""
    return _FIRST + number * _MICROSECOND
