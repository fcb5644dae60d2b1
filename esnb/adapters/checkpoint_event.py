"""The event that a checkpoint stands at: it tells one log from another."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol, Self
from uuid import UUID

from eventsourcing.persistence import DataError, Notification, Tracking


class CheckpointMismatchError(DataError):
    """A view's checkpoint stands at another event than the log has there: it is another log."""


@dataclass(frozen=True, slots=True)
class CheckpointEvent:
    """What a view remembers of the event that it has reached.

    Positions begin at 1 in every log, so that a checkpoint alone does not tell
    whether an event store is the one that the view was made from.
    """

    position: int
    id: str
    """The event's own id; of a store without such ids, a fingerprint of the stored record."""
    aggregate_id: str
    version: int

    @classmethod
    def of(cls, notification: Notification) -> Self:
        """Decodes, decrypts and decompresses nothing."""
        own = getattr(notification, "event_id", None)
        return cls(
            notification.id,
            str(own) if isinstance(own, UUID) else _fingerprint(notification),
            str(notification.originator_id),
            notification.originator_version,
        )

    @classmethod
    def from_text(cls, text: str | bytes) -> Self:
        return cls(*json.loads(text))

    def to_text(self) -> str:
        """Plain ASCII.

        >>> CheckpointEvent(7, "5ed0a1b7", "Rex", 2).to_text()
        '[7, "5ed0a1b7", "Rex", 2]'
        """
        return json.dumps([self.position, self.id, self.aggregate_id, self.version])

    def __str__(self) -> str:
        return f"version {self.version} of {self.aggregate_id} ({self.id})"


def _fingerprint(notification: Notification) -> str:
    # Ids of a user's own making recur in another log; the states, which have the
    # times of their events, hardly ever do.
    place = f"{notification.originator_version} {notification.topic} {notification.originator_id} "
    digest = blake2b(place.encode("utf-8", "surrogatepass"), digest_size=16)
    state: Any = notification.state
    if isinstance(state, bytes | bytearray | memoryview):
        digest.update(state)
    return digest.hexdigest()


class TrackedEvent(Tracking):
    """A tracking object that knows the event it stands for; equal to one that does not."""

    notification: Notification

    def __init__(self, application_name: str, notification: Notification) -> None:
        super().__init__(application_name, notification.id)
        object.__setattr__(self, "notification", notification)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tracking):
            return NotImplemented
        return (self.application_name, self.notification_id) == (
            other.application_name,
            other.notification_id,
        )

    def __hash__(self) -> int:
        return hash((self.application_name, self.notification_id))


def event_of(tracking: Tracking) -> CheckpointEvent | None:
    """The event that a checkpoint moves to; None where only its number is known."""
    if isinstance(tracking, TrackedEvent):
        return CheckpointEvent.of(tracking.notification)
    return None


class NotificationReader(Protocol):
    """What is asked of an application's recorder; some also have `was_removed()`."""

    def select_notifications(self, start: int | None, limit: int) -> Sequence[Notification]:
        """The first `limit` notifications from `start` on."""


def event_instead(expected: CheckpointEvent, log: NotificationReader) -> str | None:
    """What an event store has in the place of `expected`, in words; None where it fits.

    One read. An event that is not there may have been deleted: it fits, unless
    the store can tell (`was_removed()`) that it never had the event. A log that
    ends before it fits, too: that may be a node that lags.
    """
    found = log.select_notifications(start=expected.position, limit=1)
    if not found:
        return None
    if found[0].id == expected.position:
        there = CheckpointEvent.of(found[0])
        return None if there.id == expected.id else str(there)
    if is_removed(expected, log, default=True):
        return None
    return "no event, and nothing that tells of that one's removal"


def is_removed(event: CheckpointEvent, log: NotificationReader, *, default: bool = False) -> bool:
    """Whether an event store once had an event that it no longer has.

    `default` where it cannot tell: EventStoreDB can, by the event's stream.
    """
    was_removed: Callable[[CheckpointEvent], bool] | None = getattr(log, "was_removed", None)
    return default if was_removed is None else was_removed(event)
