"""`esnb.plot`: pictures of events, types and fields, whatever the source and the values."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
from eventsourcing import domain
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.plot import Picture
from tests.domain.accounts import Cattery, a_cat
from tests.unit.widget_pages import Outline

STORABLE = "</title><script>alert(1)</script>\u202eevil\x00 $100 to $200"
HOSTILE = STORABLE + "\ud83d"
BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Lamp(Aggregate):
    """Something with a value of any kind."""

    @event("Made")
    def __init__(self, value: Any = None) -> None:
        self.value = value
        self.colour = "brass"

    @event("Changed")
    def change(self, value: Any, reason: str = "") -> None:
        self.value = value

    @event("Painted")
    def paint(self, colour: str) -> None:
        self.colour = colour


class Shop(Application[UUID]):
    """Sells lamps."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Its only entry is the time of the next event."""
    now = [BEGIN]
    monkeypatch.setattr(domain, "datetime_now_with_tzinfo", lambda: now[0])
    return now


def lamp_with(app: Shop, *values: Any, first: Any = None) -> UUID:
    lamp = Lamp(first)
    for number, value in enumerate(values):
        lamp.change(value, reason=f"because {number}")
    app.save(lamp)
    return lamp.id


def priced(app: Shop, clock: list[datetime]) -> UUID:
    """A lamp whose price changes on four days."""
    lamp = Lamp(Decimal("49.90"))
    for days, price, why in ((2, "44.90", "sale"), (6, "47.50", "brass"), (9, "39.90", "")):
        clock[0] = BEGIN + timedelta(days=days)
        lamp.change(Decimal(price), why)
    clock[0] = BEGIN + timedelta(days=12)
    lamp.paint("black")
    app.save(lamp)
    return lamp.id


def record(
    app: Application[Any], topic: str, number: int = 1, time: datetime | None = None
) -> None:
    """Stores an event as another system would."""
    data = (
        {}
        if time is None
        else {"timestamp": {"_type_": "datetime_iso", "_data_": time.isoformat()}}
    )
    stream = UUID(int=hash_of(topic))
    stored = [StoredEvent(stream, number, topic, json.dumps(data).encode())]
    app.recorder.insert_events(stored)


def hash_of(text: str) -> int:
    return int.from_bytes(text.encode("utf-8", "replace")[-12:], "big")


def checked(picture: Picture) -> str:
    """The page of a picture, which every picture's page passes: safe, small and complete."""
    page = picture._repr_html_()
    outline = Outline(page)
    assert "script" not in outline.tags
    assert not {
        name for name in outline.attributes if name.startswith("on") or name in ("id", "href")
    }
    assert len(page.encode()) <= 190_000
    assert "\n\n" not in page.partition("</style>")[2]
    assert not re.search(r"0x[0-9a-f]{6,}", page)
    root = ElementTree.fromstring(picture.svg)
    assert root.tag.endswith("}svg")
    assert root.attrib["role"] == "img"
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == root.attrib["aria-label"]
    numbers = re.findall(r'(?<![\w-])d="([^"]*)"', picture.svg)
    assert not any("nan" in number or "inf" in number for number in numbers)
    assert str(picture).encode()
    assert "\u202e" not in page + str(picture)
    return page


# --- events ---------------------------------------------------------------------


def test_events_are_stacked_over_time_by_type(clock: list[datetime]) -> None:
    app = Shop()
    priced(app, clock)
    picture = esnb.plot.events(app)
    page = checked(picture)
    assert "5 events of 3 types, 2026-03-01 to 2026-03-13 (UTC)" in str(picture)
    assert "Lamp.Changed" in picture.svg
    assert "events per" in page
    assert str(picture).splitlines()[1].split() == [
        "Lamp.Changed",
        *str(picture).splitlines()[1].split()[1:],
    ]


@pytest.mark.parametrize("by", ["type", "stream", "category"])
def test_events_can_be_told_apart_by_more_than_their_type(by: Any, clock: list[datetime]) -> None:
    app = Shop()
    first = priced(app, clock)
    priced(app, clock)
    text = str(esnb.plot.events(app, by=by))
    names = {"type": "Lamp.Painted", "stream": str(first)[:8], "category": "Lamp  "}
    assert names[by] in text


def test_what_cannot_tell_events_apart_is_refused() -> None:
    with pytest.raises(ValueError, match="by='colour': pass 'type', 'stream' or 'category'"):
        esnb.plot.events(Shop(), by="colour")  # type: ignore[arg-type]


