"""Events that were set aside because no handler could take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from eventsourcing.persistence import Tracking, TrackingRecorder

KEY = "~dead-letters"
"""Of the list in a Redis view, after the view's own prefix."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that was set aside, and why."""

    notification_id: int
    event_id: str
    topic: str
    originator_id: str
    originator_version: int
    handler: str
    error: str
    traceback: str
    time: str
    """When it was set aside, ISO 8601 in UTC."""


class DeadLetters(Protocol):
    """The dead letters of one view."""

    def add(self, letter: DeadLetter, tracking: Tracking, after: int | None) -> None:
        """Sets an event aside and moves the checkpoint past it, which is at `after`."""

    def all(self) -> list[DeadLetter]:
        """All of them, in the order in which they were set aside."""


def where_kept(letters: DeadLetters) -> str:
    """Where, and how, in words; whatever kind of view it is may say that as `kept`."""
    return str(getattr(letters, "kept", "where the view keeps its dead letters"))


class DeadLettersInMemory:
    """Kept as long as the list that it is given."""

    kept = "in this runner's memory, as long as the runner is there: the view has no place for it"

    def __init__(self, view: TrackingRecorder, letters: list[DeadLetter]) -> None:
        self._view = view
        self._letters = letters

    def add(self, letter: DeadLetter, tracking: Tracking, after: int | None) -> None:
        self._view.insert_tracking(tracking)
        self._letters.append(letter)

    def all(self) -> list[DeadLetter]:
        return list(self._letters)
