"""Snapshots: which are kept, and whether they still tell the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pandas as pd
from eventsourcing.application import Application
from eventsourcing.persistence import AggregateRecorder, StoredEvent

from esnb.clients.uri import guarded_argument
from esnb.folds.changes import FieldChange, describe_changes
from esnb.folds.fold import ProjectorFunction, Step, fold, projector_for, time_of
from esnb.folds.same import ABSENT, same
from esnb.frames.explained import explained
from esnb.frames.schema import build_rows
from esnb.snapshotting.beginning import MissingEventsError
from esnb.snapshotting.fold_code import fold_fingerprint
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot
from esnb.sources.application import ApplicationSource
from esnb.sources.columns import Schema
from esnb.sources.ids import Identified, find_id
from esnb.sources.progress_bar import track
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import application_of
from esnb.tables.kind import Kind
from esnb.values.difference import Comparison
from esnb.values.state import AggregateState, full_state_of

SNAPSHOTS: Schema = {
    "stream": "string",
    "version": "Int64",
    "time": "time",
    "store": "string",
    "expires": "time",
    "topic": "string",
    "bytes": "Int64",
    "fingerprint": "string",
    "recorded": "time",
}
SNAPSHOT = Kind(
    "snapshot",
    strong="stream",
    secondary=frozenset({"topic", "fingerprint", "recorded"}),
)
VERIFIED: Schema = {
    "stream": "string",
    "version": "Int64",
    "time": "time",
    "store": "string",
    "status": "string",
    "differs": "string",
    "error": "string",
}


def snapshots(
    app: Application[Any],
    aggregate_id: Identified | None = None,
    *,
    progress: bool | None = None,
) -> pd.DataFrame:
    """One row per kept snapshot, of one aggregate or of all, each aggregate's oldest first.

    Columns: `stream` (string: the aggregate's id), `version` (Int64), `time`
    (datetime64[us, UTC]: when it was taken), `store` (string: `redis`,
    `eventstoredb`, or the library's module, `popo`, `sqlite`, `postgres`),
    `expires` (when the store drops it; NaT: never), `topic` (string), `bytes`
    (Int64: size of its stored state), `fingerprint` (string: of the aggregate's
    class, where the store keeps one), `recorded` (when the store got it).

    A snapshot kept in two stores (`SNAPSHOT_STORE=eventstoredb+redis`) has a row
    for each. For an application without snapshots the frame is empty. The
    library's own stores cannot list their snapshots: without an id, the
    application's whole sequence of events is read to look up each aggregate.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application(env={"IS_SNAPSHOTTING_ENABLED": "y"})
    >>> dog = Dog("Fido")
    >>> _ = app.save(dog)
    >>> app.take_snapshot(dog.id)
    >>> esnb.snapshots(app, dog.id)[["version", "store"]]
    version  store
          1  popo
    1 snapshot
    """
    app = guarded_argument(app)
    source = application_of(app, "snapshots()")
    wanted = None if aggregate_id is None else find_id(source, aggregate_id)
    return build_rows(
        SNAPSHOT,
        SNAPSHOTS,
        (
            (
                *_identity(source, stored),
                getattr(stored, "expires", None),
                stored.topic,
                len(stored.state),
                getattr(stored, "fingerprint", None),
                getattr(stored, "recorded", None),
            )
            for stored in _kept_snapshots(source, wanted, progress)
        ),
    )


def verify_snapshot(
    app: Application[Any],
    aggregate_id: Identified,
    *,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> pd.DataFrame:
    """Each kept snapshot of an aggregate against a full replay of its events.

    Columns: `stream` (string), `version` (Int64), `time` (datetime64[us, UTC]:
    when it was taken), `store` (string), `status`, `differs` (string: the fields
    that differ, replay → snapshot), `error` (string). `status` is

    - `ok`: the snapshot is the state that the events give;
    - `differs`: it is a different state (the fold has changed since, or was wrong, or the
      store does not give back the types of its values);
    - `foreign`: by its fingerprint, it was made by other code of its class than
      today's, and is ignored; `differs` says whether that mattered;
    - `unreadable`: it cannot be decoded or applied;
    - `orphaned`: there is no event of its version, or it was taken at a different one;
    - `unverified`: the events themselves cannot be folded that far, or the first are gone.

    A snapshot that is not `ok` is never an error here: delete it, or take a new
    one. The frame is empty where none are kept. `redact` names fields whose
    values `differs` shows as `[redacted]`; it still names the fields that differ.

    Raises TypeError when `app` is not an Application.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application(env={"IS_SNAPSHOTTING_ENABLED": "y"})
    >>> dog = Dog("Fido")
    >>> _ = app.save(dog)
    >>> app.take_snapshot(dog.id)
    >>> esnb.verify_snapshot(app, dog.id)[["version", "status"]]
    version  status
          1  ok
    1 snapshot
    """
    app = guarded_argument(app)
    source = application_of(app, "verify_snapshot()")
    aggregate_id = find_id(source, aggregate_id)
    found = list(_kept_snapshots(source, aggregate_id, False))
    verdicts = _verdicts(source, aggregate_id, found, projector_func, Redaction(redact))
    return build_rows(
        SNAPSHOT,
        VERIFIED,
        (
            (*_identity(source, stored), *verdict)
            for stored, verdict in zip(found, verdicts, strict=True)
        ),
    )


def _identity(
    source: ApplicationSource, stored: StoredEvent
) -> tuple[str, int, datetime | None, str]:
    """What both frames begin with: stream, version, time and store."""
    return (
        str(stored.originator_id),
        stored.originator_version,
        time_of(source, stored),
        _store(source, stored),
    )


SnapshotVerdict = tuple[str, str | None, str | None]


def _verdicts(
    source: ApplicationSource,
    aggregate_id: UUID | str,
    found: Sequence[StoredEvent],
    projector_func: ProjectorFunction | None,
    redaction: Redaction,
) -> list[SnapshotVerdict]:
    """The verdict on each snapshot, given while the replay is at its version."""
    if not found:
        return []
    verdicts: dict[int, SnapshotVerdict] = {}
    first: Step | None = None
    newest = max(stored.originator_version for stored in found)
    for step in fold(source, source.select(aggregate_id, lte=newest), projector_func, redaction):
        first = first or step
        for place, stored in enumerate(found):
            if stored.originator_version == step.version:
                verdicts[place] = _verdict(source, stored, step, projector_func, redaction)
    return [verdicts.get(place) or _alone(stored, first) for place, stored in enumerate(found)]


def _alone(stored: StoredEvent, first: Step | None) -> SnapshotVerdict:
    """The verdict on a snapshot of a version that has no event."""
    version = stored.originator_version
    if (
        first is not None
        and isinstance(first.problem, MissingEventsError)
        and first.version == version + 1
    ):
        return "unverified", None, explained(first.problem)
    return "orphaned", None, f"there is no event of version {version}"


def _verdict(
    source: ApplicationSource,
    stored: StoredEvent,
    step: Step,
    projector_func: ProjectorFunction | None,
    redaction: Redaction,
) -> SnapshotVerdict:
    stranger = _of_another_event(stored, step)
    if stranger is not None:
        return "orphaned", None, stranger
    try:
        snapshot = _mapper(source).to_domain_event(stored)
        project = projector_func or projector_for(source.app, snapshot)
        restored = full_state_of(project(None, [snapshot]))
        foreign = _is_foreign(source, stored, snapshot)
    except Exception as error:  # noqa: BLE001  whatever a changed class raises
        return "unreadable", None, explained(redaction.error(error))
    if step.problem is not None:
        return "unverified", None, explained(step.problem)
    differs = "; ".join(_differences(full_state_of(step.aggregate), restored, redaction)) or None
    if foreign:
        return "foreign", differs, None
    return ("ok" if differs is None else "differs"), differs, None


def _of_another_event(stored: StoredEvent, step: Step) -> str | None:
    """Why a snapshot is not one of the event at its version; None: it is, or nobody knows."""
    event_id = getattr(step.stored, "event_id", None)
    if event_id is None or not isinstance(stored, StoredSnapshot) or stored.event_id == event_id:
        return None
    if stored.event_id is None:
        return "it does not say at which event it was taken (esnb 0.1 kept no event ids)"
    return f"the event of version {step.version} is not the one that it was taken at"


def _differences(
    truth: AggregateState, restored: AggregateState, redaction: Redaction
) -> Iterator[str]:
    """The fields that differ, types at every level included: replay → snapshot."""
    comparison = Comparison()
    shown, shown_restored = redaction.state(truth), redaction.state(restored)
    for name in dict.fromkeys((*restored, *truth)):
        change = FieldChange(name, shown.get(name, ABSENT), shown_restored.get(name, ABSENT))
        if name not in truth or name not in restored:
            yield describe_changes([change])
            continue
        try:
            found = comparison.compare(truth[name], restored[name])
        except Exception as error:  # noqa: BLE001  whatever the values' own code raises
            yield f"{name}: cannot be compared, {type(error).__name__}"
            continue
        if found is not None:
            if found.is_of_keys or same(change.before, change.after):
                yield f"{name}: {found.reason}" if redaction else str(found.within(name))
            else:
                yield describe_changes([change])


def _kept_snapshots(
    source: ApplicationSource, aggregate_id: UUID | str | None, progress: bool | None
) -> Iterator[StoredEvent]:
    store = source.app.snapshots
    if store is None:
        return
    recorder = store.recorder
    if aggregate_id is not None:
        for originator_id in source.originator_ids(aggregate_id):
            found = list(_of(recorder, originator_id))
            if found:
                yield from found
                return
    elif isinstance(recorder, SnapshotRecorder):
        yield from track(recorder.list_snapshots(), unit="snapshots", progress=progress)
    else:
        ids: dict[UUID | str, None] = {}
        for notification in track(source.notifications(None), unit="events", progress=progress):
            ids[notification.originator_id] = None
        for originator_id in ids:
            yield from recorder.select_events(originator_id)


def _of(recorder: AggregateRecorder, originator_id: UUID | str) -> Iterable[StoredEvent]:
    if isinstance(recorder, SnapshotRecorder):
        return recorder.list_snapshots(originator_id)
    return recorder.select_events(originator_id)


def _store(source: ApplicationSource, stored: StoredEvent) -> str:
    """The store's name: as the snapshot has it, else the persistence module's."""
    named: str = getattr(stored, "store", "")
    return named or type(source.app.factory).__module__.rpartition(".")[2]


def _mapper(source: ApplicationSource) -> Any:
    store = source.app.snapshots
    assert store is not None  # a snapshot came from it
    return store.mapper


def _is_foreign(source: ApplicationSource, stored: StoredEvent, snapshot: Any) -> bool:
    """Whether other code than today's made the snapshot, where its store keeps a fingerprint."""
    return isinstance(stored, StoredSnapshot) and stored.fingerprint != fold_fingerprint(
        snapshot, source.app.name
    )
