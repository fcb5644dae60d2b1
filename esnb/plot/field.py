"""One field of an aggregate through its versions, as steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from esnb.clients.uri import guarded_argument
from esnb.drawing.chart.value_axis import value_axis
from esnb.drawing.ids import without_ids
from esnb.drawing.values import counted, stamp, visible
from esnb.folds.same import ABSENT
from esnb.plot.field_chart import drawn, is_over_time, span_of
from esnb.plot.field_steps import FieldStep, field_history
from esnb.plot.field_values import Measure, field_values
from esnb.plot.picture import Picture
from esnb.values.ordered_repr import short_repr

if TYPE_CHECKING:
    from eventsourcing.application import Application

    from esnb.folds.fold import ProjectorFunction
    from esnb.sources.redaction import Redact

_MOST_LINES = 100


def field(
    app: Application[Any],
    aggregate_id: UUID | str,
    field: str,
    *,
    value: Measure | None = None,
    reason: str | None = None,
    times: bool = True,
    ids: bool = True,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
    progress: bool | None = None,
) -> Picture:
    """One field of an aggregate over time, as steps; each with its event and its reason.

    `field` is one of the fields that `esnb.history` has as columns. Numbers,
    durations and times are drawn by their size; texts, truth, enums and mixed
    values in rows, of which there are at most 12; None and NaN are gaps. Of a
    list, a dict or an object pass what to draw: `value=len`, or
    `value=lambda price: price.amount`. The reason of a step is what its event
    says in the field `reason` (pass another name in `reason`; by default also
    comment, note, why, because, remark, message). Below the drawing are the last
    12 steps, in the text the last 100.

    `times=False` draws it by version instead of over time and `ids=False` writes
    `id-1` for the aggregate's UUID, for documentation that is run again and
    compared. Events without times, or all at one moment, are drawn by version,
    too. `projector_func` and `redact` as in `esnb.history`.

    Raises LookupError for a field that no version has, TypeError for values that
    cannot be drawn, what `value` raises, and what `esnb.history` raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> print(esnb.plot.field(app, dog.id, "tricks", value=len, times=False, ids=False))
    tricks of Dog id-1: 2 steps in 2 versions, by version
    v1  0      Registered
    v2  0 → 1  TrickAdded
    """
    app = guarded_argument(app)
    if not isinstance(field, str):
        raise TypeError(f"field={short_repr(field)}: pass the name of a field, such as 'price'")
    values = field_values(
        app,
        aggregate_id,
        field,
        value,
        projector_func=projector_func,
        redact=redact,
        progress=progress,
    )
    found = field_history(values, field, reason)
    axis = value_axis([None if step.after is ABSENT else step.after for step in found.steps])
    title = f"{visible(field, 80)} of {visible(found.aggregate, 80)}"
    count = f"{counted(len(found.steps), 'step')} in {counted(found.versions, 'version')}"
    over_time = times and is_over_time(found)
    count += f", {span_of(found)}" if over_time else ", by version"
    drawing = drawn(f"{title}: {count}", found, axis, over_time, times)
    notes = [*axis.notes, *([found.problem] if found.problem else [])]
    name = found.stream if ids else without_ids(found.stream)
    return Picture(title, name, count, drawing, _written(found.steps, times), notes)


def _written(steps: Sequence[FieldStep], times: bool) -> list[str]:
    shown = steps[-_MOST_LINES:]
    numbers = [f"v{step.version}" for step in shown]
    columns = [
        numbers,
        [step.change for step in shown],
        [visible(step.event, 40) for step in shown],
    ]
    widths = [max(map(len, column), default=0) for column in columns]
    lines = [
        "  ".join(
            [
                *(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)),
                *([visible(step.reason, 120)] if step.reason else []),
                *([stamp(step.time)] if times and step.time else []),
            ]
        ).rstrip()
        for step, *row in zip(shown, *columns, strict=True)
    ]
    earlier = len(steps) - len(shown)
    return [f"… {counted(earlier, 'earlier step')}", *lines] if earlier else lines
