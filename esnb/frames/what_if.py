"""What if: a history with events left out or inserted, beside the real one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pandas as pd
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import StoredEvent

from esnb.clients.uri import guarded_argument
from esnb.folds.changes import changes
from esnb.folds.fold import ProjectorFunction, Step, fold, projector_for, recorded
from esnb.folds.versions import Version, as_versions
from esnb.frames.history import CHANGED_FIELD, DIFF, shown
from esnb.frames.schema import build_rows
from esnb.sources.application import ApplicationSource
from esnb.sources.ids import Identified, find_id
from esnb.sources.numbers import whole
from esnb.sources.redaction import NOTHING, Redact, Redaction
from esnb.sources.source import application_of
from esnb.values.ordered_repr import short_repr

Inserted = object | Sequence[object] | Callable[[Any], object]
"""A domain event, several, or a function of the aggregate that triggers or returns some."""


def what_if(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    skip: Collection[int] | int = (),
    insert: Mapping[int, Inserted] | None = None,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> pd.DataFrame:
    """The state as it would be after a changed history, compared with the real one.

    `skip` are versions whose events are left out. `insert` maps versions to what
    is inserted before the event of that version (one above the last version: at
    the end): a domain event, a list of them, or a function that gets a copy of
    the aggregate as it would be then, and calls its commands (their pending
    events are taken) or returns events. Events that follow are renumbered; the
    ids and versions that inserted ones carry do not matter. Nothing is stored.

    Columns as in `diff`: `field` (string), `before` (object: in the real
    history), `after` (object: in the changed one); NA where one has no such
    field. A field that is the same in both has no row; values of those named by
    `redact` are `[redacted]`.

    Raises AggregateNotFoundError for an aggregate or a version that does not
    exist, ValueError when nothing is left of the history, TypeError for what is
    not an event, and whatever the fold raises, without its text where `redact`
    hides anything: an event may not apply without the one that was left out, and
    none applies without the one that creates the aggregate (ValueError).

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> dog.add_trick("sit")
    >>> _ = app.save(dog)
    >>> esnb.what_if(app, dog.id, skip={2}, insert={4: lambda dog: dog.add_trick("beg")})
    field   before                after
    tricks  ['roll over', 'sit']  ['sit', 'beg']
    1 changed field
    """
    app = guarded_argument(app)
    source = application_of(app, "what_if()")
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    redaction = Redaction(redact)
    changes_of = _read(source, stored, aggregate_id, skip, insert)
    changed = ChangedHistory(source, stored, *changes_of, redaction)
    *_, real = fold(source, stored, projector_func, redaction)
    before = redaction.state(real.state)
    last: Step | None = None
    for last in changed.steps(projector_func):
        if last.problem is not None:
            raise last.problem
    if last is None:
        raise ValueError(
            f"skip={sorted(changed.skip)} leaves no event of aggregate {str(aggregate_id)!r}"
        )
    return build_rows(
        CHANGED_FIELD,
        DIFF,
        (
            (change.field, shown(change.before), shown(change.after))
            for change in changes(before, redaction.state(last.state))
        ),
    )


def without(
    app: Application[Any],
    aggregate_id: Identified,
    skip: Collection[int] | int,
    *,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | Redaction | None = None,
) -> Iterator[Version]:
    """The versions that are left when the events of `skip` are not applied.

    Each has the number that its event has in the real history, and the state as
    it would be after it. Once an event cannot be applied without those left out,
    it and all later ones have the `problem`. None are left when all are skipped.

    Raises AggregateNotFoundError for an aggregate or a version that does not exist.

    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> dog.add_trick("sit")
    >>> _ = app.save(dog)
    >>> [(version.number, version.state["tricks"]) for version in without(app, dog.id, skip=2)]
    [(1, []), (3, ['sit'])]
    """
    source = application_of(app, "without()")
    aggregate_id = find_id(source, aggregate_id)
    stored = recorded(source, aggregate_id)
    redaction = Redaction(redact)
    changes_of = _read(source, stored, aggregate_id, skip, None)
    changed = ChangedHistory(source, stored, *changes_of, redaction)
    numbers = [
        event.originator_version for event in stored if event.originator_version not in changed.skip
    ]
    left = as_versions(changed.steps(projector_func), redaction, source.origin)
    return (replace(each, number=number) for number, each in zip(numbers, left, strict=True))


@dataclass
class ChangedHistory:
    """The events of an aggregate without those in `skip` and with those in `insert`."""

    source: ApplicationSource
    stored: Sequence[StoredEvent]
    skip: Collection[int]
    insert: Mapping[int, Inserted]
    redaction: Redaction = NOTHING
    _aggregate: Any = field(default=None, init=False)
    """The aggregate after the last step that was taken."""

    def steps(self, projector_func: ProjectorFunction | None = None) -> Iterator[Step]:
        """The fold of the changed history, renumbered from the first version on."""
        project = projector_func or self._projector()
        begun = False
        for step in fold(self.source, self._numbered(), project, self.redaction):
            self._aggregate = step.aggregate
            begun = begun or step.aggregate is not None
            if step.problem is not None and not begun and self._first in self.skip:
                step = replace(step, problem=self._uncreated(step.type, step.problem))
            yield step

    @property
    def _first(self) -> int:
        return self.stored[0].originator_version

    def _projector(self) -> ProjectorFunction | None:
        """That of the real history: the event that tells it may be left out."""
        try:
            first = self.source.app.mapper.to_domain_event(self.stored[0])
            return projector_for(self.source.app, first)
        except Exception:  # noqa: BLE001  the fold says what is wrong with it
            return None

    def _uncreated(self, type_: str, problem: Exception) -> ValueError:
        explained = ValueError(
            f"skip={sorted(self.skip)} leaves out version {self._first}, which creates aggregate "
            f"{str(self.stored[0].originator_id)!r}, and {type_} cannot be applied without it: "
            f"skip other versions, or pass another event that creates it, insert={{{self._first}: …}}"
        )
        explained.__cause__ = problem
        for note in getattr(problem, "__notes__", ()):
            explained.add_note(note)
        return explained

    def _numbered(self) -> Iterator[StoredEvent]:
        # The fold asks for the next event when the step before has been taken.
        originator_id = self.stored[0].originator_id
        number = self._first
        for event in self._events():
            yield StoredEvent(originator_id, number, event.topic, event.state)
            number += 1

    def _events(self) -> Iterator[StoredEvent]:
        for event in self.stored:
            yield from self._inserted(event.originator_version)
            if event.originator_version not in self.skip:
                yield event
        yield from self._inserted(self.stored[-1].originator_version + 1)

    def _inserted(self, version: int) -> Iterator[StoredEvent]:
        if version not in self.insert:
            return
        given = self.insert[version]
        if callable(given) and not isinstance(given, type):
            given = self._asked(given, version)
        for event in given if isinstance(given, list | tuple) else [given]:
            yield self._stored(event, version)

    def _asked(self, function: Callable[[Any], object], version: int) -> list[object]:
        """The events that a function of the aggregate gives."""
        try:
            return _triggered(function, self._aggregate)
        except Exception as error:  # noqa: BLE001  raised again below, where it hides nothing's text
            problem = self.redaction.error(error)
        if self._aggregate is None:
            problem.add_note(
                f"there is no aggregate before version {version}: the function was passed None"
            )
        problem.add_note(f"while calling the function of insert={{{version}: …}}")
        raise problem

    def _stored(self, event: Any, version: int) -> StoredEvent:
        try:
            stored: StoredEvent = self.source.app.mapper.to_stored_event(event)
            return stored
        except Exception as error:  # noqa: BLE001  any mapper, any object
            problem = self.redaction.error(error)
        raise TypeError(
            f"insert={{{version}: …}}: {type(event).__qualname__} is not an event that "
            f"{self.source.name} can store: pass a domain event, a list of them, or a function of "
            "the aggregate"
        ) from problem


def _triggered(function: Callable[[Any], object], aggregate: Any) -> list[object]:
    """The events that `function` makes of a copy of the aggregate."""
    copied = deepcopy(aggregate)
    returned = function(copied)
    collect = getattr(copied, "collect_events", None)
    pending = list(collect()) if callable(collect) else []
    if returned is None or returned is copied:
        return pending
    return [*pending, *(returned if isinstance(returned, list | tuple) else [returned])]


def _read(
    source: ApplicationSource,
    stored: Sequence[StoredEvent],
    aggregate_id: UUID | str,
    skip: Collection[int] | int,
    insert: Mapping[int, Inserted] | None,
) -> tuple[frozenset[int], dict[int, Inserted]]:
    """The arguments, once every version in them is known to exist."""
    if insert is not None and not isinstance(insert, Mapping):
        raise TypeError(f"insert={short_repr(insert)}: pass a mapping from versions to events")
    first, last = stored[0].originator_version, stored[-1].originator_version
    numbers = {event.originator_version for event in stored}
    asked = skip if isinstance(skip, Collection) and not isinstance(skip, str) else [skip]
    left_out = frozenset(number for each in asked if (number := whole(each, "skip")) is not None)
    put_in = {
        number: event
        for each, event in (insert or {}).items()
        if (number := whole(each, "insert")) is not None
    }
    for number in sorted({*left_out - numbers, *set(put_in) - {*numbers, last + 1}}):
        raise AggregateNotFoundError(
            f"{source.name} has no version {number} of aggregate {str(aggregate_id)!r}: it has "
            f"{first} to {last}, and insert= takes {last + 1} for the end"
        )
    return left_out, put_in