def test_a_text_without_times_and_ids_is_the_same_at_every_run() -> None:
    texts = set()
    for _ in range(2):
        app = Shop()
        lamp_with(app, 1, 2, 3)
        lamp_with(app, 1)
        texts.add(str(esnb.plot.events(app, by="stream", times=False, ids=False)))
    assert len(texts) == 1
    assert "id-1" in texts.pop()


def test_the_same_events_make_the_same_page_in_every_process(tmp_path: Path) -> None:
    app = Shop()
    lamp_with(app, 1, Decimal("2.5"), None)
    path = tmp_path / "log.jsonl"
    esnb.export(app, path)
    program = (
        f"import esnb; p = {str(path)!r}\n"
        "for each in (esnb.plot.events(p), esnb.plot.types(p)): print(each._repr_html_(), each)"
    )
    pages = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pages) == 1
    assert b"Lamp.Changed" in pages.pop()


@pytest.mark.parametrize("make", [esnb.plot.events, esnb.plot.types])
def test_a_source_without_events_is_a_picture_that_says_so(make: Any) -> None:
    picture = make(Shop())
    checked(picture)
    assert "no events" in str(picture)
    assert "no events" in picture.svg


@pytest.mark.parametrize("make", [esnb.plot.events, esnb.plot.types])
def test_one_event_is_one_bar(make: Any) -> None:
    app = Shop()
    app.save(Lamp())
    picture = make(app)
    checked(picture)
    assert "1 event of 1 type" in str(picture)
    assert picture.svg.count('class="esnb-bars') >= 1


def test_events_at_one_moment_and_at_both_ends_of_the_calendar_are_drawn() -> None:
    app = Shop()
    for number in range(3):
        record(app, "m:Same", number + 1, BEGIN)
    checked(esnb.plot.events(app))
    record(app, "m:First", 1, datetime(1, 1, 1, tzinfo=UTC))
    record(app, "m:Last", 1, datetime.max.replace(tzinfo=UTC))
    picture = esnb.plot.events(app)
    checked(picture)
    assert "0001-01-01 to 9999-12-31 (UTC)" in str(picture)
    assert "events per" in picture.svg


def test_events_without_a_time_are_counted_and_drawn_in_order() -> None:
    app = Shop()
    record(app, "m:Timeless", 1)
    picture = esnb.plot.events(app)
    checked(picture)
    assert "in order" in str(picture)
    record(app, "m:Timed", 1, BEGIN)
    picture = esnb.plot.events(app)
    assert "1 event without a time is not drawn" in checked(picture)


@pytest.mark.parametrize("make", [esnb.plot.events, esnb.plot.types])
def test_fifty_types_are_folded_and_said(make: Any) -> None:
    app = Shop()
    for number in range(50):
        record(app, f"m:Type{number:02}", 1, BEGIN + timedelta(hours=number))
    picture = make(app)
    checked(picture)
    assert "50 events of 50 types" in str(picture)
    assert re.search(r"other \(\d\d types\)", str(picture))


@pytest.mark.parametrize("make", [esnb.plot.events, esnb.plot.types])
def test_hostile_and_huge_types_yield_no_markup(make: Any) -> None:
    app = Shop()
    for number, name in enumerate(
        (HOSTILE, "x" * 1_000_000, "", "OrderPlaced.v2", "issues.opened")
    ):
        record(app, name, number + 1, BEGIN)
    picture = make(app)
    assert "<script>alert" not in checked(picture)
    assert "OrderPlaced.v2" in str(picture)
    assert "issues.opened" in picture.svg


def test_a_hundred_thousand_events_make_a_small_picture() -> None:
    app = Shop()
    lamp = Lamp()
    for number in range(20_000):
        lamp.trigger_event(Lamp.Changed, value=number, reason="")  # type: ignore[attr-defined]
    app.save(lamp)
    picture = esnb.plot.events(app)
    assert len(checked(picture)) < 100_000
    assert "20,001 events" in str(picture)


def test_the_filters_are_those_of_events(clock: list[datetime]) -> None:
    app = Shop()
    priced(app, clock)
    assert "3 events of 1 type" in str(esnb.plot.types(app, types="Changed"))
    assert "2 events of 2 types" in str(esnb.plot.types(app, exclude=["Changed"]))
    assert "2 events of 2 types" in str(esnb.plot.events(app, since="2026-03-10"))
    with pytest.raises(ValueError, match="since"):
        esnb.plot.events(app, since="yesterday")
    with pytest.raises(TypeError, match="no source of events"):
        esnb.plot.types(Shop)


