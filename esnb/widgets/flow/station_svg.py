"""One station of a flow as a part of an SVG: a shape for its kind, two lines of text."""

from __future__ import annotations

from html import escape

from esnb.drawing.ids import short
from esnb.drawing.values import stamp, visible
from esnb.widgets.flow.stations import Station

WIDTH, ROW = 760, 44
"""Of a drawing, and of the place that a station takes in it, in its units."""
_LETTER = 6.6
_SHAPES = {
    "event": '<circle cx="{x}" cy="{y}" r="6"/>',
    "outbox": '<rect x="{left}" y="{top}" width="12" height="12" rx="2"/>',
    "job": '<path d="M{left} {low} L{x} {top} L{right} {low} Z"/>',
}
"""Beside the word, a shape for each kind."""


def item(station: Station, x: int, y: int, right: int, times: bool, **told: str) -> str:
    """The shape at a point, and the words to the right of `right`.

    A screen reader reads it as one entry of a list; `told` holds `level`, how
    deep it stands, and `cause`, what caused it.
    """
    shape = _SHAPES[shape_of(station.kind)].format(
        x=x, y=y, left=x - 6, right=x + 6, top=y - 6, low=y + 6
    )
    room = int((WIDTH - right - 4) / _LETTER)
    below, state = _below(station, times), visible(station.state, 20)
    first = _cut(visible(station.type, 80), room - len(state) - 6)
    label = f"{visible(station.type, 80)}, {state}, {below}"
    if "cause" in told:
        label += f", caused by {told['cause']}"
    level = f'aria-level="{told["level"]}" ' if "level" in told else ""
    return (
        f'<g role="listitem" {level}aria-label="{escape(label)}" '
        f'class="esnb-of-{shape_of(station.kind)}">{shape}'
        f'<text x="{right}" y="{y + 4}"><tspan class="esnb-type">{escape(first)}</tspan> '
        f'<tspan class="esnb-{station.severity}" dx="6">{station.mark} {escape(state)}</tspan></text> '
        f'<text x="{right}" y="{y + 20}" class="esnb-below">{escape(_cut(below, room + 6))}</text>'
        "</g>"
    )


def width_of(station: Station, right: int, times: bool) -> int:
    """The width its words need, so that a narrow drawing is not scaled down needlessly."""
    first = visible(station.type, 80) + visible(station.state, 20)
    wide = max((len(first) + 6) * _LETTER * 1.15, len(_below(station, times)) * _LETTER)
    return min(WIDTH, int(right + 8 + wide))


def shape_of(kind: str) -> str:
    """The kind whose shape and colour a kind has."""
    return kind if kind in _SHAPES else "event"


def fitting(words: str, room: int) -> str:
    """The words, cut where they would not fit."""
    return _cut(words, int(room / _LETTER))


def _below(station: Station, times: bool) -> str:
    """Where and when it was, and what went wrong."""
    when = f" · {stamp(station.time)}" if times and station.time else ""
    wrong = f" · {visible(station.error, 200)}" if station.error else ""
    return visible(short(station.where) + when, 200) + wrong


def _cut(words: str, most: int) -> str:
    most = max(most, 12)
    return words if len(words) <= most else f"{words[: most - 1]}…"
