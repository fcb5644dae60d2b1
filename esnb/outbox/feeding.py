"""The publishers of this process, which may be about to add jobs to a queue."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakSet


class Publisher(Protocol):
    """Adds jobs to the queues of one Redis."""

    @property
    def redis_url(self) -> str:
        """The Redis that it adds jobs to."""

    def has_records_left(self) -> bool:
        """Whether it may add more jobs, of what has been recorded so far."""


_publishers: WeakSet[Publisher] = WeakSet()


def register(publisher: Publisher) -> None:
    """From now on it counts, for as long as something refers to it."""
    _publishers.add(publisher)


def more_jobs_may_come(redis_url: str) -> bool:
    """Whether a publisher of this process still has records for that Redis."""
    return any(
        each.redis_url == redis_url and each.has_records_left() for each in tuple(_publishers)
    )
