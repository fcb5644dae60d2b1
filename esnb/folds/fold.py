"""Folding: an aggregate's events applied one by one by its own functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application, project_aggregate
from eventsourcing.domain import CanInitAggregate, CanMutateProtocol, OriginatorVersionError
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import resolve_topic

from esnb.snapshotting.beginning import MissingEventsError, can_begin, missing_events
from esnb.sources.application import ApplicationSource
from esnb.sources.ids import SHORTEST, is_uuid
from esnb.sources.moments import own_time
from esnb.sources.redaction import NOTHING, Redaction
from esnb.values.ordered_repr import short_repr
from esnb.values.state import AggregateState, kept, state_of

ProjectorFunction = Callable[[Any, Iterable[Any]], Any]
"""As in the library: takes an aggregate, or None, and events; returns the aggregate after them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event and the aggregate after it.

    The next step changes this same aggregate, so copy what must last. None:
    discarded, or not known because of `problem`.
    """

    stored: StoredEvent
    type: str
    name: str
    """The event's own name: its type without the class around it."""
    time: datetime | None
    data: Any
    """The event's payload as it is stored, decoded as far as it can be."""
    event: Any
    """The domain event; None where it cannot be made from what is stored."""
    aggregate: Any
    problem: Exception | None = None
    """Why this event, or one before it, could not be applied."""

    @property
    def version(self) -> int:
        return self.stored.originator_version

    @property
    def state(self) -> AggregateState:
        """Copies of the fields that the state has now; empty where it is not known.

        Raises the problem where there is one.
        """
        if self.problem is not None:
            raise self.problem
        found = {} if self.aggregate is None else state_of(self.aggregate)
        return {name: kept(value) for name, value in found.items()}


def recorded(source: ApplicationSource, aggregate_id: UUID | str) -> Sequence[StoredEvent]:
    """The aggregate's stored events; AggregateNotFoundError where there are none."""
    stored_events = source.select(aggregate_id)
    if not stored_events:
        raise AggregateNotFoundError(
            f"{source.name} has no aggregate {short_repr(str(aggregate_id))}{_nor(aggregate_id)}: "
            "esnb.streams(app) lists those it has"
        )
    return stored_events


def _nor(aggregate_id: UUID | str) -> str:
    """What else was looked for: an id that begins so."""
    if isinstance(aggregate_id, UUID) or is_uuid(aggregate_id):
        return ""
    if len(aggregate_id) < SHORTEST:
        return f" (the beginning of an id has {SHORTEST} characters at least)"
    return ", nor one whose id begins so"


def require_version(
    source: ApplicationSource,
    aggregate_id: UUID | str,
    stored: Sequence[StoredEvent],
    version: int,
) -> None:
    """AggregateNotFoundError where none of the stored events has this version."""
    if all(event.originator_version != version for event in stored):
        raise AggregateNotFoundError(
            f"{source.name} has no version {version!r} of aggregate {str(aggregate_id)!r}: it has "
            f"{stored[0].originator_version} to {stored[-1].originator_version}"
        )


def up_to(
    source: ApplicationSource,
    aggregate_id: UUID | str,
    stored: Sequence[StoredEvent],
    version: int,
) -> list[StoredEvent]:
    """The events up to a version, which must be there."""
    require_version(source, aggregate_id, stored, version)
    return [event for event in stored if event.originator_version <= version]


def time_of(source: ApplicationSource, stored: StoredEvent, made: bool = False) -> datetime | None:
    """The time that the event carries, else the store's; None where neither is known.

    With `made`, the application's own mapper reads a payload that nothing else can read.
    """
    record = source.record(stored)
    payload, _ = source.decode(record)
    event = _made(source, stored) if made and type(payload) is not dict else None
    return _time(payload, event) or record.recorded


def _made(source: ApplicationSource, stored: StoredEvent) -> Any:
    try:
        return source.app.mapper.to_domain_event(stored)
    except Exception:  # noqa: BLE001  unknown or damaged: the fold says so where it comes to it
        return None


def _time(payload: Any, event: Any) -> datetime | None:
    return own_time(payload) or own_time({"timestamp": getattr(event, "timestamp", None)})


