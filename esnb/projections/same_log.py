"""Whether an application's log is the one that a view was made from."""

from __future__ import annotations

from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import DataError

from esnb.adapters.checkpoint_event import CheckpointEvent, event_instead, is_removed
from esnb.projections.errors import CheckpointAheadError, CheckpointMismatchError


class SameLog:
    """Judges a view's checkpoint by the event that was kept with it.

    A checkpoint of which no event is known, an earlier version's for instance,
    fits any log that is as long. So does one whose event was deleted since.
    """

    def __init__(self, application: Application[Any], projection_name: str, way_out: str) -> None:
        self._application = application
        self._projection_name = projection_name
        self._way_out = way_out
        """What to do where it is another log: the end of the errors' texts."""

    def require(self, position: int | None, event: CheckpointEvent | None) -> None:
        """Raises CheckpointAheadError or CheckpointMismatchError for another log."""
        problem = self.problem(position, event)
        if problem is not None:
            raise problem

    def problem(self, position: int | None, event: CheckpointEvent | None) -> DataError | None:
        """What tells another log from the one with `event` at or below `position`; one or two reads."""
        if not position:
            return None
        recorder = self._application.recorder
        head = recorder.max_notification_id()
        where = (
            f"the view of {self._projection_name!r} is at event {position} of application "
            f"{self._application.name!r}"
        )
        if position > (head or 0):
            if event is not None and event.position == position and is_removed(event, recorder):
                return None
            last = "has no events" if head is None else f"ends at event {head}"
            return CheckpointAheadError(
                f"{where}, which {last}: the event store was reset, or is another one than the "
                f"view was made from. {self._way_out}"
            )
        instead = None if event is None else event_instead(event, recorder)
        if event is None or instead is None:
            return None
        return CheckpointMismatchError(
            f"{where}, and was made from another log: its event {event.position} was {event}, "
            f"where the event store has {instead}. The event store was reset, or is another one "
            f"than the view was made from, so the view is without the events up to {position}. "
            f"{self._way_out}"
        )
