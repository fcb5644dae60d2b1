"""A value through its steps, as a drawing: the line, and a point where each step begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from esnb.drawing.chart.palette import Look
from esnb.drawing.chart.scale import Number, Scale
from esnb.drawing.chart.steps import StepPoint, step_path, thinned
from esnb.drawing.chart.svg import LETTER, point, stroke, text

_LINE = 14


@dataclass(frozen=True, slots=True)
class ChartStep:
    """Where a step begins, along and up; `height` is None where there is no value from then on."""

    at: Number
    height: Number | None
    look: Look
    label: str
    """Short, beside its point."""
    about: str
    """All of it, where it is pointed at."""


def line(steps: Sequence[ChartStep], x: Scale, y: Scale, end: float) -> str:
    """The line through the steps, the last of which goes on to `end`; empty where there is none.

    Each part has the colour of the step that it begins with.
    """
    looks = list(dict.fromkeys(step.look for step in steps))
    drawn = thinned(_points(steps, x, y))
    paths = ((look, step_path(drawn, end, looks.index(look))) for look in looks)
    return "".join(
        stroke(path, f"esnb-run {look.css}", 2, look.colour) for look, path in paths if path
    )


def points(steps: Iterable[ChartStep], x: Scale, y: Scale, ground: float) -> list[str]:
    """A point for each step; where there is no value, at the height of the `ground`."""
    return [
        point(
            step.look,
            x.place(step.at),
            ground if step.height is None else y.place(step.height),
            step.about,
        )
        for step in steps
    ]


def labels(steps: Sequence[ChartStep], x: Scale, y: Scale, end: float) -> list[str]:
    """The labels that fit beside their points, left of `end`: the last step's first, none over another."""
    taken: list[tuple[float, float, float]] = []
    drawn = []
    for step in reversed(steps):
        if step.height is None or not step.label:
            continue
        wide, left = len(step.label) * LETTER, x.place(step.at)
        left = left + 7 if left + 7 + wide <= end else left - wide - 7
        for base in (y.place(step.height) - 8, y.place(step.height) + 17):
            if base <= y.start + 8 and _is_free(taken, left, wide, base):
                taken.append((left, left + wide, base))
                drawn.append(text(left, base, step.label, "esnb-quiet"))
                break
    return drawn


def _is_free(
    taken: Iterable[tuple[float, float, float]], left: float, wide: float, base: float
) -> bool:
    return all(
        left >= end + 6 or left + wide + 6 <= start or abs(base - other) >= _LINE
        for start, end, other in taken
    )


def _points(steps: Iterable[ChartStep], x: Scale, y: Scale) -> Iterable[StepPoint]:
    reached = x.start
    kinds: dict[Look, int] = {}
    for step in steps:
        reached = max(reached, x.place(step.at))  # clocks may go back
        height = None if step.height is None else y.place(step.height)
        yield StepPoint(reached, height, kinds.setdefault(step.look, len(kinds)))
