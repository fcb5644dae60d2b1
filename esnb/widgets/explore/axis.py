"""Where the versions are along the chart's axis: in time, or else one beside the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from esnb.widgets.explore.timeline import Timeline

_UNITS = (("day", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1))
"""Milliseconds of each."""


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
    milliseconds = span / timedelta(milliseconds=1)
    name, size = next(
        (unit for unit in _UNITS if milliseconds >= unit[1]), (_UNITS[-1][0], _UNITS[-1][1])
    )
    number = (
        f"{milliseconds / size:,.0f}" if name in ("day", "ms") else f"{milliseconds / size:.3g}"
    )
    if name == "day":
        return f"{number} {'day' if number == '1' else 'days'}"
    return f"{number} {name}"


def _clock(time: datetime, clock: str, exact: bool) -> str:
    text = f"{time:{clock}}"
    return f"{text}.{time.microsecond // 1000:03}" if exact else text


Axis = tuple[Sequence[float], tuple[str, str]]


def axis(timeline: Timeline, times: bool) -> Axis:
    """Places of the versions, and what stands below the axis's ends.

    Without `times` the versions stand beside each other, whenever they were.
    """
    places = in_time(timeline) if times else None
    if places is None:
        ends = (f"v{timeline.first:,}", f"v{timeline.last:,}") if len(timeline) > 1 else ("", "")
        return beside_each_other(len(timeline)), ends
    known = [version.time for version in timeline.versions if version.time is not None]
    return places, end_texts(min(known), max(known))
