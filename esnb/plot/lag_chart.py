"""The lag of runners as a drawing: one row per runner, over the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from esnb.drawing.chart.axes import across, up
from esnb.drawing.chart.palette import Look, numbered
from esnb.drawing.chart.scale import Scale
from esnb.drawing.chart.step_chart import ChartStep, line
from esnb.drawing.chart.svg import Drawing, fitting, text
from esnb.drawing.chart.ticks import Axis, Tick
from esnb.drawing.chart.time_ticks import time_axis
from esnb.drawing.values import counted
from esnb.plot.lag_history import LagPoint

WIDTH = 760
_NAME, _HEIGHT, _LEFT, _GAP = 30, 56, 64, 18


@dataclass(frozen=True, slots=True)
class RunnerLag:
    """A runner: how far it is behind now, and how far it was."""

    name: str
    state: str
    now: int | None
    """Events; None where it is not known."""
    points: Sequence[LagPoint]
    note: str
    """Why there is no history; empty where there is one, or none is wanted."""

    @property
    def most(self) -> int:
        """The most that it was behind."""
        return max([point.events for point in self.points] + [self.now or 0])

    @property
    def words(self) -> str:
        """Its state and its lag."""
        lag = "lag not known" if self.now is None else f"lag {counted(self.now, 'event')}"
        most = f", at most {self.most:,} since its start" if self.points else ""
        return f"{self.state}, {lag}{most}"


def drawn(title: str, rows: Sequence[RunnerLag], now: int) -> Drawing:
    """All of them, until `now`."""
    histories = [row for row in rows if row.points]
    parts: list[str] = [] if rows else [text(0, 20, "no runners", "esnb-quiet")]
    axis = _time(histories, now)
    x = Scale(axis.low, axis.high, _LEFT, WIDTH)
    y = 0.0
    for place, row in enumerate(rows):
        parts.append(_head(row, y + 16))
        y += _NAME
        if row.points:
            parts.append(_course(row, numbered(place % 7), x, y))
            y += _HEIGHT + _GAP
    if histories:
        parts.append(across(axis, x, y, x.end))
        y += 30
    about = "; ".join(f"{row.name}: {row.words}" for row in rows)
    return Drawing(WIDTH, max(y, 30), title, "\n".join(parts), about)


def _time(histories: Sequence[RunnerLag], now: int) -> Axis:
    start = min((row.points[0].time for row in histories), default=now)
    return time_axis(min(start, now - 1000), now, WIDTH - _LEFT)


def _head(row: RunnerLag, y: float) -> str:
    name = fitting(row.name, 240, 7.4)
    words = f"{row.words}{f' · {row.note}' if row.note else ''}"
    left = len(name) * 7.4 + 12
    return text(0, y, name, "esnb-name") + text(left, y, fitting(words, WIDTH - left), "esnb-quiet")


def _course(row: RunnerLag, look: Look, x: Scale, top: float) -> str:
    heights = Axis(
        0, max(row.most, 1), [Tick(0, "0"), Tick(max(row.most, 1), f"{max(row.most, 1):,}")]
    )
    y = Scale(heights.low, heights.high, top + _HEIGHT, top + 4)
    steps = [ChartStep(point.time, point.events, look, "", "") for point in row.points]
    return up(heights, y, _LEFT, WIDTH, _LEFT - 10) + line(steps, x, y, WIDTH)
