"""Swimlanes as HTML: a list in order of time, beside it one line per lane."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from esnb.drawing.ids import short
from esnb.drawing.values import counted, visible
from esnb.widgets.flow.gutter import (
    MIDDLE,
    across,
    down,
    gutter,
    leader,
    shape,
    shape_of,
    through,
    to,
)
from esnb.widgets.flow.repeats import Repeat, repeats
from esnb.widgets.flow.station_html import Told, item, others
from esnb.widgets.flow.swimlanes import Swimlanes

_LANE, _NAME = 24, 22
"""From a lane to the next, and from a lane's name to the next one's."""
_WIDTH = 760


class LanesInTime:
    """The names of the lanes, each above its own; below them one row per step.

    A line leads from the lane of what caused a step to the step. A step's text
    for screen readers names place and cause, so lanes and lines are hidden from them.
    """

    def __init__(self, drawn: Swimlanes, told: Told) -> None:
        self._drawn = drawn
        self._told = told
        self._ends, self._reaches = drawn.ends, drawn.reaches
        keys = [(step.lane, step.station.likeness) for step in drawn.steps]
        self._repeats = repeats(keys, [0] * len(keys))

    @property
    def rows(self) -> int:
        """How many lines it has, as long as nothing is opened."""
        return sum(each.length + (each.times > 1) for each in self._repeats)

    @property
    def height_of_names(self) -> int:
        """Pixels that the names of the lanes take."""
        return len(self._drawn.lanes) * _NAME + 8

    def html(self) -> str:
        """The list."""
        label = f"{counted(len(self._drawn.lanes), 'swimlane')}, in order of time"
        lines = "\n".join(line for each in self._repeats for line in self._lines(each))
        return f'{self._names()}\n<div class="esnb-flow" role="list" aria-label="{label}">\n{lines}\n</div>'

    def _names(self) -> str:
        """Each lane's name, and its line down to the first row."""
        height = self.height_of_names
        parts = []
        for number, lane in enumerate(self._drawn.lanes):
            x, y = _x(number), 12 + number * _NAME
            name = escape(visible(short(lane.words), 120))
            parts.append(
                f'<g class="esnb-of-{shape_of(lane.kind)}"><path class="esnb-lane" fill="none" '
                f'stroke="currentColor" d="M{x + 10} {y} H{x} V{height}"/>'
                f'<text x="{x + 15}" y="{y + 4}" class="esnb-below" fill="currentColor">{name}</text></g>'
            )
        return (
            f'<svg class="esnb-names" aria-hidden="true" width="{_WIDTH}" height="{height}">'
            f"{''.join(parts)}</svg>"
        )

    def _lines(self, repeat: Repeat) -> Iterator[str]:
        yield from map(self._item, repeat.first)
        if repeat.times > 1:
            rows = [self._item(place) for place in repeat.others]
            stations = [self._drawn.steps[place].station for place in repeat.others]
            parts = self._lanes(repeat.others[-1], False)
            opened = [part for part in self._lanes(repeat.others[0], False) if part not in parts]
            hidden = f'<g class="esnb-if-open">{"".join(opened)}</g>' if opened else ""
            drawn = gutter(self._width, *parts, hidden, height=32)
            yield others(stations, repeat.length, drawn, rows, self._told)

    def _item(self, place: int) -> str:
        step = self._drawn.steps[place]
        x = _x(step.lane)
        parts = self._lanes(place, True)
        if step.cause is not None and (lane := self._drawn.steps[step.cause].lane) != step.lane:
            parts.append(across(_x(lane), x, passed=place < self._reaches[lane]))
        parts += [leader(x, self._width), shape(step.station.kind, x)]
        return item(step.station, self._drawn.cause(place), gutter(self._width, *parts), self._told)

    def _lanes(self, place: int, is_step: bool) -> list[str]:
        """The line of each lane beside a step: while it goes on, and while it leads to a step."""
        parts = []
        for lane, kind in enumerate(each.kind for each in self._drawn.lanes):
            x, name = _x(lane), f"esnb-lane esnb-of-{shape_of(kind)}"
            if place < self._ends[lane]:
                parts.append(through(x, name))
            elif place == self._ends[lane] and is_step:
                parts.append(to(x, MIDDLE, name))
            if self._ends[lane] <= place < self._reaches[lane]:
                start = MIDDLE if place == self._ends[lane] and is_step else 0
                parts.append(down(x, start))
        return parts

    @property
    def _width(self) -> int:
        return _x(len(self._drawn.lanes)) + 2


def _x(lane: int) -> int:
    return 12 + lane * _LANE
