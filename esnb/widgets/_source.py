"""From frames to a timeline: the only module of the widgets that reads."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from esnb import frames
from esnb.widgets._timeline import Timeline


def read(app: Any, aggregate_id: UUID | str, projector_func: Any = None) -> Timeline:
    """The versions of an aggregate as `esnb.history` and `esnb.stream` give them."""
    options = {} if projector_func is None else {"projector_func": projector_func}
    history = frames.history(app, aggregate_id, **options)
    stream = frames.stream(app, aggregate_id)
    kept = frames.snapshots(app, aggregate_id)
    snapshots = frozenset(int(version) for version in kept["version"].dropna())
    return Timeline(str(aggregate_id), history, stream, snapshots)