def fold(
    source: ApplicationSource,
    stored_events: Iterable[StoredEvent],
    projector_func: ProjectorFunction | None = None,
    redaction: Redaction = NOTHING,
) -> Iterator[Step]:
    """The steps that `stored_events` make, from the aggregate's first one on.

    The application's mapper makes domain events of them and the projector
    applies them: neither snapshots nor the library's cache have a part in it.
    After an event that cannot be read or applied the state is unknown, but the
    steps go on; where `redaction` hides anything, the text of its error is left
    out. A mutable aggregate is one object, which the next step changes: copy what
    you need of a step before you ask for the next one.
    """
    aggregate: Any = None
    problem: Exception | None = None
    project, is_first, begun = projector_func, True, False
    for stored in stored_events:
        record = source.record(stored)
        data, _ = source.decode(record)
        event: Any = None
        try:
            event = source.app.mapper.to_domain_event(stored)
            if is_first and stored.originator_version > 1 and can_begin(event) is False:
                raise missing_events(f"aggregate {record.stream!r}", stored.originator_version)
            if problem is None:
                project = project or projector_for(source.app, event)
                aggregate = project(aggregate, [event])
        except Exception as raised:  # noqa: BLE001  the domain's code may raise anything
            error = _missing(raised, record.stream)
            if is_first and stored.originator_version > 1 and _may_not_begin(event):
                error = missing_events(f"aggregate {record.stream!r}", stored.originator_version)
            error = error or _without_an_aggregate(raised, aggregate, event, begun)
            error = error or redaction.error(raised)
            error.add_note(
                f"while applying version {stored.originator_version} ({record.type}) "
                f"of aggregate {record.stream!r}"
            )
            aggregate, problem = None, problem or error
        is_first, begun = False, begun or aggregate is not None
        yield Step(
            stored,
            record.type,
            record.name,
            _time(data, event) or record.recorded,
            data,
            event,
            aggregate,
            problem,
        )


def _may_not_begin(event: Any) -> bool:
    """Whether its class does not say that an aggregate begins with it."""
    return event is not None and can_begin(event) is None


def _missing(raised: Exception, stream: str) -> Exception | None:
    """The error for two versions of which one does not follow the other; the library names only both."""
    if not isinstance(raised, OriginatorVersionError) or len(raised.args) != 2:
        return None
    found, expected = raised.args
    return OriginatorVersionError(
        f"aggregate {stream!r} has no event of version {expected}, and goes on with version "
        f"{found}: what is between is missing, or is not one of the application's events (in "
        "EventStoreDB, an event whose type begins with '$', which esnb.stream(stores, …) shows)"
    )


def _without_an_aggregate(
    raised: Exception, aggregate: Any, event: Any, begun: bool
) -> Exception | None:
    """What a bare `assert` of the library, or of a projector, means for the aggregate."""
    if isinstance(raised, MissingEventsError):
        return raised
    if not isinstance(raised, AssertionError) or raised.args or event is None:
        return None
    kind, creates = type(event).__qualname__, isinstance(event, CanInitAggregate)
    if creates and aggregate is not None:
        return ValueError(f"{kind} creates an aggregate, and there is one already")
    if creates or aggregate is not None:
        return None
    why = "an event before it discarded it" if begun else "the event that creates it is missing"
    return ValueError(f"{kind} has no aggregate to change: {why}")


def projector_for(app: Application[Any], first: Any) -> ProjectorFunction:
    """The function with which `app` folds the aggregate that `first` began.

    One of its own `snapshotting_projectors`, by the aggregate's class; else the
    library's, where the event can mutate. TypeError where neither fits.
    """
    own = app.snapshotting_projectors
    topic = getattr(first, "originator_topic", None)
    if isinstance(topic, str):
        chosen = own.get(resolve_topic(topic))
        if chosen is not None:
            return chosen
    if isinstance(first, CanMutateProtocol):
        return project_aggregate
    for aggregate_class, candidate in own.items():
        try:
            begun = candidate(None, [first])
        except Exception:  # noqa: BLE001, S112  not this aggregate's: the next one is tried
            continue
        if isinstance(begun, aggregate_class):
            return candidate
    raise TypeError(
        f"{type(first).__qualname__} has no mutate() and application {app.name!r} no "
        "snapshotting_projectors entry for its aggregate: pass projector_func="
    )
