"""Round numbers along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from esnb.drawing.chart.scale import Number

LETTER = 7.2
"""Width of a character of an axis, in the units of a drawing: most are digits."""
_LONGEST = 14
"""Characters of a number up to which it is written in full."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A value that an axis names, and its name."""

    value: Number
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Where an axis begins and ends, and the ticks between."""

    low: Number
    high: Number
    ticks: Sequence[Tick]

    @property
    def longest(self) -> int:
        """Characters of its longest name."""
        return max((len(tick.text) for tick in self.ticks), default=0)


def number_axis(low: Number, high: Number, most: int = 5, *, least: int = 0) -> Axis:
    """An axis around two numbers that begins and ends at a tick; about `most` of them.

    No two are closer than `least`: 1 for what is counted.

    >>> [tick.text for tick in number_axis(Fraction("39.9"), Fraction("49.9")).ticks]
    ['35', '40', '45', '50']
    >>> [tick.text for tick in number_axis(7, 7).ticks]
    ['7']
    """
    if low == high:
        return Axis(low, high, [Tick(low, number_text(Fraction(low)))])
    step = max(_round_step(Fraction(high - low) / max(most - 1, 1)), Fraction(least))
    first, last = floor(Fraction(low) / step), ceil(Fraction(high) / step)
    values = [number * step for number in range(first, last + 1)]
    return Axis(values[0], values[-1], list(map(Tick, values, _texts(values, step))))


def number_text(value: Fraction) -> str:
    """A number as an axis names it: up to six decimals, else by powers of ten.

    >>> number_text(Fraction(1234567)), number_text(Fraction(1, 3)), number_text(Fraction(10) ** 40)
    ('1,234,567', '0.333333', '1e+40')
    """
    decimals = next((n for n in range(6) if (value * 10**n).denominator == 1), 6)
    return _short(value, decimals)


def _round_step(least: Fraction) -> Fraction:
    """The smallest of 1, 2, 5, 10, … and of their tenths, hundredths, … that is not below."""
    power = Fraction(10) ** (len(str(floor(least))) - 1 if least >= 1 else -_zeros(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least)


def _zeros(small: Fraction) -> int:
    """The power of ten by which a number below one is at least one."""
    return len(str(ceil(1 / small) - 1)) if small != 1 else 0


def _texts(values: Sequence[Fraction], step: Fraction) -> list[str]:
    decimals = 0 if step >= 1 else _zeros(step)
    short = [_short(value, decimals) for value in values]
    if len(set(short)) == len(short):
        return short
    return [_full(value, decimals) for value in values]


def _short(value: Fraction, decimals: int) -> str:
    full = _full(value, decimals)
    return full if len(full) <= _LONGEST else f"{float(value):.4g}"


def _full(value: Fraction, decimals: int) -> str:
    scaled = round(abs(value) * 10**decimals)
    whole, rest = divmod(scaled, 10**decimals)
    sign = "−" if value < 0 and scaled else ""
    return f"{sign}{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")
