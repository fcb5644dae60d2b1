"""The steps of a field as a drawing, and below it their events and reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from esnb.drawing.chart.axes import across, room_for, up
from esnb.drawing.chart.palette import look_of
from esnb.drawing.chart.scale import Number, Scale, microseconds, moment
from esnb.drawing.chart.step_chart import ChartStep, labels, line, points
from esnb.drawing.chart.svg import LETTER, Drawing, fitting, fitting_ends, hint, point, text
from esnb.drawing.chart.ticks import Axis, Tick, number_axis
from esnb.drawing.chart.time_ticks import clock, span_text, time_axis
from esnb.drawing.chart.value_axis import ValueAxis
from esnb.drawing.values import counted, stamp
from esnb.folds.same import ABSENT
from esnb.plot.field_steps import FieldHistory, FieldStep, value_text

Clock: TypeAlias = Callable[[datetime], str]
WIDTH = 760
MOST_POINTS = 100
"""Steps up to which each has its point: more would cover the line."""
MOST_ROWS = 12
_TOP, _HEIGHT, _ROW, _END = 26, 150, 22, 88
_MOST_LEFT = 190
_FIRST, _BOLD = 66, 8.0
"""Where the names of events begin below the drawing, and the width of their characters."""


def is_over_time(found: FieldHistory) -> bool:
    """Whether its versions have times, and not all the same one."""
    first, last = found.first.time, found.last.time
    return first is not None and last is not None and first != last


def drawn(
    title: str, found: FieldHistory, values: ValueAxis, over_time: bool, times: bool
) -> Drawing:
    """The line and its points over time, or by version; the last steps as rows below, with `times`."""
    left = room_for([values.axis], _MOST_LEFT)
    axis = _along(found, over_time, WIDTH - left)
    x = Scale(axis.low, axis.high, left + 8, WIDTH - _END)
    ground = _TOP + _height(values)
    y = Scale(values.axis.low, values.axis.high, ground - 10, _TOP + 10)
    written = clock_of(found) if times else None
    steps = _steps(found.steps, values, over_time, written)
    parts = [
        up(values.axis, y, left, WIDTH, left - 12),
        across(axis, x, ground, WIDTH),
        line(steps, x, y, WIDTH),  # what was set last still holds
    ]
    if len(steps) <= MOST_POINTS:
        parts += [*points(steps, x, y, ground), *labels(steps, x, y, WIDTH)]
    top = ground + 44
    rows = found.steps[-MOST_ROWS:]
    columns = _columns(rows)
    parts += [_row(step, top + place * _ROW, columns, written) for place, step in enumerate(rows)]
    height = top + len(rows) * _ROW
    if len(found.steps) > len(rows):
        words = f"the last {len(rows)} of {counted(len(found.steps), 'step')}"
        parts.append(text(0, height + 2, words, "esnb-quiet"))
        height += _ROW
    about = "; ".join(f"v{step.version} {step.event}: {step.change}" for step in rows)
    return Drawing(WIDTH, height, title, "\n".join(filter(None, parts)), about)


def _height(values: ValueAxis) -> float:
    """Of the drawing: more for many rows, less for nothing."""
    if not values.axis.ticks:
        return 30
    return max(_ROW * len(values.axis.ticks), 80) if values.is_rows else _HEIGHT


def span_of(found: FieldHistory) -> str:
    """From when to when its versions are, in words."""
    return span_text(*_ends(found))


def _ends(found: FieldHistory) -> tuple[int, int]:
    times = [found.first.time, found.last.time, *(step.time for step in found.steps)]
    known = [microseconds(time) for time in times if time is not None]
    return min(known), max(known)


def _along(found: FieldHistory, over_time: bool, room: float) -> Axis:
    if over_time:
        return time_axis(*_ends(found), room)
    first, last = found.first.version, found.last.version
    axis = number_axis(first, last, 8, least=1)
    ticks = [
        Tick(tick.value, f"v{tick.text}") for tick in axis.ticks if first <= tick.value <= last
    ]
    return Axis(first, max(last, first + 1), ticks)


def _steps(
    found: Sequence[FieldStep], values: ValueAxis, over_time: bool, written: Clock | None
) -> list[ChartStep]:
    steps: list[ChartStep] = []
    at: Number = 0
    for step, height in zip(found, values.heights, strict=True):
        at = _at(step, over_time, at)
        label = _label(step, values.is_rows and not values.notes)
        steps.append(ChartStep(at, height, look_of(step.event), label, _about(step, written)))
    return steps


def _at(step: FieldStep, over_time: bool, before: Number) -> Number:
    if not over_time:
        return step.version
    return before if step.time is None else microseconds(step.time)


def _label(step: FieldStep, is_named: bool) -> str:
    value = value_text(step.after)
    return f"v{step.version}" if is_named or len(value) > 14 else f"v{step.version} · {value}"


def _about(step: FieldStep, written: Clock | None) -> str:
    why = f" · {step.reason}" if step.reason else ""
    when = f" · {stamp(step.time)}" if written and step.time else ""
    return f"v{step.version} {step.event}: {step.change}{why}{when}"


def _columns(rows: Sequence[FieldStep]) -> tuple[float, float]:
    """Where changes and reasons begin: behind the longest name and the longest change."""
    names = max((len(step.event) for step in rows), default=0) * _BOLD
    changes = max((len(step.change) for step in rows), default=0) * LETTER
    second = _FIRST + min(max(names, 90), 150) + 14
    return second, second + min(max(changes, 90), 220) + 14


def _row(step: FieldStep, y: float, columns: tuple[float, float], written: Clock | None) -> str:
    """A step in words: which, what, from what to what, why and when."""
    when = written(step.time) if written and step.time else ""
    end = WIDTH - (len(when) * LETTER + 8 if when else 0)
    second, third = columns
    parts = [
        point(look_of(step.event), 6, y - 4),
        text(20, y, f"v{step.version}", "esnb-quiet"),
        text(_FIRST, y, fitting_ends(step.event, second - _FIRST - 6, _BOLD), "esnb-name"),
        text(second, y, _change(step, third - second - 6)),
        text(third, y, fitting(step.reason, end - third)) if step.reason else "",
        text(WIDTH, y, when, "esnb-quiet", "end") if when else "",
        hint(_about(step, written)),
    ]
    return f"<g>{''.join(parts)}</g>"


def _change(step: FieldStep, room: float) -> str:
    """The change, or where that does not fit what came of it."""
    whole = step.change
    if len(whole) * LETTER > room and step.before is not ABSENT:
        whole = f"→ {value_text(step.after)}"
    return fitting(whole, room)


def clock_of(found: FieldHistory) -> Clock:
    """How its times are written: the time of day within one day, else to the minute."""
    times = [microseconds(step.time) for step in found.steps if step.time]
    if len({time // 86_400_000_000 for time in times}) > 1:
        return lambda time: stamp(time)[:16]
    return lambda time: clock(moment(microseconds(time)), max(times) - min(times))
