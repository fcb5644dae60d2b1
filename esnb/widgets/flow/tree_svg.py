"""A causation tree as inline SVG: no scripts, no ids; its text is a list to a screen reader."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.drawing.html import NO_MATHS
from esnb.widgets.flow.station_svg import ROW, item, width_of
from esnb.widgets.flow.stations import Station, causes_of

_INDENT = 26
_DEEPEST = 14
"""Levels that are drawn further to the right; deeper ones stand below each other."""


def svg(found: Sequence[Station], times: bool = True) -> str:
    """The stations below each other, each to the right of its cause and joined to it."""
    height = len(found) * ROW + 8
    drawn = []
    for place, (station, cause) in enumerate(zip(found, causes_of(found), strict=True)):
        if cause is not None:
            drawn.append(_joined(found, cause, place))
        x, y = _at(station, place)
        drawn.append(item(station, x, y, x + 16, times, level=str(station.depth + 1)))
    width = max(width_of(station, _at(station, 0)[0] + 16, times) for station in found)
    return (
        f'<svg class="esnb-flow {NO_MATHS}" role="list" aria-label="Causation tree, causes first" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        + "\n".join(drawn)
        + "\n</svg>"
    )


def _at(station: Station, place: int) -> tuple[int, int]:
    return 12 + min(station.depth, _DEEPEST) * _INDENT, 18 + place * ROW


def _joined(found: Sequence[Station], cause: int, place: int) -> str:
    """An elbow from the cause down and to the right."""
    (x, y), (right, low) = _at(found[cause], cause), _at(found[place], place)
    return (
        '<path class="esnb-branch" aria-hidden="true" fill="none" stroke="currentColor" '
        f'd="M{x} {y + 9} V{low} H{right - 9}"/>'
    )
