"""A value over time as inline SVG: steps, with a dot for every event; no scripts, no ids.

As wide as the page has room and always as high: places along the axis are
percentages, so that no text is stretched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from esnb.drawing.chart.steps import StepPoint, step_path, thinned

HEIGHT = 128
"""Pixels: a line for words, the plot, the axis, a line for its ends."""
AXIS = 102
"""Pixels from the top to the axis."""
_TOP, _BOTTOM = 24, 86
_WIDE = 1000
_COLUMNS = 500
"""Of the rug: as many as a page has room for."""
MOST_DOTS = 200
"""More events than this have neither dots nor titles."""
_LEAST_ROOM = 0.12
"""Part of the axis that a text beside the line needs."""


@dataclass(frozen=True, slots=True)
class EventMark:
    """One event: its place on the axis, and the value from there on."""

    x: float
    """From 0 to 1."""
    height: float | None
    """From 0 to 1; None where there is no value to draw."""
    colour: str
    """The class of a type's colour."""
    title: str
    """What is said of it when it is pointed at."""
    changed: bool = False
    """Whether it set the value."""
    faded: bool = False
    text: str = ""
    """Written over the line where it begins, if there is room."""
    mark: str = ""
    """Written over the event's dot on the axis."""


def steps_svg(points: Sequence[EventMark], label: str, ends: tuple[str, str] = ("", "")) -> str:
    """The drawing; `label` is what it says to those who hear it, `ends` stand below the axis.

    >>> point = EventMark(0.5, 0.5, "esnb-k0", "1 Opened", changed=True)
    >>> steps_svg([point], "total over time").count("<circle")
    2
    """
    parts = [_axis(), _line(points), *_texts(points)]
    parts += map(_event, points) if len(points) <= MOST_DOTS else [_rug(points)]
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


def _line(points: Sequence[EventMark]) -> str:
    colour = next((point.colour for point in reversed(points) if point.changed), "esnb-k0")
    steps = (StepPoint(each.x * _WIDE, _y_or_none(each.height)) for each in points)
    path = step_path(thinned(steps), _WIDE)
    if not path:
        return ""
    attributes = 'fill="none" stroke="currentColor" vector-effect="non-scaling-stroke"'
    body = f'<path class="esnb-line {colour}" {attributes} d="{path}"/>'
    return stretched(0, HEIGHT, body)


def _y_or_none(height: float | None) -> float | None:
    return None if height is None else _y(height)


def _y(height: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * height


def _event(point: EventMark) -> str:
    """Its dots, on the axis and where it set the value, with what they say."""
    title = f"<title>{escape(point.title)}</title>" if point.title else ""
    dots = _dot(point, AXIS, 4.5)
    if point.changed and point.height is not None:
        dots += _dot(point, _y(point.height), 4)
    if point.mark:
        place = f'x="{percent(point.x)}" y="{AXIS - 8}" text-anchor="middle"'
        dots += (
            f'<text {place} class="esnb-mark-text" aria-hidden="true">{escape(point.mark)}</text>'
        )
    faded = " esnb-faded" if point.faded else ""
    return f'<g class="{point.colour}{faded}">{title}{dots}</g>'


def _dot(point: EventMark, y: float, radius: float) -> str:
    return f'<circle cx="{percent(point.x)}" cy="{y:.4g}" r="{radius:g}"/>'


def _rug(points: Sequence[EventMark]) -> str:
    """Where there are too many events for dots: the columns that have any."""
    columns = sorted({min(int(point.x * _COLUMNS), _COLUMNS - 1) for point in points})
    path = "".join(f"M{column * 2 + 1} {AXIS - 4}v8" for column in columns)
    body = f'<path class="esnb-rug" fill="none" stroke="currentColor" stroke-width="2" d="{path}"/>'
    return stretched(0, HEIGHT, body)


def _texts(points: Sequence[EventMark]) -> Iterator[str]:
    """The texts that have room until the next one."""
    said = [point for point in points if point.text]
    for place, point in enumerate(said):
        end = said[place + 1].x if place + 1 < len(said) else 1.0
        if point.height is not None and end - point.x >= _LEAST_ROOM:
            y = _y(point.height) - 7
            place_of = f'x="{percent(point.x)}" y="{y:.1f}"'
            yield f'<text {place_of} class="esnb-axis-text">{escape(point.text)}</text>'
