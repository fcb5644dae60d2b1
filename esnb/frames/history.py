"""An aggregate through its versions: all of them, one of them, the difference of two."""

from __future__ import annotations

from datetime import datetime
from itertools import takewhile
from typing import Any, Literal, get_args
from uuid import UUID

import pandas as pd
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import StoredEvent

from esnb.clients.uri import guarded_argument
from esnb.folds.changes import changes
from esnb.folds.fold import (
    ProjectorFunction,
    fold,
    recorded,
    require_version,
    time_of,
    up_to,
)
from esnb.folds.same import ABSENT
from esnb.folds.versions import versions
from esnb.frames.schema import build, build_rows
from esnb.sources.application import ApplicationSource
from esnb.sources.columns import Schema
from esnb.sources.ids import Identified, find_id
from esnb.sources.moments import Moment, read_end
from esnb.sources.numbers import whole
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import application_of
from esnb.tables.kind import Kind
from esnb.values.ordered_repr import short_repr, without_addresses
from esnb.values.state import AggregateState

HISTORY: Schema = {"version": "Int64", "type": "string", "time": "time", "changed": "string"}
Numbers = Literal["exact", "float"]
DIFF: Schema = {"field": "string", "before": "object", "after": "object"}
VERSION = Kind("version", strong="type", kept=frozenset({"changed"}))
CHANGED_FIELD = Kind("changed field", strong="field", kept=frozenset({"before", "after"}))


def history(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
    numbers: Numbers = "exact",
    progress: bool | None = None,
) -> pd.DataFrame:
    """One row per version: the event, what it changed, and the whole state after it.

    Columns: `version` (Int64), `type` (string), `time` (datetime64[us, UTC]),
    `changed` (string: `price: 10 → 12`, several separated by `; `; a field's
    first value without an arrow), then a column for each field of the state,
    named `state.type` where a name is taken. Fields get the narrowest dtype that
    keeps their values: whole numbers Int64 (objects beyond 64 bits), text and
    UUIDs string, times datetime64[us, UTC], other values as they are. The state
    is what the aggregate's attributes hold, except its id, its version and the
    library's own bookkeeping. Values are copies: no later event, and nothing
    done to the frame, changes another row.

    The events are folded by the aggregate's own functions: `projector_func`,
    else the application's `snapshotting_projectors`, else the library's
    `project_aggregate`; snapshots and the cache are not used. Once an event
    cannot be applied, `changed` says so from there on and the state is missing.
    `redact` names fields whose values are shown as `[redacted]`, wherever they
    stand in the state; `changed` still says that they changed, but omits the
    text of an error, which may contain such a value.

    `numbers="float"` makes a float64 column of every field that holds only
    numbers, for pandas' own statistics and plots, which leave out Decimals:
    `history(app, id, numbers="float").plot(x="time", y="price",
    drawstyle="steps-post")` (with matplotlib: `pip install "esnb[plot]"`). What
    is lost: digits after about the sixteenth, how many decimals a price was
    written with (12.50 is 12.5), exact sums, and what made a value missing: None
    is NaN. Numbers beyond 1.8e308 are infinite. `changed` stays exact.

    `aggregate_id` is a UUID or text, the aggregate itself, a row of `streams`, or
    the beginning of an id, 8 digits at least, here as wherever an id is asked for.

    Raises AggregateNotFoundError for an id without events, ValueError, which lists
    them, where several ids begin so, and for any other `numbers`, TypeError when
    `app` is not an Application.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> esnb.history(app, dog.id)[["version", "type", "changed"]]
    version  type            changed
          1  Dog.Registered  name: 'Fido'; tricks: []
          2  Dog.TrickAdded  tricks: + 'roll over'
    2 versions
    """
    app = guarded_argument(app)
    if numbers not in get_args(Numbers):
        raise ValueError(f"numbers={short_repr(numbers)}: pass 'exact' or 'float'")
    columns: dict[str, list[Any]] = {name: [] for name in HISTORY}
    states: list[AggregateState] = []
    for version in versions(
        app,
        aggregate_id,
        projector_func=projector_func,
        redact=redact,
        progress=progress,
        purpose="history()",
    ):
        columns["version"].append(version.number)
        columns["type"].append(version.type)
        columns["time"].append(version.time)
        columns["changed"].append(version.changed)
        states.append(version.state)
    return build(VERSION, HISTORY, columns, fields=_fields(states), floats=numbers == "float")


