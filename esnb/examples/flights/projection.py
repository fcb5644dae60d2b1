"""From flight events to punctuality by carrier."""

from __future__ import annotations

from typing import Any

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection
from eventsourcing.utils import get_topic

from esnb.examples.flights.carriers import FlightsPerCarrier
from esnb.examples.flights.flight import Flight
from esnb.examples.flights.loading import DayLoad


class FlightsPerCarrierProjection(Projection[FlightsPerCarrier]):
    """Keeps `FlightsPerCarrier` up to date with the events of a `FlightsApplication`.

    A load's last event is `DayLoad.Completed`, which it handles too: when the
    checkpoint is at the head of the log, every flight is counted.
    """

    name = "flights_per_carrier"
    topics = (
        get_topic(Flight.Scheduled),
        get_topic(Flight.Departed),
        get_topic(Flight.Arrived),
        get_topic(Flight.Cancelled),
        get_topic(DayLoad.Completed),
    )

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raise TypeError(f"flights per carrier: unknown event {get_topic(type(domain_event))}")

    @process_event.register
    def _(self, domain_event: Flight.Scheduled, tracking: Tracking) -> None:
        self.view.count(domain_event.carrier, "scheduled", tracking)

    @process_event.register
    def _(self, domain_event: Flight.Departed, tracking: Tracking) -> None:
        self.view.count(
            domain_event.carrier, "departed", tracking, timed="departure", delay=domain_event.delay
        )

    @process_event.register
    def _(self, domain_event: Flight.Arrived, tracking: Tracking) -> None:
        self.view.count(
            domain_event.carrier, "arrived", tracking, timed="arrival", delay=domain_event.delay
        )

    @process_event.register
    def _(self, domain_event: Flight.Cancelled, tracking: Tracking) -> None:
        self.view.count(domain_event.carrier, "cancelled", tracking)

    @process_event.register
    def _(self, domain_event: DayLoad.Completed, tracking: Tracking) -> None:
        self.view.complete_day(domain_event.flights, tracking)
