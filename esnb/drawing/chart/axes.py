"""The axes around a drawing: lines at round values, and their names."""

from __future__ import annotations

from collections.abc import Iterable

from esnb.drawing.chart.scale import Scale
from esnb.drawing.chart.steps import short
from esnb.drawing.chart.svg import fitting_ends, grid_line, stroke, text
from esnb.drawing.chart.ticks import LETTER, Axis


def across(axis: Axis, scale: Scale, y: float, end: float) -> str:
    """Below a drawing, at `y`: a line to `end` with ticks, and the names that fit beside each other."""
    parts = [stroke(f"M{short(scale.start)} {short(y)}H{short(end)}", "esnb-axis", 1)]
    free = float("-inf")
    for tick in axis.ticks:
        x, half = scale.place(tick.value), len(tick.text) * LETTER / 2
        parts.append(stroke(f"M{short(x)} {short(y)}v4", "esnb-axis", 1))
        middle = max(x, half)
        if middle - half >= free:
            parts.append(text(middle, y + 17, tick.text, "esnb-quiet", "middle"))
            free = middle + half + 6
    return "".join(parts)


def up(axis: Axis, scale: Scale, left: float, right: float, room: float) -> str:
    """Beside a drawing, left of `left`: the names, and lines to `right`; a name takes at most `room`."""
    parts = []
    for tick in axis.ticks:
        y = scale.place(tick.value)
        parts.append(grid_line(f"M{short(left)} {short(y)}H{short(right)}"))
        name = fitting_ends(tick.text, room, LETTER)
        parts.append(text(left - 8, y + 4, name, "esnb-quiet", "end"))
    return "".join(parts)


def room_for(axes: Iterable[Axis], most: float) -> float:
    """Left of a drawing: what the names of its axes take, at most so much."""
    longest = max((axis.longest for axis in axes), default=0)
    return min(longest * LETTER + 16, most)
