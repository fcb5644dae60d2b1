"""The events that a view's checkpoints stand at, kept wherever the view is kept."""

from __future__ import annotations

from typing import Any, Protocol

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent, event_of


class CheckpointEvents(Protocol):
    """Of one view: for each application the event by which its checkpoint is known again."""

    def load(self, application_name: str) -> CheckpointEvent | None:
        """An event at or below the checkpoint; None where none was kept."""

    def keep(self, tracking: TrackedEvent) -> None:
        """Keeps it, where the commit of the checkpoint has not."""

    def flush(self) -> None:
        """Writes what `keep()` has put off."""


ATTRIBUTE = "_esnb_checkpoint_events"


class EventsOfObject:
    """On the view object: as long as a view in memory, and moved with it by a rebuild."""

    def __init__(self, view: Any) -> None:
        self._view = view

    def load(self, application_name: str) -> CheckpointEvent | None:
        found: TrackedEvent | None = getattr(self._view, ATTRIBUTE, {}).get(application_name)
        return None if found is None else event_of(found)

    def keep(self, tracking: TrackedEvent) -> None:
        vars(self._view).setdefault(ATTRIBUTE, {})[tracking.application_name] = tracking

    def flush(self) -> None:
        """Nothing is put off."""
