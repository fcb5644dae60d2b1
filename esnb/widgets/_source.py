"""From an application to a timeline: the only module of the widgets that reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.application import Application

from esnb import frames
from esnb.widgets._timeline import Timeline, Version

if TYPE_CHECKING:
    from esnb.frames._fold import ProjectorFunction
    from esnb.frames._redaction import Redact


def read(
    app: Application[Any],
    aggregate_id: UUID | str,
    projector_func: ProjectorFunction | None = None,
    redact: Redact | None = None,
) -> Timeline:
    """All versions of an aggregate; raises what `esnb.history` raises."""
    found = list(
        frames.versions(
            app,
            aggregate_id,
            projector_func=projector_func,
            redact=redact,
            purpose="explore()",
        )
    )
    return Timeline(found[0].stream, list(map(_shown, found)), _snapshots(app, aggregate_id))


def _shown(version: frames.Version) -> Version:
    problem = version.problem
    return Version(
        version.number,
        version.type,
        version.time,
        version.changed,
        _without_time(version.data),
        version.state,
        "" if problem is None else f"{type(problem).__name__}: {problem}",
    )


def _without_time(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return {name: value for name, value in data.items() if name != "timestamp"}


def _snapshots(app: Application[Any], aggregate_id: UUID | str) -> frozenset[int]:
    """The versions of which the application has a snapshot."""
    if app.snapshots is None:
        return frozenset()
    found = frames.snapshots(app, aggregate_id)
    return frozenset(int(version) for version in found["version"].dropna())
