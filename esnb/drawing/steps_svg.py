"""A value over time as inline SVG: steps, with a dot for every event; no scripts, no ids.

As wide as the page has room and always as high: places along the axis are
percentages, so that no text is stretched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

HEIGHT = 128
"""Pixels: a line for words, the plot, the axis, a line for its ends."""
AXIS = 102
"""Pixels from the top to the axis."""
_TOP, _BOTTOM = 24, 86
_WIDE = 1000
_COLUMNS = 500
"""More points than a page has pixels for are drawn as what they span in each of these."""
MOST_DOTS = 240
"""More events than this have neither dots nor titles."""
_LEAST_ROOM = 0.12
"""Part of the axis that a text beside the line needs."""


@dataclass(frozen=True, slots=True)
class StepPoint:
    """One event: its place on the axis, and the value from there on."""

    x: float
    """From 0 to 1."""
    height: float | None
    """From 0 to 1; None where there is no value to draw."""
    colour: str
    """A class of `type_colours`."""
    title: str
    """What is said of it when it is pointed at."""
    changed: bool = False
    """Whether it set the value."""
    faded: bool = False
    text: str = ""
    """Written over the line where it begins, if there is room."""
    mark: str = ""
    """Written over the event's dot on the axis."""


def steps_svg(points: Sequence[StepPoint], label: str, ends: tuple[str, str] = ("", "")) -> str:
    """The drawing; `label` is what it says to those who hear it, `ends` stand below the axis.

    >>> point = StepPoint(0.5, 0.5, "esnb-k0", "1 Opened", changed=True)
    >>> steps_svg([point], "total over time").count("<circle")
    2
    """
    few = len(points) <= MOST_DOTS
    parts = [_axis(), _line(points), *_texts(points)]
    parts += [_dot(point) for point in points] if few else [_rug(points)]
    parts += [_dot(point, on_line=True) for point in points if few and point.changed]
    parts += [_mark(point) for point in points if few and point.mark]
    parts += [_end(ends[0], "0", "start"), _end(ends[1], "100%", "end")]
    return (
        f'<svg class="esnb-steps-svg" role="img" aria-label="{escape(label)}" width="100%" '
        f'height="{HEIGHT}">{"".join(parts)}</svg>'
    )


def percent(x: float) -> str:
    """A place along the axis as SVG and CSS write it."""
    return f"{100 * x:.2f}".rstrip("0").rstrip(".") + "%"


def stretched(top: int, height: int, body: str, wide: int = _WIDE) -> str:
    """Shapes without text, in a drawing that fills the width."""
    return (
        f'<svg x="0" y="{top}" width="100%" height="{height}" viewBox="0 0 {wide} {height}" '
        f'preserveAspectRatio="none">{body}</svg>'
    )


def _axis() -> str:
    line = f'<line x1="0" x2="100%" y1="{AXIS}" y2="{AXIS}"'
    return f'{line} class="esnb-axis-line" stroke="currentColor"/>'


def _end(words: str, x: str, anchor: str) -> str:
    if not words:
        return ""
    place = f'x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}"'
    return f'<text {place} class="esnb-axis-text">{escape(words)}</text>'


def _line(points: Sequence[StepPoint]) -> str:
    colour = next((point.colour for point in reversed(points) if point.changed), "esnb-k0")
    path = "".join(_path(_thinned(points)))
    if not path:
        return ""
    attributes = 'fill="none" stroke="currentColor" vector-effect="non-scaling-stroke"'
    body = f'<path class="esnb-line {colour}" {attributes} d="{path}"/>'
    return stretched(0, HEIGHT, body)


def _path(points: Sequence[StepPoint]) -> Iterator[str]:
    drawing = False
    for place, point in enumerate(points):
        if point.height is None:
            drawing = False
            continue
        y = f"{_y(point.height):.1f}"
        yield f"V{y}" if drawing else f"M{point.x * _WIDE:.1f} {y}"
        end = points[place + 1].x if place + 1 < len(points) else 1.0
        yield f"H{end * _WIDE:.1f}"
        drawing = True


def _thinned(points: Sequence[StepPoint]) -> Sequence[StepPoint]:
    """Of each column the first, the lowest, the highest and the last point."""
    if len(points) <= 4 * _COLUMNS:
        return points
    kept: list[StepPoint] = []
    for _, group in groupby(points, lambda point: int(point.x * _COLUMNS)):
        column = list(group)
        known = [each for each in column if each.height is not None]
        wanted = {id(column[0]), id(column[-1])}
        if known:
            wanted |= {id(min(known, key=_height)), id(max(known, key=_height))}
        kept += [each for each in column if id(each) in wanted]
    return kept


def _height(point: StepPoint) -> float:
    return point.height or 0.0


def _y(height: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * height


def _dot(point: StepPoint, on_line: bool = False) -> str:
    if on_line and point.height is None:
        return ""
    y = f"{_y(point.height):.1f}" if on_line and point.height is not None else str(AXIS)
    faded = " esnb-faded" if point.faded else ""
    return (
        f'<circle class="{point.colour}{faded}" cx="{percent(point.x)}" cy="{y}" '
        f'r="{4 if on_line else 4.5}"><title>{escape(point.title)}</title></circle>'
    )


def _mark(point: StepPoint) -> str:
    place = f'x="{percent(point.x)}" y="{AXIS - 8}" text-anchor="middle"'
    return f'<text {place} class="esnb-mark-text" aria-hidden="true">{escape(point.mark)}</text>'


def _rug(points: Sequence[StepPoint]) -> str:
    """Where there are too many events for dots: the columns that have any."""
    columns = sorted({min(int(point.x * _COLUMNS), _COLUMNS - 1) for point in points})
    path = "".join(f"M{column * 2 + 1} {AXIS - 4}v8" for column in columns)
    body = f'<path class="esnb-rug" fill="none" stroke="currentColor" stroke-width="2" d="{path}"/>'
    return stretched(0, HEIGHT, body)


def _texts(points: Sequence[StepPoint]) -> Iterator[str]:
    """The texts that have room until the next one."""
    said = [point for point in points if point.text]
    for place, point in enumerate(said):
        end = said[place + 1].x if place + 1 < len(said) else 1.0
        if point.height is not None and end - point.x >= _LEAST_ROOM:
            y = _y(point.height) - 7
            place_of = f'x="{percent(point.x)}" y="{y:.1f}"'
            yield f'<text {place_of} class="esnb-axis-text">{escape(point.text)}</text>'
