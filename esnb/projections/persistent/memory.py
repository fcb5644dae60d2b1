"""What consumers remember of the events of their group."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from esnb.redis.handled import HandledEvents, Outcome

__all__ = ["HandledEvents", "Memory", "NoMemory", "Outcome"]


class Memory(Protocol):
    """As `esnb.redis.handled.HandledEvents` has it."""

    @property
    def is_behind(self) -> bool: ...

    def flush(self) -> None: ...

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int | float | None: ...

    def end(self, event_id: UUID, consumer: str, outcome: Outcome) -> None: ...


class NoMemory:
    """Remembers no handled events; attempts, as long as the process lives."""

    is_behind = False

    def __init__(self) -> None:
        self._attempts: dict[UUID, int] = {}

    def flush(self) -> None:
        """Nobody is to be told."""

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int:
        attempt = self._attempts[event_id] = self._attempts.get(event_id, 0) + 1
        return attempt

    def end(self, event_id: UUID, consumer: str, outcome: Outcome) -> None:
        if outcome == "undone":
            self._attempts[event_id] -= 1
        elif outcome != "failed":
            self._attempts.pop(event_id, None)
