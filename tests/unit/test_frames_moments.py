"""Times as arguments: ISO 8601, and nothing that another reader could take for another time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.popo import POPOTrackingRecorder

import esnb
from esnb.sources.moments import in_utc, read_end, read_moment
from esnb.sources.record import ORIGINAL_TIME, as_first_recorded
from tests.domain.accounts import stamp

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)

READ = [
    ("2026-03-04", MIDNIGHT),
    ("20260304", MIDNIGHT),
    ("2026-W10-3", MIDNIGHT),
    ("2026W103", MIDNIGHT),
    (" 2026-03-04 12:00\n", NOON),
    ("2026-03-04T12", NOON),
    ("2026-03-04t12:00z", NOON),
    ("2026-03-04T12:00:00Z", NOON),
    ("20260304T120000Z", NOON),
    ("2026-03-04 12:00:00.000 UTC", NOON),
    ("2026-03-04 13:00 +01:00", NOON),
    ("2026-03-04T07:00-0500", NOON),
    ("2026-03-04T04-08", NOON),
    ("2026-03-04T12:00:00,25", NOON + timedelta(milliseconds=250)),
    ("2026-03-04T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
    ("1969-12-31T23:59:59.9999999", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ("9999-12-31T23:59:59.999999", datetime.max.replace(tzinfo=UTC)),
    (date(2026, 3, 4), MIDNIGHT),
    (datetime(2026, 3, 4, 12), NOON),
    (datetime(2026, 3, 4, 13, tzinfo=timezone(timedelta(hours=1))), NOON),
    (datetime(2026, 3, 4, 7, tzinfo=ZoneInfo("America/New_York")), NOON),
    (pd.Timestamp("2026-03-04 12:00"), NOON),
    (pd.Timestamp("2026-03-04 13:00", tz="Europe/Berlin"), NOON),
    (pd.Timestamp("2026-03-04 12:00:00.123456789"), NOON + timedelta(microseconds=123456)),
    (np.datetime64("2026-03-04T12:00"), NOON),
    (np.datetime64("2026-03-04"), MIDNIGHT),
    (np.datetime64("2026-03-04T12:00:00.123456789"), NOON + timedelta(microseconds=123456)),
]

REFUSED = [
    *("04.03.2026", "13.03.2026", "04/03/2026", "3/4/26", "2026/03/04", "04-03-2026", "26-03-04"),
    *("2026-3-4", "2026-03-4", "2026", "2026-03", "2026-W10", "2026-063", "2026063", "1772582400"),
    *("2026-03-19 23:00 EST", "2026-03-19 23:00 CET", "2026-03-19 23:00 GMT", "12:00", "noon"),
    *("2026-03-19 11pm", "2026-03-19 11:00 PM", "2026-03-04 9:30", "2026-03-04 12:00:0"),
    *("now", "today", "yesterday", "", " ", "NaT", "None", "nan", "2026-03-04 Europe/Berlin"),
    *("March 4 2026", "4 Mar 2026", "Wed, 04 Mar 2026 12:00:00 GMT", "1e9", "-2026-03-04"),
    *("2026-02-29", "2026-03-32", "2026-13-01", "2026-W54-1", "2026-03-04T24:00", "10000-01-01"),
    *("2026-03-04T23:59:60Z", "2026-03-04T12:60", "2026-03-04T12:00+25:00", "0000-01-01"),
    *("0001-01-01T00:00+01:00", "+2026-03-04", "2026-03-04T12:00Zulu", "2026-03-04 12:00 BST"),
    *("２０２６-03-04", "٢٠٢٦-03-04", "2026‐03‐04", "2026-03-04\u00a012:00", "\ud83d", "0" * 500),
    *(None, 7, 7.0, True, np.int64(7), np.float64(7), b"2026-03-04", ("2026-03-04",), int),
    *(pd.NaT, pd.NA, float("nan"), np.datetime64("NaT"), np.datetime64("10000-01-01")),
    *(np.datetime64(20_000_000_000, "Y"), pd.Timedelta("1h"), pd.Period("2026-03"), timedelta(1)),
    *(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), MIDNIGHT.time()),
]


class Shy:
    def __repr__(self) -> str:
        raise RuntimeError("not for you")


class Nowhere(tzinfo):
    """A time zone that knows no offset: its times are as naive as those without one."""

    def utcoffset(self, _when: datetime | None) -> None:
        return None

    def tzname(self, _when: datetime | None) -> str:
        return "nowhere"

    def dst(self, _when: datetime | None) -> None:
        return None


@pytest.mark.parametrize(("given", "expected"), READ, ids=repr)
def test_iso_8601_and_what_cannot_be_misread_are_times(given: Any, expected: datetime) -> None:
    moment = read_moment(given, "since")

    assert moment == expected
    assert moment.tzinfo is UTC
    assert type(moment) is datetime


@pytest.mark.parametrize("given", REFUSED, ids=ascii)
def test_anything_else_is_an_error_that_shows_it_and_the_form(given: Any) -> None:
    with pytest.raises(ValueError, match="'2026-03-01 12:00'") as caught:
        read_moment(given, "since")

    text = str(caught.value)
    assert text.startswith("since=")
    assert "is not a time" in text
    assert len(text) < 400
    if isinstance(given, str) and len(given) < 80:
        assert repr(given) in text


def test_a_value_that_has_no_repr_is_named_by_its_class() -> None:
    with pytest.raises(ValueError, match="until=<Shy: its repr raises RuntimeError> is not a time"):
        read_moment(Shy(), "until")  # type: ignore[arg-type]


def test_a_time_zone_without_an_offset_is_none_at_all() -> None:
    assert in_utc(datetime(2026, 3, 4, 12, tzinfo=Nowhere())) == NOON


def test_a_stored_time_without_an_offset_can_be_compared() -> None:
    assert as_first_recorded({ORIGINAL_TIME: "2026-03-04T12:00"}, None) == (None, NOON)
    odd = {ORIGINAL_TIME: ["2026"]}
    assert as_first_recorded(odd, NOON) == (odd, NOON)


DAYS = [
    *("2026-03-04", "20260304", "2026-W10-3", " 2026-03-04\n"),
    *(date(2026, 3, 4), np.datetime64("2026-03-04")),
]


@pytest.mark.parametrize("given", DAYS, ids=repr)
def test_the_end_of_a_day_is_its_last_moment(given: Any) -> None:
    assert read_end(given, "until") == datetime(2026, 3, 4, 23, 59, 59, 999999, tzinfo=UTC)
    assert read_moment(given, "since") == MIDNIGHT


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-04 00:00",
        "2026-03-04T00",
        datetime(2026, 3, 4),
        pd.Timestamp("2026-03-04"),
        np.datetime64("2026-03-04T00"),
        "2026-03-04T00:00Z",
    ],
    ids=repr,
)
def test_a_time_of_day_is_itself_at_either_end(given: Any) -> None:
    assert read_end(given, "until") == MIDNIGHT


def test_the_last_day_of_the_calendar_has_an_end() -> None:
    assert read_end("9999-12-31", "until") == datetime.max.replace(tzinfo=UTC)


# --- wherever a moment is given ---------------------------------------------------------


@pytest.fixture
def app() -> Application[UUID]:
    """One aggregate, of 20 March 2026."""
    app: Application[UUID] = Application()
    app.save(
        Aggregate.Created(
            originator_id=UUID(int=1),
            originator_version=1,
            timestamp=datetime(2026, 3, 20, tzinfo=UTC),
            originator_topic="eventsourcing.domain:Aggregate",
        )
    )
    return app


def ways(app: Application[UUID], path: Path) -> Iterator[tuple[str, Callable[[Any], object]]]:
    an_id = UUID(int=1)
    yield "events since", lambda given: esnb.events(app, since=given)
    yield "events until", lambda given: esnb.events(app, until=given)
    yield "events recorded", lambda given: esnb.events(app, since=given, by="recorded")
    yield "export since", lambda given: esnb.export(app, path, since=given)
    yield "export until", lambda given: esnb.export(app, path, until=given)
    yield "at", lambda given: esnb.at(app, an_id, time=given)
    yield (
        "project",
        lambda given: esnb.project(
            app, lambda view, event, tracking: None, POPOTrackingRecorder, until=given
        ),
    )
    yield "explore", lambda given: esnb.explore(app, an_id, live=False).jump(given)
    yield "browse", lambda given: esnb.browse(app, live=False).start(given)
    yield "browse since", lambda given: esnb.browse(app, live=False).filter(since=given)
    yield "browse until", lambda given: esnb.browse(app, live=False).filter(until=given)


@pytest.mark.parametrize(
    "given", ["04.03.2026", "2026-03-19 23:00 EST", "2026-3-4", "now", "", pd.NaT, 7.5], ids=repr
)
def test_every_way_refuses_what_could_be_misread(
    app: Application[UUID], tmp_path: Path, given: Any
) -> None:
    for name, ask in ways(app, tmp_path / "log.jsonl"):
        with pytest.raises(ValueError, match="is not a time") as caught:
            ask(given)
        assert "2026-03-01 12:00" in str(caught.value), name
    assert not (tmp_path / "log.jsonl").exists()


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-21",
        "20260321",
        "2026-03-20T23:00-01:00",
        np.datetime64("2026-03-21"),
        pd.Timestamp("2026-03-21"),
        date(2026, 3, 21),
    ],
    ids=repr,
)
def test_every_way_takes_a_time(app: Application[UUID], tmp_path: Path, given: Any) -> None:
    for _, ask in ways(app, tmp_path / "log.jsonl"):
        ask(given)
    assert len(esnb.events(app, since=given)) == 0
    assert len(esnb.events(app, until=given)) == 1
    if given != "20260321":  # a stream may be named so
        assert esnb.browse(app, given, live=False).event is not None


@pytest.fixture
def days() -> Application[UUID]:
    """One aggregate with an event at noon on each of three days, from 20 March 2026 on."""
    app: Application[UUID] = Application()
    for day in range(3):
        app.save(
            Aggregate.Created(
                originator_id=UUID(int=1),
                originator_version=1,
                timestamp=datetime(2026, 3, 20, 12, tzinfo=UTC),
                originator_topic="eventsourcing.domain:Aggregate",
            )
            if not day
            else Aggregate.Event(
                originator_id=UUID(int=1),
                originator_version=day + 1,
                timestamp=datetime(2026, 3, 20 + day, 12, tzinfo=UTC),
            )
        )
    return app


@pytest.mark.parametrize(
    "day", ["2026-03-21", "20260321", date(2026, 3, 21), np.datetime64("2026-03-21")], ids=repr
)
def test_until_a_day_and_go_to_a_day_mean_the_end_of_it(
    days: Application[UUID], tmp_path: Path, day: Any
) -> None:
    an_id = UUID(int=1)
    assert len(esnb.events(days, until=day)) == 2
    assert len(esnb.events(days, since=day)) == 2
    assert esnb.export(days, tmp_path / "log.jsonl", until=day) == 2
    assert esnb.at(days, an_id, time=day).version == 2
    explorer = esnb.explore(days, an_id, live=False)
    explorer.jump(day)
    assert explorer.version == 2
    browser = esnb.browse(days, live=False)
    browser.filter(since=day, until=day)
    assert [event["version"] for event in browser.events] == [2]
    browser.filter(until=day)
    assert [event["version"] for event in browser.events] == [1, 2]
    browser.filter()
    browser.start(day)  # a beginning: with the first event of that day
    assert browser.event is not None
    assert browser.event["version"] == 2
    seen: list[int] = []
    esnb.project(
        days,
        lambda view, event, tracking: seen.append(event.originator_version),
        POPOTrackingRecorder,
        until=day,
    )
    assert seen == [1, 2]


def test_what_is_typed_into_the_fields_means_the_end_of_the_day_too(
    days: Application[UUID],
) -> None:
    browser = esnb.browse(days, live=True)
    browser._controls()._until.value = "2026-03-21"
    assert [event["version"] for event in browser.events] == [1, 2]
    browser.close()
    explorer = esnb.explore(days, UUID(int=1), live=True)
    explorer._controls()._when.value = "2026-03-21"
    assert explorer.version == 2
    explorer.close()


def test_until_the_end_of_the_calendar_is_everything(days: Application[UUID]) -> None:
    browser = esnb.browse(days, live=False)
    for end in ("9999-12-31", "9999-12-31T23:59:59.999999"):
        browser.filter(until=end)
        assert len(browser.events) == 3


def test_a_text_that_is_no_time_is_looked_for_as_a_stream(app: Application[UUID]) -> None:
    for given in ("04.03.2026", "2026-03-19 23:00 EST", "2026-13-01", "20260304"):
        with pytest.raises(LookupError, match="a time such as '2026-03-01 12:00'"):
            esnb.browse(app, given, live=False)


def test_the_live_fields_say_the_form(app: Application[UUID]) -> None:
    browser = esnb.browse(app, live=True)
    panel = browser._controls()
    for field in (panel._since, panel._until, panel._start):
        field.value = "04.03.2026"
        assert "04.03.2026" in panel._message.value
        assert "2026-03-01 12:00" in panel._message.value
        field.value = ""
    browser.close()
    explorer = esnb.explore(app, UUID(int=1), live=True)
    explorer._controls()._when.value = "04.03.2026"
    assert "2026-03-01 12:00" in explorer._controls()._message.value
    explorer.close()


def test_a_file_with_naive_times_is_compared_as_utc(app: Application[UUID], tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    esnb.export(app, path)
    path.write_text(
        path.read_text("utf-8").replace('"recorded":null', '"recorded":"2026-03-20T01:00"'), "utf-8"
    )

    assert len(esnb.events(path, since=stamp(1), by="recorded")) == 1
    assert len(esnb.events(path, until=stamp(1), by="recorded")) == 0
