"""Flight: its states, and the moments of 2013 as its time."""

from datetime import UTC, datetime, timedelta

import pytest

from esnb.examples.flights import Flight, FlightError

MIDNIGHT = datetime(2013, 1, 1, 5, tzinfo=UTC)
DEPARTURE = datetime(2013, 1, 1, 10, 15, tzinfo=UTC)


def scheduled() -> Flight:
    return Flight.schedule(
        day="2013-01-01",
        carrier="UA",
        number=1545,
        origin="EWR",
        destination="IAH",
        tail_number="N14228",
        distance=1400,
        departure=DEPARTURE,
        arrival=DEPARTURE + timedelta(hours=4),
        at=MIDNIGHT,
    )


def test_a_flight_departs_and_arrives_when_it_did() -> None:
    flight = scheduled()

    flight.depart(delay=2, at=DEPARTURE + timedelta(minutes=2))
    flight.arrive(delay=None, air_time=227, at=DEPARTURE + timedelta(hours=4))

    assert flight.status == "arrived"
    assert (flight.departure_delay, flight.arrival_delay, flight.air_time) == (2, None, 227)
    assert [event.timestamp for event in flight.pending_events] == [
        MIDNIGHT,
        DEPARTURE + timedelta(minutes=2),
        DEPARTURE + timedelta(hours=4),
    ]
    assert flight.modified_on == flight.arrived == DEPARTURE + timedelta(hours=4)
    assert {event.carrier for event in flight.pending_events} == {"UA"}  # type: ignore[attr-defined]


def test_what_cannot_happen_is_refused() -> None:
    flight = scheduled()
    with pytest.raises(FlightError, match="UA1545 of 2013-01-01 cannot arrive: it is scheduled"):
        flight.arrive(delay=0, air_time=1, at=DEPARTURE)
    flight.cancel(at=DEPARTURE)
    with pytest.raises(FlightError, match="cannot depart: it is cancelled, not scheduled"):
        flight.depart(delay=0, at=DEPARTURE)
    with pytest.raises(FlightError, match="cannot be cancelled: it is cancelled"):
        flight.cancel(at=DEPARTURE)
    assert flight.version == 2


def test_the_id_names_the_flight() -> None:
    assert scheduled().id == scheduled().id
    assert scheduled().id == Flight.create_id("2013-01-01", "UA", 1545, "EWR")
    assert scheduled().id != Flight.create_id("2013-01-02", "UA", 1545, "EWR")
