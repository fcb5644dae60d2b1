"""Punctuality by carrier, as a read model in Redis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import Tracking

from esnb.redis import RedisView

_COUNTS = ("scheduled", "departed", "arrived", "cancelled")


@dataclass(frozen=True)
class CarrierPunctuality:
    """What one carrier's flights did. Delays are minutes, negative when early."""

    carrier: str
    scheduled: int
    departed: int
    arrived: int
    cancelled: int
    departures_timed: int
    """Departures whose delay is known."""
    departure_delay: int
    """Sum over those."""
    arrivals_timed: int
    """Arrivals whose delay is known."""
    arrival_delay: int
    """Sum over those."""

    @property
    def mean_departure_delay(self) -> float | None:
        """Minutes; None where no delay is known."""
        return self.departure_delay / self.departures_timed if self.departures_timed else None

    @property
    def mean_arrival_delay(self) -> float | None:
        """Minutes; None where no delay is known."""
        return self.arrival_delay / self.arrivals_timed if self.arrivals_timed else None


class FlightsPerCarrier(RedisView):
    """Flights and delays of every carrier, and how many days are complete.

    Keys, behind the view's own prefix: hash `carrier:<code>` with counts and
    sums, set `carriers`, sorted set `late` (carriers by minutes of delay on
    arrival), hash `totals`.
    """

    def count(
        self,
        carrier: str,
        what: str,
        tracking: Tracking,
        *,
        timed: str | None = None,
        delay: int | None = None,
    ) -> None:
        """One more flight of `carrier` that was `what`; its delay, where `timed` says of what."""
        key = self.key("carrier", carrier)
        with self.commit(tracking) as commands:
            commands.sadd(self.key("carriers"), carrier)
            commands.hincrby(key, what, 1)
            if timed is not None and delay is not None:
                commands.hincrby(key, f"{timed}s_timed", 1)
                commands.hincrby(key, f"{timed}_delay", delay)
                if timed == "arrival":
                    commands.zincrby(self.key("late"), delay, carrier)

    def complete_day(self, flights: int, tracking: Tracking) -> None:
        """One more day is loaded to its end."""
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("totals"), "days", 1)
            commands.hincrby(self.key("totals"), "flights", flights)

    def carriers(self) -> list[CarrierPunctuality]:
        """One entry per carrier, by code."""
        codes = sorted(map(str, self.redis.smembers(self.key("carriers"))))
        with self.redis.pipeline(transaction=False) as pipeline:
            for code in codes:
                pipeline.hgetall(self.key("carrier", code))
            found = pipeline.execute()
        return [_punctuality(code, fields) for code, fields in zip(codes, found, strict=True)]

    def carrier(self, code: str) -> CarrierPunctuality | None:
        """One carrier, or None where it had no flight."""
        fields = self.redis.hgetall(self.key("carrier", code))
        return _punctuality(code, fields) if fields else None

    def latest(self, count: int = 5) -> list[tuple[str, int]]:
        """The `count` carriers with the most minutes of delay on arrival, the most first.

        Carrier and minutes, early arrivals subtracted: those of `arrival_delay`.
        Raises ValueError for a count below 1.
        """
        if count < 1:
            raise ValueError(f"count is {count}: ask for one carrier at least")
        found: Any = self.redis.zrange(self.key("late"), 0, count - 1, desc=True, withscores=True)
        return [(str(carrier), int(minutes)) for carrier, minutes in found]

    def days(self) -> int:
        """Days that are loaded to their end."""
        return int(self.redis.hget(self.key("totals"), "days") or 0)


def _punctuality(code: str, fields: Mapping[Any, Any]) -> CarrierPunctuality:
    names = (*_COUNTS, "departures_timed", "departure_delay", "arrivals_timed", "arrival_delay")
    return CarrierPunctuality(code, **{name: int(fields.get(name, 0)) for name in names})
