"""The application that holds flights and how far they were loaded."""

from __future__ import annotations

from uuid import UUID

from eventsourcing.application import Application


class FlightsApplication(Application[UUID]):
    """Flights of 2013. Not snapshotted: no flight has more than three events."""

    name = "Flight"
    """Category of the streams in EventStoreDB: `Flight-<id>`."""
