"""How far a runner was behind, from when it was started until now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from esnb.drawing.chart.scale import microseconds
from esnb.sources.record import EventSource, Record
from esnb.sources.source import source_of

MOST_READ = 100_000
"""Events that are read for a history; with more of them there is none."""


class LagPoint(NamedTuple):
    """So many events are behind from a time on, as `microseconds` has it."""

    time: int
    events: int


class TooManyEventsError(Exception):
    """More events lie between its first position and the end of the log than are read."""


def lag_history(runner: Any) -> list[LagPoint]:
    """The lag of a catch-up runner since its start; empty where it does not say where it was.

    The events that it had before it at each of its positions are counted in its
    application's log, each from the time at which it was recorded. Where clocks
    differ, no event is behind before it was recorded.
    """
    positions = getattr(runner, "positions", None)
    samples = positions() if callable(positions) else []
    if not samples:
        return []
    first = min(position or 0 for _, position in samples)
    log = _recorded(source_of(runner.app), first)
    return _counted([(microseconds(time), position or 0) for time, position in samples], log)


def _recorded(source: EventSource, after: int) -> list[tuple[int, int]]:
    """Position and time of the events after a position, in order."""
    with source.events(after + 1) as records:
        found = [
            (record.position, microseconds(time))
            for record in islice(records, MOST_READ + 1)
            if record.position is not None and (time := _time(source, record)) is not None
        ]
    if len(found) > MOST_READ:
        raise TooManyEventsError
    return found


def _time(source: EventSource, record: Record) -> datetime | None:
    if record.recorded is not None:
        return record.recorded
    data, _ = source.decode(record)
    return record.time_with(data)


def _counted(samples: Sequence[tuple[int, int]], log: Sequence[tuple[int, int]]) -> list[LagPoint]:
    ids = [position for position, _ in log]
    arrivals = sorted(time for _, time in log)
    since = samples[0][0]
    changes = sorted({time for time, _ in samples} | {time for time in arrivals if time > since})
    starts = [time for time, _ in samples]
    points = []
    for time in changes:
        position = samples[bisect_right(starts, time) - 1][1]
        behind = bisect_right(arrivals, time) - bisect_right(ids, position)
        points.append(LagPoint(time, max(0, behind)))
    return points
