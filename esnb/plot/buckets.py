"""Events in buckets of time, or of order: what a row of stacked bars shows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from esnb.drawing.chart.scale import LAST, moment
from esnb.drawing.chart.ticks import Axis, Tick, number_axis
from esnb.drawing.chart.time_ticks import TimeStep, span_text, time_axis, time_step
from esnb.drawing.values import counted, stamp
from esnb.plot.tally import NOWHEN, Tally

MOST = 80
ROOM = 490.0
"""Across a drawing, for the names of its axis."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Bars from one edge to the next; in each, how many events each shown kind has."""

    edges: Sequence[int]
    """One more than there are bars."""
    counts: Sequence[Sequence[int]]
    """Bar by bar, kind by kind."""
    axis: Axis
    width: str
    """What one bar stands for, in words."""
    span: str
    """From when to when, in words."""
    is_of_time: bool
    undrawn: int = 0
    """Events without a time."""

    def name(self, bar: int) -> str:
        """Which part of the whole a bar stands for."""
        edge, end = self.edges[bar : bar + 2]
        return stamp(moment(edge)) if self.is_of_time else f"events {edge + 1:,} to {end:,}"

    @property
    def highest(self) -> int:
        """The events of the highest bar."""
        return max(map(sum, self.counts), default=0)


def by_time(found: Tally, places: Sequence[int], kinds: int) -> Buckets:
    """Bars of a round length of time each, at most 80; `places` are those of the tally's kinds."""
    known = [time for time in found.times if time != NOWHEN]
    low, high = min(known), max(known)
    step = time_step(low, high, MOST) if low < high else TimeStep("microsecond", 1_000_000)
    edges = [step.floor(low)]
    while edges[-1] <= high:
        edges.append(step.next(edges[-1]))
    counts = [[0] * kinds for _ in edges[1:]]
    for kind, time in zip(found.kinds, found.times, strict=True):
        if time != NOWHEN:
            counts[bisect_right(edges, time) - 1][places[kind]] += 1
    axis = time_axis(*_with_margins(edges), ROOM)
    undrawn = len(found) - len(known)
    return Buckets(
        edges,
        counts,
        axis,
        f"events per {step.words.removeprefix('1 ')}",
        span_text(low, high),
        True,
        undrawn,
    )


def by_order(found: Tally, places: Sequence[int], kinds: int) -> Buckets:
    """Bars of equally many events each, in the order in which they were recorded."""
    size = _round_size(len(found))
    edges = list(range(0, len(found), size))
    counts = [[0] * kinds for _ in edges]
    for place, kind in enumerate(found.kinds):
        counts[place // size][places[kind]] += 1
    ends = sorted({1, *(edge for edge in edges[:: max(1, len(edges) // 8)] if edge), len(found)})
    ticks = [Tick(end - 0.5, f"{end:,}") for end in ends]
    axis = Axis(0, max(len(found), 1), ticks)
    return Buckets(
        [*edges, len(found)], counts, axis, f"a bar for {counted(size, 'event')}", "in order", False
    )


def height_axis(highest: int) -> Axis:
    """The axis of counts: whole numbers only."""
    return number_axis(0, max(highest, 1), 4, least=1)


def _with_margins(edges: Sequence[int]) -> tuple[int, int]:
    """One bar alone has as much room on either side, so that it is seen as one."""
    if len(edges) > 2:
        return edges[0], edges[-1]
    width = edges[1] - edges[0]
    return max(0, edges[0] - 2 * width), min(edges[1] + 2 * width, LAST)


def _round_size(events: int) -> int:
    """1, 2, 5, 10, … events for each bar."""
    sizes: Iterator[int] = (digit * int(10**power) for power in count() for digit in (1, 2, 5))
    return next(size for size in sizes if size * MOST >= events)
