"""Round times along an axis, in UTC: seconds to millennia, by the calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from esnb.drawing.chart.scale import LAST, microseconds, moment
from esnb.drawing.chart.ticks import LETTER, Axis, Tick

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_GAP = 18
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
            return min(time + self.count, LAST + 1)
        then = moment(time)
        if self.unit == "year":
            return _start_of((then.year // self.count + 1) * self.count, 1)
        years, month = divmod(then.month - 1 + self.count, 12)
        return _start_of(then.year + years, month + 1)

    def between(self, low: int, high: int) -> Iterator[int]:
        """The round times of a span, both ends included."""
        time = self.floor(low)
        while time <= min(high, LAST):
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
        return 8 if self.count < _MINUTE else 6

    def text(self, time: int) -> str:
        """How an axis names a round time of whole seconds: midnight by its date."""
        then = moment(time)
        if self.unit == "year":
            return str(then.year)
        if self.unit == "month":
            return f"{MONTHS[then.month - 1]} {then.year}"
        if time % _DAY == 0:
            return f"{then.day} {MONTHS[then.month - 1]}"
        if self.count % _MINUTE == 0:
            return f"{then:%H:%M}"
        return f"{then:%H:%M:%S}"


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

    Within a few seconds the first tick is the beginning, and the others say how
    much later they are.

    >>> hour = microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
    >>> [tick.text for tick in time_axis(hour, hour + 9_000_000, 400).ticks]
    ['12:00:00', '12:00:02', '12:00:04', '12:00:06', '12:00:08']
    >>> [tick.text for tick in time_axis(hour, hour + 450, 300).ticks]
    ['12:00:00.000', '+200 µs', '+400 µs']
    """

    def fits(step: TimeStep) -> bool:
        count = (high - low) // step.least + 1
        return count * (step.letters * LETTER + _GAP) <= room

    step = _first(fits)
    if step.unit == "microsecond" and step.count < _SECOND:
        return Axis(low, high, _since(low, high, step.count))
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
    span = high - low
    if not span:
        return f"{first.date()}, {clock(first, span)} UTC"
    if first.date() == last.date():
        return f"{first.date()}, {clock(first, span)} to {clock(last, span)} UTC"
    if last - first < timedelta(days=2):
        return f"{first.date()} {first:%H:%M} to {last.date()} {last:%H:%M} UTC"
    return f"{first.date()} to {last.date()} (UTC)"


def clock(time: datetime, span: int) -> str:
    """The time of day, in milliseconds, or in microseconds where all of a `span` is a few of them."""
    return time.time().isoformat("microseconds" if 0 < span < 10_000 else "milliseconds")


def _since(low: int, high: int, step: int) -> list[Tick]:
    later = range(low + step, high + 1, step)
    ticks = [Tick(time, f"+{_length(time - low)}") for time in later]
    first = clock(moment(low), high - low)[:12]
    return [Tick(low, first), *ticks]


def _length(time: int) -> str:
    if time < 1000:
        return f"{time} µs"
    return f"{time / 1000:g} ms" if time < _SECOND else f"{time / _SECOND:g} s"


def _first(fits: Callable[[TimeStep], bool]) -> TimeStep:
    return next(filter(fits, _STEPS), _STEPS[-1])


def _start_of(year: int, month: int) -> int:
    if year > datetime.max.year:
        return LAST + 1
    return microseconds(datetime(year, month, 1, tzinfo=UTC))