def test_a_type_has_the_same_colour_in_every_picture(clock: list[datetime]) -> None:
    app = Shop()
    id = priced(app, clock)
    bars = re.search(
        r'esnb-bars (esnb-k\d)"[^>]*/>.{0,200}', esnb.plot.types(app, types="Painted").svg
    )
    assert bars is not None
    found = re.findall(
        r'esnb-point (esnb-k\d)"[^>]*d="[^"]*"><title>v5', esnb.plot.field(app, id, "colour").svg
    )
    assert found == [bars[1]]


def test_exported_files_are_sources_too(tmp_path: Path, clock: list[datetime]) -> None:
    app = Shop()
    priced(app, clock)
    path = tmp_path / "log.jsonl"
    esnb.export(app, path)
    assert str(esnb.plot.events(path)) == str(esnb.plot.events(app))
    assert str(esnb.plot.types(str(path))) == str(esnb.plot.types(app))


# --- a field --------------------------------------------------------------------


def test_a_field_is_drawn_in_steps_with_event_and_reason(clock: list[datetime]) -> None:
    app = Shop()
    id = priced(app, clock)
    picture = esnb.plot.field(app, id, "value")
    checked(picture)
    lines = str(picture).splitlines()
    assert lines[0].endswith("4 steps in 5 versions, 2026-03-01 to 2026-03-13 (UTC)")
    assert lines[2].split("  ")[:4] == ["v2", "49.90 → 44.90", "Changed", "sale"]
    texts = "".join(ElementTree.fromstring(picture.svg).itertext())
    for words in ("v1 · 49.90", "v3 · 47.50", "Changed", "44.90 → 47.50", "brass", "2026-03-07"):
        assert words in texts


def test_another_field_of_the_payload_can_be_the_reason() -> None:
    app = Shop()
    lamp = Lamp()
    lamp.paint("black")
    app.save(lamp)
    assert "Painted  black" in str(esnb.plot.field(app, lamp.id, "colour", reason="colour"))


def test_events_at_one_moment_are_drawn_by_version_with_their_time(clock: list[datetime]) -> None:
    app = Shop()
    picture = esnb.plot.field(app, lamp_with(app, 1, 2), "value")
    assert "3 steps in 3 versions, by version" in str(picture)
    assert picture.svg.count(">09:00:00.000</text>") == 3


def test_by_version_it_is_the_same_at_every_run() -> None:
    texts = set()
    for _ in range(2):
        app = Shop()
        id = lamp_with(app, 1, 2)
        picture = esnb.plot.field(app, id, "value", times=False, ids=False)
        texts.add(str(picture) + picture._repr_html_())
    assert len(texts) == 1
    assert str(id) not in texts.pop()


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, Decimal("3.5"), None, float("nan"), float("inf"), -(10**400)],
        [Decimal("1e400"), Decimal("-1e-400"), Decimal(0)],
        [10**18 + 1, 10**18 + 2],
        [True, False, None, True],
        ["new", "sold", STORABLE, "", "x" * 1_000_000],
        [12, "12", True, Decimal("12"), None, BEGIN],
        [BEGIN, BEGIN + timedelta(days=400), None],
        [datetime(1, 1, 1, tzinfo=UTC), datetime.max],
        [BEGIN, BEGIN],
        [f"text {number}" for number in range(50)],
        [float("nan"), float("nan")],
        [None],
        [],
    ],
)
def test_every_kind_of_value_makes_a_picture(values: list[Any]) -> None:
    app = Shop()
    id = lamp_with(app, *values)
    for times in (True, False):
        picture = esnb.plot.field(app, id, "value", times=times)
        checked(picture)


def test_what_is_not_drawn_is_said() -> None:
    app = Shop()
    id = lamp_with(app, 1, float("inf"), 2)
    assert "1 value infinite or beyond 1e300: not drawn" in checked(
        esnb.plot.field(app, id, "value")
    )
    id = lamp_with(app, *(f"text {number}" for number in range(50)), first="text")
    assert "40 other values share a row" in checked(esnb.plot.field(app, id, "value"))
    id = lamp_with(app)
    assert "it has no value" in checked(esnb.plot.field(app, id, "value"))


