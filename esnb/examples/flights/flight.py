"""The aggregate `Flight`: scheduled, departed, arrived, or cancelled.

One flight is one stream of two or three events. An event's `timestamp` is the
moment in 2013, not the moment of loading: `esnb.at(app, id, time=...)` shows
the flight as it was then. Every event names the carrier, so that a projection
can count by carrier without looking anything up.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

_NAMESPACE = UUID("0f2d8b6e-8a57-4d6c-8b6b-2c8f5b0a2013")


class FlightError(Exception):
    """Something that cannot happen to a flight in its state."""


class Flight(Aggregate):
    """One flight of one day. Its `status` is what happened to it last."""

    class Event(Aggregate.Event):
        """What can happen to a flight."""

        carrier: str

    class Scheduled(Event, Aggregate.Created):
        """It stood in the day's timetable."""

        day: str
        number: int
        origin: str
        destination: str
        tail_number: str | None
        distance: int
        departure: datetime
        arrival: datetime

    class Departed(Event):
        """It left; `delay` in minutes, negative when early."""

        delay: int | None

    class Arrived(Event):
        """It reached the gate; minutes, None where the data have none."""

        delay: int | None
        air_time: int | None

    class Cancelled(Event):
        """It never left."""

    @staticmethod
    def create_id(day: str, carrier: str, number: int, origin: str) -> UUID:
        """The id of this flight, the same at every load; `day` as in 2013-01-31."""
        return uuid5(_NAMESPACE, f"{day}/{carrier}{number}/{origin}")

    @classmethod
    def schedule(
        cls,
        *,
        day: str,
        carrier: str,
        number: int,
        origin: str,
        destination: str,
        tail_number: str | None,
        distance: int,
        departure: datetime,
        arrival: datetime,
        at: datetime,
    ) -> Flight:
        """A flight of the timetable that is published `at`; `distance` in miles."""
        return cls(
            day=day,
            carrier=carrier,
            number=number,
            origin=origin,
            destination=destination,
            tail_number=tail_number,
            distance=distance,
            departure=departure,
            arrival=arrival,
            timestamp=at,
        )

    def depart(self, *, delay: int | None, at: datetime) -> None:
        """Raises `FlightError` unless it is scheduled."""
        self._check("depart", "scheduled")
        self._depart(carrier=self.carrier, delay=delay, timestamp=at)

    def arrive(self, *, delay: int | None, air_time: int | None, at: datetime) -> None:
        """Raises `FlightError` unless it is under way."""
        self._check("arrive", "departed")
        self._arrive(carrier=self.carrier, delay=delay, air_time=air_time, timestamp=at)

    def cancel(self, *, at: datetime) -> None:
        """Raises `FlightError` unless it is scheduled."""
        self._check("be cancelled", "scheduled")
        self._cancel(carrier=self.carrier, timestamp=at)

    @event(Scheduled)
    def __init__(
        self,
        *,
        day: str,
        carrier: str,
        number: int,
        origin: str,
        destination: str,
        tail_number: str | None,
        distance: int,
        departure: datetime,
        arrival: datetime,
        timestamp: datetime | None = None,
    ) -> None:
        self.status = "scheduled"
        self.day = day
        self.carrier = carrier
        self.number = number
        self.origin = origin
        self.destination = destination
        self.tail_number = tail_number
        self.distance = distance
        self.scheduled_departure = departure
        self.scheduled_arrival = arrival
        self.departed: datetime | None = None
        self.departure_delay: int | None = None
        self.arrived: datetime | None = None
        self.arrival_delay: int | None = None
        self.air_time: int | None = None

    @event(Departed)
    def _depart(self, *, carrier: str, delay: int | None, timestamp: datetime) -> None:
        self.status = "departed"
        self.departed = timestamp
        self.departure_delay = delay

    @event(Arrived)
    def _arrive(
        self, *, carrier: str, delay: int | None, air_time: int | None, timestamp: datetime
    ) -> None:
        self.status = "arrived"
        self.arrived = timestamp
        self.arrival_delay = delay
        self.air_time = air_time

    @event(Cancelled)
    def _cancel(self, *, carrier: str, timestamp: datetime) -> None:
        self.status = "cancelled"

    def _check(self, action: str, status: str) -> None:
        if self.status != status:
            raise FlightError(
                f"flight {self.carrier}{self.number} of {self.day} cannot {action}: "
                f"it is {self.status}, not {status}"
            )
