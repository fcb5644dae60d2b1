"""The aggregate `DayLoad`: how far the loader came, in the log itself."""

from __future__ import annotations

from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

_NAMESPACE = UUID("0f2d8b6e-8a57-4d6c-8b6b-2c8f5b0a10ad")


class DayLoad(Aggregate):
    """The loading of one day's flights: started, and completed at some time.

    A completed day is skipped with one read. A day that was started only was
    interrupted: its flights are tried again, and those that exist are left.
    """

    class Event(Aggregate.Event):
        """What can happen to a load."""

    class Started(Event, Aggregate.Created):
        """The first flight of the day is about to be recorded."""

        day: str

    class Completed(Event):
        """Every flight of the day is recorded: so many."""

        flights: int

    @staticmethod
    def create_id(day: str) -> UUID:
        """The id of this day's load; `day` as in 2013-01-31."""
        return uuid5(_NAMESPACE, day)

    @event(Started)
    def __init__(self, *, day: str) -> None:
        self.day = day
        self.flights: int | None = None

    @event(Completed)
    def complete(self, *, flights: int) -> None:
        """Marks `flights` flights as all of the day (a longer timetable may follow)."""
        self.flights = flights
