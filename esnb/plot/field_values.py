"""One field of an aggregate at each of its versions; nothing else of its state is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventsourcing.application import Application

from esnb.drawing.chart.value_axis import kind_of
from esnb.folds.fold import ProjectorFunction, Step, fold, recorded
from esnb.folds.same import ABSENT
from esnb.sources.ids import Identified, find_id
from esnb.sources.progress_bar import track
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import application_of
from esnb.values.ordered_repr import short_repr
from esnb.values.state import kept, state_of

Measure = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A field at one version."""

    stream: str
    version: int
    type: str
    event: str
    """The event's own name: its type without the class around it."""
    time: datetime | None
    said: Callable[[str], Any]
    """What the event says in a field of its own; None where it says nothing."""
    names: Sequence[str]
    """All fields of the state."""
    value: Any
    """ABSENT where the state has no such field, or is not known."""
    problem: Exception | None


def field_values(
    app: Application[Any],
    aggregate_id: Identified,
    field: str,
    measure: Measure | None,
    *,
    projector_func: ProjectorFunction | None,
    redact: Redact | None,
    progress: bool | None,
) -> Iterator[FieldValue]:
    """The field at each version, oldest first, folded as `esnb.history` says.

    With a `measure`, what that makes of the value, unless this is None. Raises
    what `esnb.history` and the measure raise, and TypeError for the first value
    that has no height.
    """
    source = application_of(app, "plot.field()")
    redaction = Redaction(redact)
    stored = recorded(source, find_id(source, aggregate_id))
    steps = fold(source, stored, projector_func, redaction)
    for step in track(steps, unit="versions", total=len(stored), progress=progress):
        known = step.problem is None and step.aggregate is not None
        state = state_of(step.aggregate) if known else {}
        yield FieldValue(
            str(step.stored.originator_id),
            step.version,
            step.type,
            step.name,
            step.time,
            _words(step, redaction.of_payloads(source.origin)),
            list(state),
            _value(state, field, measure, redaction, step),
            step.problem,
        )


def _value(
    state: dict[str, Any], field: str, measure: Measure | None, redaction: Redaction, step: Step
) -> Any:
    if field not in state:
        return ABSENT
    value = state[field]
    if redaction:
        value = redaction.state({field: kept(value)})[field]
    if measure is not None and value is not None:
        value = _measured(value, field, measure, step.version)
    if kind_of(value) == "other":
        raise TypeError(_undrawable(value, field, step))
    return kept(value)


def _measured(value: Any, field: str, measure: Measure, version: int) -> Any:
    try:
        return measure(value)
    except Exception as error:
        given = short_repr(value)
        error.add_note(f"value= raised this for {given}, {field!r} in version {version}")
        raise


def _undrawable(value: Any, field: str, step: Step) -> str:
    kind = type(value).__qualname__
    return (
        f"field {field!r} of aggregate {str(step.stored.originator_id)!r} holds a {kind} in version "
        f"{step.version}, which has no height in a drawing: pass value=, a function from such a "
        "value to a number or a text, such as value=len"
    )


def _words(step: Step, redaction: Redaction) -> Callable[[str], Any]:
    """By its stored payload, else, where only the application reads that, by the event itself."""

    def said(name: str) -> Any:
        if type(step.data) is dict:
            return redaction.data({name: step.data.get(name)})[name]
        return None if redaction else getattr(step.event, name, None)

    return said
