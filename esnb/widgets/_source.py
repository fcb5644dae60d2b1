"""From an application to a timeline: the only module of the widgets that reads.

Reads what `esnb.history` and `esnb.stream` read, by the same functions, but
keeps the values themselves, which a column's dtype would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from eventsourcing.application import Application

from esnb import frames
from esnb.frames._changes import changes, described
from esnb.frames._fold import ProjectorFunction, Step, fold, recorded
from esnb.frames._progress import track
from esnb.frames._sources import application_of
from esnb.frames._state import kept, state_of
from esnb.widgets._timeline import Timeline, Version


def read(
    app: Application[Any],
    aggregate_id: UUID | str,
    projector_func: ProjectorFunction | None = None,
) -> Timeline:
    """All versions of an aggregate; raises what `esnb.history` raises."""
    source = application_of(app, "explore()")
    stored = recorded(source, aggregate_id)
    versions: list[Version] = []
    before: Mapping[str, Any] = {}
    for step in track(fold(source, stored, projector_func), unit="versions", total=len(stored)):
        data, _ = source.decode(source.record(step.stored))
        versions.append(_version(step, data, before))
        before = versions[-1].state
    return Timeline(str(stored[0].originator_id), versions, _snapshots(app, aggregate_id))


def _version(step: Step, data: Any, before: Mapping[str, Any]) -> Version:
    number, kind, time = step.stored.originator_version, step.type, step.time
    if isinstance(data, dict):
        data = {name: value for name, value in data.items() if name != "timestamp"}
    if step.problem is not None:
        problem = f"{type(step.problem).__name__}: {step.problem}"
        return Version(number, kind, time, f"not applied: {problem}", data, {}, problem)
    found = {} if step.aggregate is None else state_of(step.aggregate)
    state = {name: kept(value) for name, value in found.items()}
    return Version(number, kind, time, described(changes(before, state)), data, state)


def _snapshots(app: Application[Any], aggregate_id: UUID | str) -> frozenset[int]:
    """The versions of which the application has a snapshot."""
    if app.snapshots is None:
        return frozenset()
    found = frames.snapshots(app, aggregate_id)
    return frozenset(int(version) for version in found["version"].dropna())
