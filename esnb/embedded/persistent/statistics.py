"""What a group tells about itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from esnb.embedded.persistent.group_settings import GroupSettings, GroupTarget

TICKS = 10_000_000
"""A second, in the clock's units of 100 ns."""


@dataclass(frozen=True, slots=True)
class ConsumerStatistics:
    """One consumer: totals since it connected, rates since the last look."""

    address: str
    name: str
    total: int
    since_last: int
    per_second: int
    free: int
    in_flight: int
    measurements: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """One group at one moment. `checkpoint` and `last_known` are places, None when there is none."""

    target: GroupTarget
    group: str
    settings: GroupSettings
    live: bool
    consumers: Sequence[ConsumerStatistics]
    total: int
    since_last: int
    per_second: int
    checkpoint: int | None
    last_known: int | None
    read_buffer: int
    live_buffer: int
    retry_buffer: int
    outstanding: int
    parked: int

    @property
    def in_flight(self) -> int:
        """What the consumers have together."""
        return sum(consumer.in_flight for consumer in self.consumers)


class RateCounter:
    """Counts since the last look at the statistics."""

    def __init__(self, now: int) -> None:
        self._looked_at = now
        self._counted = 0

    def take_elapsed(self, now: int) -> int:
        """Time since the last look, which is now."""
        elapsed = now - self._looked_at
        self._looked_at = now
        return elapsed

    def take_count(self, total: int) -> int:
        """What came since the last look."""
        since, self._counted = total - self._counted, total
        return since


def per_second(count: int, elapsed: int) -> int:
    """A rate in whole events per second."""
    return count * TICKS // elapsed if elapsed > 0 else 0