@pytest.mark.parametrize("value", [["a"], {"a": 1}, ("a",)])
def test_a_list_has_no_height_but_a_measure(value: Any) -> None:
    app = Shop()
    id = lamp_with(app, value, first=[])
    with pytest.raises(
        TypeError, match=r"field 'value' of aggregate .* holds a list in version 1,.*value=len"
    ):
        esnb.plot.field(app, id, "value")
    picture = esnb.plot.field(app, id, "value", value=len)
    checked(picture)
    assert "0 → 1" in str(picture)


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    "drawn", [Colour.RED, timedelta(hours=1), BEGIN.date(), UUID(int=1), b"x", 1j, HOSTILE]
)
def test_whatever_a_measure_returns_is_drawn(drawn: Any) -> None:
    app = Shop()
    id = lamp_with(app, 1, 2, first=0)
    checked(esnb.plot.field(app, id, "value", value=lambda value: drawn))


def test_a_measure_that_raises_says_where() -> None:
    app = Shop()
    id = lamp_with(app, "text", first=[])
    with pytest.raises(AttributeError) as caught:
        esnb.plot.field(app, id, "value", value=lambda value: len(value.copy()))
    assert "'text', 'value' in version 2" in caught.value.__notes__[0]


class Shy:
    """Raises whenever it is looked at."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


def test_values_that_raise_are_refused_by_name() -> None:
    app = Shop()
    id = lamp_with(app, 1)
    with pytest.raises(TypeError, match="holds a Shy in version 2"):
        esnb.plot.field(app, id, "value", value=lambda value: Shy())


def test_a_field_that_no_version_has_names_those_there_are() -> None:
    app = Shop()
    id = lamp_with(app)
    with pytest.raises(
        LookupError, match=r"has no field 'prise' in any version: it has 'value', 'colour'"
    ):
        esnb.plot.field(app, id, "prise")
    with pytest.raises(TypeError, match="field=3: pass the name"):
        esnb.plot.field(app, id, 3)  # type: ignore[arg-type]
    with pytest.raises(AggregateNotFoundError):
        esnb.plot.field(app, UUID(int=1), "value")
    with pytest.raises(TypeError, match=r"plot\.field\(\) folds"):
        esnb.plot.field("log.jsonl", id, "value")  # type: ignore[arg-type]


def test_an_event_that_cannot_be_applied_ends_the_line_and_is_said() -> None:
    app = Shop()
    id = lamp_with(app, 1, 2)
    app.recorder.insert_events([StoredEvent(id, 4, "m:Unknown", b"{}")])
    picture = esnb.plot.field(app, id, "value")
    assert "not known from version 4 on" in checked(picture)
    assert "2 → no value" in str(picture)


def test_ten_thousand_versions_make_a_small_picture_that_says_what_is_left_out() -> None:
    app = Shop()
    id = lamp_with(app, *range(3000))
    picture = esnb.plot.field(app, id, "value")
    assert len(checked(picture)) < 100_000
    assert "the last 12 of 3,001 steps" in picture.svg
    assert "… 2,901 earlier steps" in str(picture)


def test_clocks_that_go_back_do_not_draw_back(clock: list[datetime]) -> None:
    app = Shop()
    lamp = Lamp(1)
    for hours in (5, 2, 9):
        clock[0] = BEGIN + timedelta(hours=hours)
        lamp.change(hours)
    app.save(lamp)
    checked(esnb.plot.field(app, lamp.id, "value"))


def test_functional_aggregates_and_redaction() -> None:
    app = Cattery()
    id = a_cat(app)
    assert "Born" in str(esnb.plot.field(app, id, "name"))
    hidden = esnb.plot.field(app, id, "name", redact="name")
    assert "[redacted]" in checked(hidden)


# --- the faces of a picture ------------------------------------------------------


def test_a_picture_is_saved_as_svg_or_html(tmp_path: Path) -> None:
    app = Shop()
    lamp_with(app, 1, 2)
    picture = esnb.plot.types(app)
    drawn = picture.save(tmp_path / "types.svg")
    assert drawn.read_text("utf-8") == picture.svg + "\n"
    page = picture.save(str(tmp_path / "types.HTML")).read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert picture._repr_html_() in page
    with pytest.raises(ValueError, match=r"types\.png'.*\.svg or \.html"):
        picture.save(tmp_path / "types.png")


def test_a_picture_shows_itself_as_html_and_as_text() -> None:
    picture = esnb.plot.types(Shop())
    assert picture._repr_mimebundle_() == {
        "text/plain": str(picture),
        "text/html": picture._repr_html_(),
    }
    assert repr(picture) == "<Picture Event types: 0 events of 0 types>"
