"""An aggregate version by version: the one place that keeps a state of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from eventsourcing.application import Application

from esnb.clients.uri import masked_error
from esnb.folds.changes import FieldChange, changes, describe_changes
from esnb.folds.fold import ProjectorFunction, Step, fold, recorded, up_to
from esnb.sources.ids import Identified, find_id
from esnb.sources.numbers import whole
from esnb.sources.progress_bar import track
from esnb.sources.record import Origin
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import application_of
from esnb.values.state import AggregateState


@dataclass(frozen=True)
class Version:
    """One event of an aggregate, and the state after it."""

    stream: str
    """The aggregate's id."""
    number: int
    type: str
    event: str
    """The event's own name: its type without the class around it."""
    time: datetime | None
    data: Any
    """The event's payload, as it is stored."""
    before: AggregateState
    """The state before this event; shared with the version before."""
    state: AggregateState
    """Copies that no later event changes; empty where the state is not known."""
    problem: Exception | None = None
    """Why this event, or one before it, could not be applied."""

    @property
    def around(self) -> str:
        """The class around the event; empty where there is none."""
        return self.type[: -len(self.event) - 1] if self.event != self.type else ""

    @cached_property
    def changes(self) -> list[FieldChange]:
        """The fields that the event changed; none where the state is not known."""
        return [] if self.problem is not None else changes(self.before, self.state)

    @property
    def changed(self) -> str:
        """The changes in one line, or why they are not known."""
        if self.problem is not None:
            return f"not applied: {masked_error(self.problem)}"
        return describe_changes(self.changes)


def versions(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    to: int | None = None,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | Redaction | None = None,
    progress: bool | None = None,
    purpose: str = "versions()",
) -> Iterator[Version]:
    """The versions of an aggregate, oldest first, folded as `esnb.history` says.

    With `to`, those up to a version. Once an event cannot be applied, its version
    and all later ones have the `problem` and no state. Fields named by `redact`
    are hidden in states and data. `purpose` is how an error names the caller.

    Raises AggregateNotFoundError for an id without events and for a version that
    does not exist, TypeError when `app` is not an Application; all of these
    before the first version is asked for.

    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> _ = app.save(dog)
    >>> [(version.number, version.state["tricks"]) for version in versions(app, dog.id)]
    [(1, []), (2, ['roll over'])]
    """
    source = application_of(app, purpose)
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    last = whole(to, "version")
    if last is not None:
        stored = up_to(source, aggregate_id, stored, last)
    redaction = Redaction(redact)
    steps = fold(source, stored, projector_func, redaction)
    tracked = track(steps, unit="versions", total=len(stored), progress=progress)
    return as_versions(tracked, redaction, source.origin)


def as_versions(steps: Iterable[Step], redaction: Redaction, origin: Origin) -> Iterator[Version]:
    """The steps of a fold, with copies of their states."""
    before: AggregateState = {}
    for step in steps:
        state = redaction.state(step.state) if step.problem is None else {}
        yield Version(
            str(step.stored.originator_id),
            step.version,
            step.type,
            step.name,
            step.time,
            redaction.of_payloads(origin).data(step.data),
            before,
            state,
            step.problem,
        )
        before = state
