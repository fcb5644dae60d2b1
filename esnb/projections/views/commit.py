"""Some events in succession, taken by a view."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, Self

from eventsourcing.persistence import Tracking, TrackingRecorder

_NOTHING = nullcontext()


class Commit(Protocol):
    """The commit of some events that a view takes in succession."""

    def event(self) -> AbstractContextManager[object]:
        """The block in which one event is handled."""

    def fails(self, error: Exception) -> None:
        """Raises `error`, at once or when those before it are committed."""

    def forget(self, tracking: Tracking) -> None:
        """Drops what is queued of this event, the last one."""

    def finish(self, tracking: Tracking) -> None:
        """Commits what is queued and moves the checkpoint to this event, if it is not there."""


class OneByOne:
    """Each event by itself, as the library has it."""

    def __init__(self, view: TrackingRecorder) -> None:
        self._view = view

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """What was handled is committed already."""

    def event(self) -> AbstractContextManager[object]:
        return _NOTHING

    def fails(self, error: Exception) -> None:
        raise error

    def forget(self, tracking: Tracking) -> None:
        """Nothing is queued."""

    def finish(self, tracking: Tracking) -> None:
        if not self._view.has_tracking_id(tracking.application_name, tracking.notification_id):
            self._view.insert_tracking(tracking)
