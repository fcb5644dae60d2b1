"""Where a state comes from: the event that last set each field, the first that made something true."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pandas as pd
from eventsourcing.application import Application

from esnb.clients.uri import guarded_argument
from esnb.folds.fold import ProjectorFunction, fold, recorded
from esnb.folds.versions import Version, versions
from esnb.frames.schema import build_rows
from esnb.sources.columns import Schema
from esnb.sources.ids import Identified, find_id
from esnb.sources.progress_bar import track
from esnb.sources.redaction import Redact
from esnb.sources.source import application_of
from esnb.tables.kind import Kind
from esnb.values.ordered_repr import short_repr
from esnb.values.state import AggregateState

BLAME: Schema = {
    "field": "string",
    "value": "object",
    "version": "Int64",
    "type": "string",
    "time": "time",
}
FIELD = Kind("field", strong="field", kept=frozenset({"value"}))


def blame(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    version: int | None = None,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """One row per field of an aggregate's state: the event that last set it.

    Columns: `field` (string), `value` (object: a copy), and the `version`
    (Int64), `type` (string) and `time` (datetime64[us, UTC]) of the event that
    gave the field this value. The state is the current one, or that at `version`.
    An event that sets a field to the value it already has does not count.
    Fields are those that `history` shows, in the same order; values of those
    named by `redact` are `[redacted]`.

    Raises AggregateNotFoundError for an aggregate or a version that does not
    exist, and whatever the fold raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> esnb.blame(app, dog.id)[["field", "value", "version", "type"]]
    field   value          version  type
    name    'Fido'               1  Dog.Registered
    tricks  ['roll over']        2  Dog.TrickAdded
    2 fields
    """
    app = guarded_argument(app)
    setters: dict[str, Version] = {}
    state: AggregateState = {}
    for each in versions(
        app,
        aggregate_id,
        to=version,
        projector_func=projector_func,
        redact=redact,
        progress=progress,
        purpose="blame()",
    ):
        if each.problem is not None:
            raise each.problem
        setters |= {change.field: each for change in each.changes}
        state = each.state
    return build_rows(
        FIELD,
        BLAME,
        (
            (name, value, setters[name].number, setters[name].type, setters[name].time)
            for name, value in state.items()
        ),
    )


def bisect(
    app: Application[Any],
    aggregate_id: Identified,
    predicate: Callable[[Any], object],
    *,
    projector_func: ProjectorFunction | None = None,
    progress: bool | None = None,
) -> int | None:
    """The first version at which `predicate(aggregate)` holds; None where it never does.

    The predicate is called after each event until it holds; it may stop holding
    at a later version. It gets a copy of the aggregate, or the aggregate itself
    where that cannot be copied. Versions at which the aggregate is discarded
    are skipped.

    Raises AggregateNotFoundError for an id without events, whatever the fold
    raises, and whatever the predicate raises, with the version named in a note.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> esnb.bisect(app, dog.id, lambda dog: "roll over" in dog.tricks)
    2
    """
    app = guarded_argument(app)
    if not callable(predicate):
        raise TypeError(
            f"predicate is {short_repr(predicate)}: pass a function of the aggregate, such as "
            "lambda product: product.price < 0"
        )
    source = application_of(app, "bisect()")
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    steps = fold(source, stored, projector_func)
    for step in track(steps, unit="versions", total=len(stored), progress=progress):
        if step.problem is not None:
            raise step.problem
        if step.aggregate is None:
            continue
        try:
            holds = bool(predicate(_copied(step.aggregate)))
        except Exception as error:
            error.add_note(
                f"while calling the predicate at version {step.version} ({step.type}) of "
                f"aggregate {str(aggregate_id)!r}"
            )
            raise
        if holds:
            return step.version
    return None


def _copied(aggregate: Any) -> Any:
    try:
        return deepcopy(aggregate)
    except Exception:  # noqa: BLE001  whatever its own __deepcopy__ raises
        return aggregate
