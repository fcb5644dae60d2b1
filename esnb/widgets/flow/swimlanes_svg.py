"""Swimlanes as inline SVG: no scripts, no ids; its text is a list to a screen reader."""

from __future__ import annotations

from html import escape

from esnb.drawing.html import NO_MATHS
from esnb.drawing.ids import short
from esnb.drawing.values import counted, visible
from esnb.widgets.flow.station_svg import ROW, WIDTH, fitting, item, shape_of, width_of
from esnb.widgets.flow.swimlanes import Swimlanes

_LANE, _NAME = 24, 22
"""From a lane to the next, and from a lane's name to the next one's."""


def svg(drawn: Swimlanes, times: bool = True) -> str:
    """The names of the lanes, each above its own; below them one row per step.

    A line leads from the lane of what caused a step to the step. A step's text
    for screen readers names place and cause, so lanes and lines are hidden from them.
    """
    top = len(drawn.lanes) * _NAME + 14
    words = _x(len(drawn.lanes)) + 2
    parts = [_lane(drawn, number, top) for number in range(len(drawn.lanes))]
    parts += [_joined(drawn, place, top) for place in range(len(drawn.steps))]
    for place, step in enumerate(drawn.steps):
        cause = drawn.cause(place)
        told = {} if cause is None else {"cause": visible(f"{cause.type} of {cause.where}", 120)}
        x, y = _x(step.lane), _y(place, top)
        parts += [_leader(x, y, words), item(step.station, x, y, words, times, **told)]
    width = max(
        *(width_of(step.station, words, times) for step in drawn.steps),
        *(min(WIDTH, _x(number) + 300) for number in range(len(drawn.lanes))),
    )
    height = top + len(drawn.steps) * ROW
    label = f"{counted(len(drawn.lanes), 'swimlane')}, in order of time"
    return (
        f'<svg class="esnb-flow {NO_MATHS}" role="list" aria-label="{label}" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        + "\n".join(part for part in parts if part)
        + "\n</svg>"
    )


def _x(lane: int) -> int:
    return 12 + lane * _LANE


def _y(place: int, top: int) -> int:
    return top + 14 + place * ROW


def _lane(drawn: Swimlanes, number: int, top: int) -> str:
    """A lane's name, and its line down to its last step."""
    lane, x, y = drawn.lanes[number], _x(number), 14 + number * _NAME
    name = fitting(visible(short(lane.words), 120), WIDTH - x - 16)
    return (
        f'<g aria-hidden="true" class="esnb-of-{shape_of(lane.kind)}"><path class="esnb-lane" '
        f'fill="none" stroke="currentColor" d="M{x + 10} {y} H{x} V{_y(drawn.ends[number], top)}"/>'
        f'<text x="{x + 15}" y="{y + 4}" class="esnb-below">{escape(name)}</text></g>'
    )


def _joined(drawn: Swimlanes, place: int, top: int) -> str:
    """From the cause down its lane, then across to the step."""
    step = drawn.steps[place]
    if step.cause is None:
        return ""
    cause = drawn.steps[step.cause]
    x, y = _x(cause.lane), _y(step.cause, top) + 9
    right, low = _x(step.lane), _y(place, top)
    if cause.lane == step.lane:
        way = f"V{low - 9}"
    else:
        side = 1 if right > x else -1
        way = f"V{low - 8} Q{x} {low} {x + 8 * side} {low} H{right - 9 * side}"
    return (
        '<path class="esnb-branch" aria-hidden="true" fill="none" stroke="currentColor" '
        f'd="M{x} {y} {way}"/>'
    )


def _leader(x: int, y: int, words: int) -> str:
    """Dots from a step to its words, where other lanes lie between."""
    if words - x <= _LANE + 2:
        return ""
    return (
        '<path class="esnb-leader" aria-hidden="true" fill="none" stroke="currentColor" '
        f'd="M{x + 10} {y} H{words - 6}"/>'
    )
