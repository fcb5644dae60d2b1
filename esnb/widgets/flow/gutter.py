"""The drawing to the left of one station: its shape, and the lines to its causes and on.

Inline SVG of as many parts as there are stations. Each is as high as its
station, also while that is open: vertical lines are given in per cent.
"""

from __future__ import annotations

ROW, MIDDLE = 44, 16
"""The height of a station, and where its shape is, in pixels."""
_SHAPES = {
    "event": '<circle cx="{x}" cy="{y}" r="6"/>',
    "outbox": '<rect x="{left}" y="{top}" width="12" height="12" rx="2"/>',
    "job": '<path d="M{left} {low} L{x} {top} L{right} {low} Z"/>',
}
"""Beside the word, a shape for each kind."""


def gutter(width: int, *parts: str, height: int = ROW) -> str:
    """The parts on a drawing of that width."""
    return (
        f'<svg class="esnb-gutter" aria-hidden="true" width="{width}" height="{height}">'
        f"{''.join(parts)}</svg>"
    )


def shape_of(kind: str) -> str:
    """The kind whose shape and colour a kind has."""
    return kind if kind in _SHAPES else "event"


def shape(kind: str, x: int) -> str:
    """The shape of a kind."""
    y = MIDDLE
    return _SHAPES[shape_of(kind)].format(x=x, y=y, left=x - 6, right=x + 6, top=y - 6, low=y + 6)


def through(x: int, name: str = "esnb-branch") -> str:
    """A line from above to below."""
    return down(x, 0, name)


def down(x: int, start: int = MIDDLE + 9, name: str = "esnb-branch") -> str:
    """A line from the shape, or `start`, to below."""
    return f'<line class="{name}" x1="{x}" y1="{start}" x2="{x}" y2="100%"/>'


def to(x: int, end: int, name: str = "esnb-branch") -> str:
    """A line from above down to a height."""
    return f'<line class="{name}" x1="{x}" y1="0" x2="{x}" y2="{end}"/>'


def across(x: int, to_x: int, *, passed: bool = False) -> str:
    """From above at `x`, with a bend, to the shape at `to_x`; `passed`: by a line at `x`."""
    y, side = MIDDLE, 1 if to_x > x else -1
    if x == to_x:
        return to(x, y - 9)
    start = y - 8 if passed else 0
    bend = f"Q{x} {y} {x + 8 * side} {y} H{to_x - 9 * side}"
    return f'<path class="esnb-branch" d="M{x} {start} V{y - 8} {bend}"/>'


def leader(x: int, end: int) -> str:
    """Dots from a shape to its words, where other lanes lie between."""
    if end - x <= 26:
        return ""
    return f'<line class="esnb-leader" x1="{x + 10}" y1="{MIDDLE}" x2="{end - 4}" y2="{MIDDLE}"/>'
