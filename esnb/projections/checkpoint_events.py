"""The events that a view's checkpoints stand at, kept wherever the view is kept."""

from __future__ import annotations

from typing import Any, Protocol

from eventsourcing.persistence import TrackingRecorder

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent, event_of
from esnb.projections.sql_checkpoint_events import in_database, in_table, is_in_database
from esnb.projections.sql_group import is_sqlalchemy
from esnb.redis import RedisTrackingRecorder


class CheckpointEvents(Protocol):
    """Of one view: for each application the event by which its checkpoint is known again."""

    def load(self, application_name: str) -> CheckpointEvent | None:
        """An event at or below the checkpoint; None where none was kept."""

    def keep_in(self, session: Any, tracking: TrackedEvent) -> None:
        """Keeps it in the open transaction of a SQLAlchemy view."""

    def keep(self, tracking: TrackedEvent) -> None:
        """Keeps it, where the commit of the checkpoint has not."""

    def flush(self) -> None:
        """Writes what `keep()` has put off."""


def checkpoint_events(view: TrackingRecorder, *, may_create: bool = True) -> CheckpointEvents:
    """Where `view` keeps them.

    In a database they have a table, which is made if it may be; without it
    they are known as long as the view object.
    """
    if isinstance(view, RedisTrackingRecorder):
        return _InRedis(view)
    found: CheckpointEvents | None = None
    if is_sqlalchemy(view):
        found = in_table(view, may_create=may_create)
    elif is_in_database(view):
        found = in_database(view, may_create=may_create)
    return found or _OfObject(view)


class _Unwritten:
    def keep_in(self, session: Any, tracking: TrackedEvent) -> None:
        """It is kept otherwise."""

    def flush(self) -> None:
        """Nothing is put off."""


class _InRedis(_Unwritten):
    """Beside the checkpoint, by the script that moves it."""

    def __init__(self, view: RedisTrackingRecorder) -> None:
        self._view = view

    def load(self, application_name: str) -> CheckpointEvent | None:
        return self._view.checkpoint_event(application_name)

    def keep(self, tracking: TrackedEvent) -> None:
        """The commit has kept it."""


_ATTRIBUTE = "_esnb_checkpoint_events"


class _OfObject(_Unwritten):
    """On the view object: as long as a view in memory, and moved with it by a rebuild."""

    def __init__(self, view: TrackingRecorder) -> None:
        self._view = view

    def load(self, application_name: str) -> CheckpointEvent | None:
        found = self._kept().get(application_name)
        return None if found is None else event_of(found)

    def keep(self, tracking: TrackedEvent) -> None:
        self._kept()[tracking.application_name] = tracking

    def _kept(self) -> dict[str, TrackedEvent]:
        kept: dict[str, TrackedEvent] = vars(self._view).setdefault(_ATTRIBUTE, {})
        return kept
