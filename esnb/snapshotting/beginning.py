"""The event that an aggregate begins with, which may be gone."""

from __future__ import annotations

from typing import Any

from eventsourcing.domain import CanInitAggregate, CanMutateAggregate
from eventsourcing.persistence import DataError


class MissingEventsError(DataError):
    """An aggregate's first events are gone, and those that are left do not begin one."""


def can_begin(event: Any) -> bool | None:
    """Whether an aggregate can begin with this event; None where its class does not tell."""
    if isinstance(event, CanInitAggregate):
        return True
    return False if isinstance(event, CanMutateAggregate) else None


def missing_events(sequence: str, version: int) -> MissingEventsError:
    """The error for a sequence of which only the events from `version` on are left."""
    return MissingEventsError(
        f"the events of {sequence} begin at version {version}: those before are gone (truncated "
        "by $maxCount, $maxAge or $tb, or deleted), and those that are left make an aggregate only "
        f"together with a usable snapshot of version {version - 1} or later. "
        "esnb.stream(app, id) shows the events that are left, esnb.snapshots(app, id) the snapshots"
    )
