"""One row of the timetable, with times that need no calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from esnb.examples.flights.flight import Flight


@dataclass(frozen=True, slots=True)
class FlightRecord:
    """What the data set knows about one flight. Times are UTC, delays and durations minutes."""

    day: date
    """Local date of the scheduled departure."""
    carrier: str
    number: int
    origin: str
    destination: str
    tail_number: str | None
    distance: int
    """Miles."""
    published: datetime
    """Local midnight of the day: when its timetable is taken to be known."""
    scheduled_departure: datetime
    scheduled_arrival: datetime
    departed: datetime | None
    """None: cancelled."""
    departure_delay: int | None
    arrived: datetime | None
    """None for cancelled flights and where no arrival is recorded."""
    arrival_delay: int | None
    """None for some flights that did arrive."""
    air_time: int | None

    @property
    def id(self) -> UUID:
        """Id of the flight's aggregate: the same for the same flight, always."""
        return Flight.create_id(self.day.isoformat(), self.carrier, self.number, self.origin)

    def flown(self) -> Flight:
        """The flight as an aggregate, its events pending."""
        flight = Flight.schedule(
            day=self.day.isoformat(),
            carrier=self.carrier,
            number=self.number,
            origin=self.origin,
            destination=self.destination,
            tail_number=self.tail_number,
            distance=self.distance,
            departure=self.scheduled_departure,
            arrival=self.scheduled_arrival,
            at=self.published,
        )
        if self.departed is None:
            # When it was cancelled is not in the data; at the latest then.
            flight.cancel(at=self.scheduled_departure)
            return flight
        flight.depart(delay=self.departure_delay, at=self.departed)
        if self.arrived is not None:
            flight.arrive(delay=self.arrival_delay, air_time=self.air_time, at=self.arrived)
        return flight
