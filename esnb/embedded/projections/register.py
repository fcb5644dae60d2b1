"""The projections' settings and checkpoints, kept in the log as EventStoreDB keeps them."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import Any

from esnb.embedded.projections.links import parsed_stamp
from esnb.embedded.projections.system_projection import NAMES, SystemProjection
from esnb.embedded.storage.record import Content, Proposed
from esnb.embedded.streams.store import Store
from esnb.embedded.streams.system_stream import newest_sound

_UPDATED = "$ProjectionUpdated"
_CHECKPOINT = "$ProjectionCheckpoint"
_HANDLERS = "native:EventStore.Projections.Core.Standard."


def settings_stream(projection: SystemProjection) -> str:
    """Where the projection's settings are kept."""
    return f"$projections-{projection.name}"


def checkpoint_stream(projection: SystemProjection) -> str:
    """Where the projection's checkpoints are kept."""
    return f"$projections-{projection.name}-checkpoint"


def load_projections(store: Store, *, enabled: bool) -> dict[str, SystemProjection]:
    """The system projections as the log knows them, `enabled` or not where it does not."""
    projections = {name: SystemProjection(name, enabled=enabled) for name in NAMES}
    for projection in projections.values():
        newest_sound(store, settings_stream(projection), partial(_apply, projection))
        position = newest_sound(
            store, checkpoint_stream(projection), partial(_position, store, projection)
        )
        projection.position = projection.checkpoint = position or 0
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


def _apply(projection: SystemProjection, event: Content) -> None:
    """Take over the settings that an event keeps; raises one of `UNSOUND` for any other."""
    fields: Any = json.loads(event.data)
    enabled, query = fields["enabled"], fields["query"]
    numbers = fields["epoch"], fields["version"]
    if not isinstance(enabled, bool) or not isinstance(query, str):
        raise TypeError(fields)
    if any(type(number) is not int or not -1 <= number < 2**31 for number in numbers):
        raise ValueError(numbers)
    projection.set_query(query)
    projection.enabled = enabled
    projection.epoch, projection.version = numbers


def _position(store: Store, projection: SystemProjection, event: Content) -> int:
    """How far a checkpoint says that the projection has come; none of a later reset's."""
    stamp = parsed_stamp(event.metadata)
    if not 0 <= stamp.position <= store.head:
        raise ValueError(stamp)
    return stamp.position if stamp.epoch == projection.epoch else 0
