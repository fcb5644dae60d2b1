"""A value that stays as it is until the next change: the line through its steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class StepPoint:
    """A place in a drawing from which on a height holds; None: there is none from here on."""

    x: float
    y: float | None
    kind: int = 0
    """Of what begins here, counted from 0."""


def step_path(points: Sequence[StepPoint], end: float, kind: int = 0) -> str:
    """The path of an SVG through the steps of a kind, to the next step or else to `end`.

    >>> step_path([StepPoint(0, 9), StepPoint(5, 3), StepPoint(7, None), StepPoint(8, 4)], 9)
    'M0 9H5V3H7M8 4H9'
    >>> step_path([StepPoint(0, 9), StepPoint(5, 3, kind=1)], 9, kind=1)
    'M5 9V3H9'
    """
    parts: list[str] = []
    before = StepPoint(0, None)
    for place, point in enumerate(points):
        until = points[place + 1].x if place + 1 < len(points) else end
        if point.kind == kind and point.y is not None:
            if before.y is None:
                parts.append(f"M{short(point.x)} {short(point.y)}")
            elif before.kind != kind:
                parts.append(f"M{short(point.x)} {short(before.y)}V{short(point.y)}")
            else:
                parts.append(f"V{short(point.y)}")
            parts.append(f"H{short(until)}")
        before = point
    return "".join(parts)


def thinned(points: Iterable[StepPoint]) -> list[StepPoint]:
    """The points that can be told apart: of each column of the drawing at most four.

    These are the first, the lowest, the highest and the last, so that the line
    looks as it does through all of them.

    >>> len(thinned(StepPoint(n / 1000, n % 7) for n in range(5000))) <= 20
    True
    """
    return [
        point
        for _, column in groupby(points, lambda point: int(point.x))
        for point in _ends(column)
    ]


def short(number: float) -> str:
    """A place with at most one decimal.

    >>> short(12.0), short(0.25), short(-0.01)
    ('12', '0.2', '0')
    """
    text = f"{number:.1f}"
    return text[:-2].replace("-0", "0") if text.endswith(".0") else text


def _ends(column: Iterator[StepPoint]) -> list[StepPoint]:
    points = list(column)
    if len(points) <= 4:
        return points
    known = [place for place, point in enumerate(points) if point.y is not None]
    kept = {0, len(points) - 1}
    if known:
        kept |= {
            min(known, key=lambda at: points[at].y or 0),
            max(known, key=lambda at: points[at].y or 0),
        }
    return [points[place] for place in sorted(kept)]
