"""What consumers remember of the events of their group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from esnb.projections.persistent.group import ConsumerGroup
from esnb.redis.handled import HandledEvents, HandlingOutcome


class Deduplication(Protocol):
    """As `esnb.redis.handled.HandledEvents` has it."""

    @property
    def has_unwritten(self) -> bool: ...

    def check_answers(self) -> None: ...

    def flush(self) -> None: ...

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int | float | None: ...

    def end(self, event_id: UUID, consumer: str, outcome: HandlingOutcome) -> None: ...


class GroupDeduplication:
    """The memory of a group that may be found to have another name.

    What was handled under the name that it had before counts, too.
    """

    def __init__(self, group: ConsumerGroup, make: Callable[[str], HandledEvents]) -> None:
        self._group = group
        self._by_title = {title: make(title) for title in group.titles}

    @property
    def _deduplication(self) -> HandledEvents:
        return self._by_title[self._group.title]

    @property
    def has_unwritten(self) -> bool:
        return any(deduplication.has_unwritten for deduplication in self._by_title.values())

    def check_answers(self) -> None:
        self._deduplication.check_answers()

    def flush(self) -> None:
        for deduplication in self._by_title.values():
            deduplication.flush()
        if not self._group.is_old:
            for before in self._by_title.values():
                self._deduplication.carry_on(before)

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int | float | None:
        return self._deduplication.begin(event_id, consumer, seconds)

    def end(self, event_id: UUID, consumer: str, outcome: HandlingOutcome) -> None:
        self._deduplication.end(event_id, consumer, outcome)


class NoDeduplication:
    """Remembers no handled events; attempts, as long as the process lives."""

    has_unwritten = False

    def __init__(self) -> None:
        self._attempts: dict[UUID, int] = {}

    def check_answers(self) -> None:
        """There is nobody to answer."""

    def flush(self) -> None:
        """Nobody is to be told."""

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int:
        attempt = self._attempts[event_id] = self._attempts.get(event_id, 0) + 1
        return attempt

    def end(self, event_id: UUID, consumer: str, outcome: HandlingOutcome) -> None:
        if outcome == "undone":
            self._attempts[event_id] -= 1
        elif outcome != "failed":
            self._attempts.pop(event_id, None)
