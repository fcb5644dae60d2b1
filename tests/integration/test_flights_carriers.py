"""Punctuality by carrier in a real Redis."""

from collections.abc import Iterator
from typing import Any

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.utils import Environment

import esnb
from esnb.examples.flights import (
    CarrierPunctuality,
    FlightsApplication,
    FlightsPerCarrier,
    FlightsPerCarrierProjection,
    load,
)
from esnb.examples.flights import timetable as data
from tests.unit.flights_table import places, timetable


@pytest.fixture
def view() -> Iterator[FlightsPerCarrier]:
    with esnb.connect(embedded=True) as stores:
        stores.reset()
        yield FlightsPerCarrier.construct(Environment("flights_per_carrier", dict(stores.env)))


def test_flights_are_counted_by_carrier(
    view: FlightsPerCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "airports", places)
    app = FlightsApplication()
    load(app, flights=timetable(), progress=False)
    projection = FlightsPerCarrierProjection(view)

    with view.batch():
        for notification in app.recorder.select_notifications(1, 1000, topics=projection.topics):
            event: Any = app.mapper.to_domain_event(notification)
            projection.process_event(event, Tracking(app.name, notification.id))

    head = app.recorder.max_notification_id()
    assert view.max_tracking_id(app.name) == head
    assert [entry.carrier for entry in view.carriers()] == ["AA", "B6", "EV", "MQ", "UA", "US"]
    b6 = view.carrier("B6")
    assert b6 == CarrierPunctuality(
        carrier="B6",
        scheduled=2,
        departed=2,
        arrived=2,
        cancelled=0,
        departures_timed=2,
        departure_delay=13,
        arrivals_timed=2,
        arrival_delay=30,
    )
    assert (b6.mean_departure_delay, b6.mean_arrival_delay) == (6.5, 15.0)
    by_carrier = {entry.carrier: entry for entry in view.carriers()}
    assert (by_carrier["AA"].cancelled, by_carrier["AA"].departed) == (1, 0)
    assert by_carrier["AA"].mean_departure_delay is None
    assert (by_carrier["MQ"].arrived, by_carrier["MQ"].arrivals_timed) == (1, 0)
    assert by_carrier["MQ"].mean_arrival_delay is None
    assert view.carrier("ZZ") is None
    assert view.days() == 2
    timed = [entry for entry in view.carriers() if entry.arrivals_timed]
    ranking = sorted(
        ((entry.carrier, entry.arrival_delay) for entry in timed),
        key=lambda row: (row[1], row[0]),
        reverse=True,
    )
    assert len({minutes for _, minutes in ranking}) > 2
    assert view.latest() == ranking[:5]
    assert view.latest(2) == ranking[:2]
    with pytest.raises(ValueError, match="count is 0"):
        view.latest(0)


def test_an_unknown_event_stops_the_projection(view: FlightsPerCarrier) -> None:
    class Foreign(Aggregate):
        pass

    (event,) = Foreign().collect_events()
    with pytest.raises(TypeError, match=r"unknown event .*Foreign\.Created"):
        FlightsPerCarrierProjection(view).process_event(event, Tracking("Flight", 1))
    assert view.max_tracking_id("Flight") is None
