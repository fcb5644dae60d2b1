"""What a runner cannot overcome."""

from __future__ import annotations

from eventsourcing.persistence import DataError

from esnb.adapters.checkpoint_event import CheckpointMismatchError

__all__ = ["CheckpointAheadError", "CheckpointMismatchError"]


class CheckpointAheadError(DataError):
    """A view's checkpoint lies beyond the last event: the event store was reset."""
