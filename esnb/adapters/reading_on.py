"""What a thread has read last of a checkpoint and of its log.

The library's own `ProjectionRunner` asks a view for a number, subscribes after
it, and tells the view numbers again. Which events they stand for the view and
the subscription know from each other, by way of the thread that does all three.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from eventsourcing.persistence import Notification, Tracking

from esnb.adapters.checkpoint_event import CheckpointEvent, event_of

_event: ContextVar[tuple[str, Notification] | None] = ContextVar("esnb_event_read", default=None)


class ReadCheckpoint(NamedTuple):
    """What a view has said of where it stands."""

    view: str
    application: str
    position: int
    event: CheckpointEvent


_checkpoint: ContextVar[ReadCheckpoint | None] = ContextVar("esnb_checkpoint_read", default=None)


def note_event(application_name: str, notification: Notification) -> None:
    """A subscription of the application has yielded this one."""
    _event.set((application_name, notification))


def note_checkpoint(checkpoint: ReadCheckpoint | None) -> None:
    """A view has been asked; None: it knows of no event."""
    _checkpoint.set(checkpoint)


def event_at(tracking: Tracking) -> CheckpointEvent | None:
    """The event that a checkpoint moves to; None where only its number is known."""
    known = event_of(tracking)
    read = _event.get()
    if known is None and read is not None:
        application_name, notification = read
        if tracking == Tracking(application_name, notification.id):
            return CheckpointEvent.of(notification)
    return known


def checkpoint_at(application_name: str, position: int | None) -> ReadCheckpoint | None:
    """The checkpoint from which a subscription is to go on, where it is the one that was read."""
    read = _checkpoint.get()
    is_it = read is not None and (read.application, read.position) == (application_name, position)
    return read if is_it else None
