"""The projections' settings and checkpoints, kept in the log as EventStoreDB keeps them."""

from __future__ import annotations

import json
import uuid
from typing import Any

from esnb.embedded.projections.links import read_stamp
from esnb.embedded.projections.rules import BadQuery
from esnb.embedded.projections.system_projection import NAMES, SystemProjection
from esnb.embedded.storage.record import Content, Proposed, content
from esnb.embedded.streams.store import Store

_UPDATED = "$ProjectionUpdated"
_CHECKPOINT = "$ProjectionCheckpoint"
_HANDLERS = "native:EventStore.Projections.Core.Standard."


def settings_stream(projection: SystemProjection) -> str:
    """Where the projection's settings are kept."""
    return f"$projections-{projection.name}"


def checkpoint_stream(projection: SystemProjection) -> str:
    """Where the projection's checkpoints are kept."""
    return f"$projections-{projection.name}-checkpoint"


def registered(store: Store, *, enabled: bool) -> dict[str, SystemProjection]:
    """The system projections as the log knows them, `enabled` or not where it does not."""
    projections = {name: SystemProjection(name, enabled=enabled) for name in NAMES}
    for projection in projections.values():
        settings = _newest(store, settings_stream(projection))
        if settings is not None:
            _apply(projection, settings.data)
        checkpoint = _newest(store, checkpoint_stream(projection))
        stamp = None if checkpoint is None else read_stamp(checkpoint.metadata)
        if stamp is not None and stamp.epoch == projection.epoch:
            projection.position = projection.checkpoint = stamp.position
    return projections


def settings_event(projection: SystemProjection) -> Proposed:
    """The event that keeps the projection's settings."""
    fields = {
        "handlerType": _HANDLERS + projection.handler,
        "query": projection.query,
        "mode": "Continuous",
        "enabled": projection.enabled,
        "emitEnabled": True,
        "epoch": projection.epoch,
        "version": projection.version,
    }
    data = json.dumps(fields, separators=(",", ":")).encode()
    return Proposed(uuid.uuid4().bytes, _UPDATED, True, data, b"")


def checkpoint_event(projection: SystemProjection, position: int) -> Proposed:
    """The event that keeps how far the projection has come."""
    metadata = projection.stamp(position) + b"}"
    return Proposed(uuid.uuid4().bytes, _CHECKPOINT, True, b"{}", metadata)


def _newest(store: Store, stream: str) -> Content | None:
    number = store.streams.number(stream)
    record = None if number is None else store.log.last_of(number)
    return None if record is None else content(record)


def _apply(projection: SystemProjection, data: bytes) -> None:
    """Take over what is sound; these streams are open to every client."""
    try:
        fields: Any = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(fields, dict):
        return
    if isinstance(fields.get("enabled"), bool):
        projection.enabled = fields["enabled"]
    for name in ("epoch", "version"):
        if type(fields.get(name)) is int:
            setattr(projection, name, fields[name])
    query = fields.get("query")
    if isinstance(query, str):
        try:
            projection.set_query(query)
        except BadQuery:
            return
