"""Where the versions are along the chart's axis: in time, or else one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from esnb.drawing.values import counted
from esnb.widgets.explore.timeline import Timeline

_UNITS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("min", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
    ("ms", timedelta(milliseconds=1)),
)


def in_time(timeline: Timeline) -> list[float] | None:
    """Places from 0 to 1; None where a time is not known, or all times are the same.

    An event that is older than one before it stands beside that one.
    """
    times = [version.time for version in timeline.versions if version.time is not None]
    if len(times) < len(timeline):
        return None
    ordered = list(accumulate(times, max))
    span = ordered[-1] - ordered[0]
    if span <= timedelta(0):
        return None
    return [(time - ordered[0]) / span for time in ordered]


def beside_each_other(count: int) -> list[float]:
    """The middle of as many stretches of the same length."""
    return [(place + 0.5) / count for place in range(count)]


def end_texts(first: datetime, last: datetime) -> tuple[str, str]:
    """Two times, as exact as tells them apart, the day of the second only if it is another.

    >>> end_texts(datetime(2026, 3, 1, 9, 30, tzinfo=UTC), datetime(2026, 3, 1, 11, 5, tzinfo=UTC))
    ('2026-03-01 09:30 UTC', '11:05')
    """
    span = last - first
    days, clock = "%Y-%m-%d", "%H:%M" if span >= timedelta(minutes=10) else "%H:%M:%S"
    both = (first.astimezone(UTC), last.astimezone(UTC))
    if span >= timedelta(days=3):
        return f"{both[0]:{days}}", f"{both[1]:{days}}"
    hours = [_clock(time, clock, span < timedelta(seconds=10)) for time in both]
    same = both[0].date() == both[1].date()
    end = hours[1] if same else f"{both[1]:{days}} {hours[1]}"
    return f"{both[0]:{days}} {hours[0]} UTC", end


def span_text(span: timedelta) -> str:
    """A length of time in its largest unit.

    >>> span_text(timedelta(days=14, hours=2)), span_text(timedelta(milliseconds=250))
    ('14 days', '250 ms')
    """
    number, unit = _in_largest_unit(span)
    return counted(int(number), "day") if unit == "d" else f"{number} {unit}"


def since_text(span: timedelta) -> str:
    """A length of time after something, in as few characters; nothing below a millisecond.

    >>> since_text(timedelta(days=2)), since_text(timedelta(minutes=90)), since_text(timedelta(0))
    ('+2 d', '+1.5 h', '')
    """
    if span < timedelta(milliseconds=1):
        return ""
    return "+{} {}".format(*_in_largest_unit(span))


def _in_largest_unit(span: timedelta) -> tuple[str, str]:
    unit, size = next((each for each in _UNITS if span >= each[1]), _UNITS[-1])
    found = span / size
    return (f"{found:.0f}" if unit in ("d", "ms") else f"{found:.3g}"), unit


def _clock(time: datetime, clock: str, exact: bool) -> str:
    text = f"{time:{clock}}"
    return f"{text}.{time.microsecond // 1000:03}" if exact else text


def axis(timeline: Timeline, times: bool) -> tuple[Sequence[float], tuple[str, str]]:
    """Places of the versions, and what stands below the axis's ends.

    Without `times` the versions stand beside each other, whenever they were.
    """
    places = in_time(timeline) if times else None
    if places is None:
        ends = (f"v{timeline.first:,}", f"v{timeline.last:,}") if len(timeline) > 1 else ("", "")
        return beside_each_other(len(timeline)), ends
    known = [version.time for version in timeline.versions if version.time is not None]
    return places, end_texts(min(known), max(known))