def _fields(states: list[AggregateState]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for state in states for name in state)
    taken = {*HISTORY, *names}
    columns: dict[str, list[Any]] = {}
    for name in names:
        column = name
        while column in HISTORY or column in columns or (column != name and column in taken):
            column = f"state.{column}"
        columns[column] = [state.get(name) for state in states]
    return columns


def at(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    version: int | None = None,
    time: Moment | None = None,
    projector_func: ProjectorFunction | None = None,
) -> Any:
    """The aggregate as it was at a version, or at a time; without either, as it is.

    A separate object, replayed from the events: nothing done to it reaches the
    application, its cache or another call's result. `time` (inclusive; a
    datetime or ISO 8601 text, UTC without an offset; a day without a time of day
    means its end) applies the events before the first later one.

    Raises AggregateNotFoundError where there is no such aggregate, no such
    version, or none yet at that time; ValueError for version and time together;
    and whatever the fold raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> esnb.at(app, dog.id, version=1).tricks
    []
    """
    app = guarded_argument(app)
    source = application_of(app, "at()")
    if version is not None and time is not None:
        raise ValueError("pass version= or time=, not both")
    version = whole(version, "version")
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    if version is not None:
        stored = up_to(source, aggregate_id, stored, version)
    if time is not None:
        moment = read_end(time, "time")
        stored = list(takewhile(lambda event: _is_by(source, event, moment, aggregate_id), stored))
        if not stored:
            raise AggregateNotFoundError(
                f"aggregate {str(aggregate_id)!r} did not exist at {moment}: "
                "its first event is later"
            )
    *_, found = fold(source, stored, projector_func)
    if found.problem is not None:
        raise found.problem
    return found.aggregate


def _is_by(
    source: ApplicationSource, stored: StoredEvent, moment: datetime, aggregate_id: UUID | str
) -> bool:
    time = time_of(source, stored, made=True)
    if time is None:
        raise ValueError(
            f"version {stored.originator_version} of aggregate {str(aggregate_id)!r} "
            "carries no time: use version="
        )
    return time <= moment


def diff(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    before: int | None = None,
    after: int | None = None,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> pd.DataFrame:
    """The fields that differ between two versions of an aggregate.

    Columns: `field` (string), `before`, `after` (object: independent copies, and
    a text for an object without a `__repr__`, whose address would say nothing; NA
    where that version has no such field). `after` defaults to the last version,
    `before` to the one before `after`; a `before` below the first version stands
    for the time before the aggregate existed. Fields are those that `history`
    shows; values of those named by `redact` are `[redacted]`.

    Raises AggregateNotFoundError for an aggregate or a version that does not
    exist, and whatever the fold raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> esnb.diff(app, dog.id)
    field   before  after
    tricks  []      ['roll over']
    1 changed field
    """
    app = guarded_argument(app)
    source = application_of(app, "diff()")
    before, after = whole(before, "before"), whole(after, "after")
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    numbers = [event.originator_version for event in stored]
    newer = numbers[-1] if after is None else after
    require_version(source, aggregate_id, stored, newer)
    earlier = [number for number in numbers if number < newer]
    older = before if before is not None else max(earlier, default=newer - 1)
    if older >= numbers[0]:
        require_version(source, aggregate_id, stored, older)
    states: dict[int, AggregateState] = {}
    redaction = Redaction(redact)
    for step in fold(source, stored, projector_func, redaction):
        version = step.version
        if version in (older, newer):
            states[version] = redaction.state(step.state)
        if version >= max(older, newer):
            break
    found = changes(states.get(older, {}), states.get(newer, {}))
    return build_rows(
        CHANGED_FIELD,
        DIFF,
        ((change.field, shown(change.before), shown(change.after)) for change in found),
    )


def shown(value: Any) -> Any:
    """A side of a change as a cell; objects that have no text of their own by their attributes."""
    return pd.NA if value is ABSENT else without_addresses(value)
