"""Stored events and notifications with what EventStoreDB knows about them beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent


def _stored(event: StoredEvent) -> tuple[object, ...]:
    return (event.originator_id, event.originator_version, event.topic, event.state)


@dataclass(frozen=True, eq=False)
class StreamEvent(StoredEvent):
    """A stored event as its stream has it; equal to a `StoredEvent` of the same four fields."""

    event_id: UUID
    recorded: datetime | None
    """When the server stored it, UTC."""
    metadata: Mapping[str, Any]
    """The event's JSON metadata; empty when it has none that is readable."""
    position: int | None
    """Its commit position."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredEvent) or isinstance(other, Notification):
            return NotImplemented
        return _stored(self) == _stored(other)

    def __hash__(self) -> int:
        return hash(_stored(self))


@dataclass(frozen=True, eq=False)
class StreamNotification(Notification):
    """A notification whose `id` is the event's commit position."""

    event_id: UUID
    recorded: datetime | None
    """When the server stored it, UTC."""
    metadata: Mapping[str, Any]
    """The event's JSON metadata; empty when it has none that is readable."""

    @property
    def position(self) -> int:
        """Its commit position, the same as `id`."""
        return self.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notification):
            return NotImplemented
        return (*_stored(self), self.id) == (*_stored(other), other.id)

    def __hash__(self) -> int:
        return hash((*_stored(self), self.id))
