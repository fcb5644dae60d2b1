"""Round times along an axis, in UTC: seconds to millennia, by the calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from esnb.drawing.chart.scale import microseconds, moment
from esnb.drawing.chart.ticks import Axis, Tick

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LETTER = 6.4
"""Width of a character of an axis, in the units of a drawing."""
_GAP = 18
_LAST = microseconds(datetime.max.replace(tzinfo=UTC))
_SECOND = 1_000_000
_MINUTE, _HOUR, _DAY = 60 * _SECOND, 3600 * _SECOND, 86_400 * _SECOND


@dataclass(frozen=True, slots=True)
class TimeStep:
    """From one round time to the next: so many microseconds, months or years."""

    unit: Literal["microsecond", "month", "year"]
    count: int

    def floor(self, time: int) -> int:
        """The last round time at or before one; both as `microseconds` has them."""
        if self.unit == "microsecond":
            return time // self.count * self.count
        then = moment(time)
        if self.unit == "year":
            return _start_of(max(1, then.year // self.count * self.count), 1)
        return _start_of(then.year, (then.month - 1) // self.count * self.count + 1)

    def next(self, time: int) -> int:
        """The round time after a round one; after the last, the end of the calendar."""
        if self.unit == "microsecond":
            return min(time + self.count, _LAST + 1)
        then = moment(time)
        if self.unit == "year":
            return _start_of((then.year // self.count + 1) * self.count, 1)
        years, month = divmod(then.month - 1 + self.count, 12)
        return _start_of(then.year + years, month + 1)

    def between(self, low: int, high: int) -> Iterator[int]:
        """The round times of a span, both ends included."""
        time = self.floor(low)
        while time <= min(high, _LAST):
            if time >= low:
                yield time
            time = self.next(time)

    @property
    def least(self) -> int:
        """The shortest that it can be, in microseconds."""
        return self.count * {"microsecond": 1, "month": 28 * _DAY, "year": 365 * _DAY}[self.unit]

    @property
    def words(self) -> str:
        """How long it is.

        >>> TimeStep("microsecond", 300_000_000).words, TimeStep("month", 3).words
        ('5 min', '3 months')
        """
        if self.unit != "microsecond":
            return f"{self.count:,} {self.unit}{'s' if self.count > 1 else ''}"
        name, size = next((name, size) for name, size in _UNITS if self.count % size == 0)
        count = self.count // size
        return f"{count} {name}s" if name == "day" and count > 1 else f"{count} {name}"

    @property
    def letters(self) -> int:
        """Characters of its longest `text`."""
        if self.unit != "microsecond":
            return 4 if self.unit == "year" else 8
        sizes = ((_DAY, 6), (_MINUTE, 6), (_SECOND, 8), (1000, 12))
        return next((letters for size, letters in sizes if self.count % size == 0), 15)

    def text(self, time: int) -> str:
        """How an axis names a round time: midnight by its date."""
        then = moment(time)
        if self.unit == "year":
            return str(then.year)
        if self.unit == "month":
            return f"{MONTHS[then.month - 1]} {then.year}"
        if time % _DAY == 0:
            return f"{then.day} {MONTHS[then.month - 1]}"
        if self.count % _MINUTE == 0:
            return f"{then:%H:%M}"
        if self.count % _SECOND == 0:
            return f"{then:%H:%M:%S}"
        return f"{then:%H:%M:%S}.{then.microsecond:06}"[: 12 if self.count % 1000 == 0 else 15]


_UNITS = (
    ("day", _DAY),
    ("h", _HOUR),
    ("min", _MINUTE),
    ("s", _SECOND),
    ("ms", 1000),
    ("µs", 1),
)
_STEPS = (
    *(TimeStep("microsecond", n * 10**power) for power in range(6) for n in (1, 2, 5)),
    *(TimeStep("microsecond", n * _SECOND) for n in (1, 2, 5, 10, 15, 30)),
    *(TimeStep("microsecond", n * _MINUTE) for n in (1, 2, 5, 10, 15, 30)),
    *(TimeStep("microsecond", n * _HOUR) for n in (1, 2, 3, 6, 12)),
    *(TimeStep("microsecond", n * _DAY) for n in (1, 2, 7, 14)),
    *(TimeStep("month", n) for n in (1, 2, 3, 6)),
    *(TimeStep("year", n * 10**power) for power in range(4) for n in (1, 2, 5)),
)


def time_axis(low: int, high: int, room: float) -> Axis:
    """The axis from one time to another, with as many ticks as have `room` for their names.

    >>> hour = microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
    >>> [tick.text for tick in time_axis(hour, hour + 9_000_000, 400).ticks]
    ['12:00:00', '12:00:02', '12:00:04', '12:00:06', '12:00:08']
    """

    def fits(step: TimeStep) -> bool:
        count = (high - low) // step.least + 1
        return count * (step.letters * LETTER + _GAP) <= room

    step = _first(fits)
    return Axis(low, high, [Tick(time, step.text(time)) for time in step.between(low, high)])


def time_step(low: int, high: int, most: int) -> TimeStep:
    """The shortest step that makes at most `most` parts of a span.

    >>> time_step(0, 3_600_000_000, 80).words
    '1 min'
    """
    return _first(lambda step: (high - low) // step.least + 2 <= most)


def span_text(low: int, high: int) -> str:
    """From when to when, with a day that both share said once.

    >>> noon = microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
    >>> span_text(noon, noon + 1_500_000)
    '2026-03-01, 12:00:00.000 to 12:00:01.500 UTC'
    >>> span_text(noon, noon + 40 * 86_400_000_000)
    '2026-03-01 to 2026-04-10 (UTC)'
    """
    first, last = moment(low), moment(high)
    if low == high:
        return f"{first.date()}, {_clock(first)} UTC"
    if first.date() == last.date():
        return f"{first.date()}, {_clock(first)} to {_clock(last)} UTC"
    if last - first < timedelta(days=2):
        return f"{first.date()} {first:%H:%M} to {last.date()} {last:%H:%M} UTC"
    return f"{first.date()} to {last.date()} (UTC)"


def _clock(time: datetime) -> str:
    return time.time().isoformat("milliseconds")


def _first(fits: Callable[[TimeStep], bool]) -> TimeStep:
    return next(filter(fits, _STEPS), _STEPS[-1])


def _start_of(year: int, month: int) -> int:
    if year > datetime.max.year:
        return _LAST + 1
    return microseconds(datetime(year, month, 1, tzinfo=UTC))
