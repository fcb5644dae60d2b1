"""The explorer's chart: places, heights, bars and drawings, of any values and any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from hypothesis import given
from hypothesis import strategies as st

import esnb
from esnb.drawing.chart.palette import REST, look_of
from esnb.drawing.shares_svg import shares_svg
from esnb.drawing.steps_svg import EventMark, steps_svg
from esnb.drawing.values import cut_at_word
from esnb.widgets.explore.axis import axis, end_texts, span_text
from esnb.widgets.explore.bars import VersionBars, bar_names, bar_titles, shares
from esnb.widgets.explore.chart import HistoryChart
from esnb.widgets.explore.field_series import FieldSeries, default_field, number
from esnb.widgets.explore.legend import legend_entries
from esnb.widgets.explore.timeline import Timeline

HOSTILE = "</text></svg><script>alert(1)</script>\u202eevil\x00"
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
TIMES: list[datetime] = []
"""Of the next events."""


class Meter(Aggregate):
    """Its value is whatever it is told, when it is told."""

    class Event(Aggregate.Event):
        @classmethod
        def create_timestamp(cls) -> datetime:
            return TIMES.pop(0)

    class Placed(Event, Aggregate.Created):
        label: Any

    @event(Placed)
    def __init__(self, label: Any) -> None:
        self.label = label

    class Read(Event):
        value: Any

    @event(Read)
    def read(self, value: Any) -> None:
        self.value = value


def timeline_of(*values: Any, label: Any = "north", hours: Sequence[float] = ()) -> Timeline:
    TIMES[:] = [START + timedelta(hours=hour) for hour in hours or range(len(values) + 1)]
    app: Application[UUID] = Application()
    meter = Meter(label)
    for value in values:
        meter.read(value)
    app.save(meter)
    found = esnb.explore(app, meter.id, live=False)._timeline
    assert found is not None
    return found


def drawn(timeline: Timeline, field: str | None) -> HistoryChart:
    return HistoryChart(timeline, field, frozenset(timeline.types), times=True)


def well_formed(page: str) -> ElementTree.Element:
    return ElementTree.fromstring(page)


# --- values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, 3.0),
        (Decimal("49.90"), 49.9),
        (Fraction(1, 4), 0.25),
        (True, None),
        ("3", None),
        (None, None),
        (float("nan"), None),
        (float("-inf"), None),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Decimal("1e999999"), None),
        (10**400, None),
    ],
)
def test_numbers_are_drawn_and_nothing_else(value: Any, found: float | None) -> None:
    assert number(value) == found


def test_decimals_keep_their_digits_in_words() -> None:
    series = FieldSeries(timeline_of(Decimal("49.90"), Decimal("42.00"), Decimal("47.50")), "value")
    assert series.ends == ("42.00", "49.90")
    assert series.heights == [None, 1.0, 0.0, pytest.approx(5.5 / 7.9)]


def test_what_is_no_number_leaves_a_gap_and_is_counted() -> None:
    timeline = timeline_of(1, float("nan"), None, "many", 10**400, 3)
    series = FieldSeries(timeline, "value")
    assert series.heights == [None, 0.0, None, None, None, None, 1.0]
    assert series.gaps == 4
    assert "4 values cannot be drawn" in drawn(timeline, "value").drawing()


def test_the_widest_range_of_floats_is_drawn() -> None:
    series = FieldSeries(timeline_of(-1.7e308, 0, 1.7e308), "value")
    assert series.heights == [None, 0.0, 0.5, 1.0]


def test_a_field_without_numbers_is_a_level_with_its_values_on_it() -> None:
    timeline = timeline_of("red", "green", label=1)
    series = FieldSeries(timeline, "value")
    assert not series.is_numeric
    assert series.heights == [None, 0.5, 0.5]
    svg = drawn(timeline, "value").drawing()
    assert ">&#x27;red&#x27;</text>" in svg


def test_the_first_field_with_numbers_that_changes_is_drawn_first() -> None:
    assert default_field(timeline_of(1, 2)) == "value"
    assert default_field(timeline_of("a", "b", label=7)) == "value"
    assert default_field(timeline_of(label=7)) == "label"
    explorer = esnb.explore(*app_without_state(), live=True)
    assert explorer._controls()._chart.field.value is None
    assert "1 event over time" in explorer._controls()._chart.drawing.value
    explorer.close()


def app_without_state() -> tuple[Application[UUID], UUID]:
    app: Application[UUID] = Application()
    bare = Aggregate()
    app.save(bare)
    return app, bare.id


# --- places -----------------------------------------------------------------------------


def test_versions_stand_where_they_were_in_time() -> None:
    places, ends = axis(timeline_of(1, 2, 3, hours=(0, 6, 18, 24)), times=True)
    assert places == [0, 0.25, 0.75, 1]
    assert ends == ("2026-03-01 10:00 UTC", "2026-03-02 10:00")


def test_without_times_or_at_one_time_they_stand_beside_each_other() -> None:
    for timeline, times in ((timeline_of(1, 2), False), (timeline_of(1, 2, hours=(0, 0, 0)), True)):
        places, ends = axis(timeline, times)
        assert list(places) == pytest.approx([1 / 6, 1 / 2, 5 / 6])
        assert ends == ("v1", "v3")


def test_a_clock_that_went_back_does_not_turn_the_line_back() -> None:
    places, _ = axis(timeline_of(1, 2, 3, hours=(0, 8, 4, 10)), times=True)
    assert places == [0, 0.8, 0.8, 1]


def test_the_ends_are_as_exact_as_tells_them_apart() -> None:
    def ends(span: timedelta) -> tuple[str, str]:
        return end_texts(START, START + span)

    assert ends(timedelta(days=14)) == ("2026-03-01", "2026-03-15")
    assert ends(timedelta(seconds=40)) == ("2026-03-01 10:00:00 UTC", "10:00:40")
    assert ends(timedelta(milliseconds=7)) == ("2026-03-01 10:00:00.000 UTC", "10:00:00.007")
    assert span_text(timedelta(days=1)) == "1 day"
    assert span_text(timedelta(minutes=90)) == "1.5 h"


# --- the strip -----------------------------------------------------------------------------


@given(st.integers(1, 20_000))
def test_every_version_has_one_bar_and_every_bar_a_version(versions: int) -> None:
    bars = VersionBars(versions)
    assert bars.count <= 200
    stretches = [bars.places(bar) for bar in range(bars.count)]
    assert stretches[0].start == 0
    assert stretches[-1].stop == versions
    assert all(one.stop == other.start and len(one) for one, other in pairwise(stretches))
    assert all(bars.of(each[0]) == bars.of(each[-1]) == bar for bar, each in enumerate(stretches))


def test_bars_of_many_versions_are_shared_by_type() -> None:
    bars, types = VersionBars(1000), ["Opened"] + ["Added", "Dropped"] * 499 + ["Added"]
    kinds = {"Opened": "esnb-k0", "Added": "esnb-k1", "Dropped": "esnb-k2"}
    found = shares(bars, types, kinds, frozenset({"Added"}))
    assert len(found) == 100
    assert found[50] == {"esnb-k1": 0.5, "esnb-k2 esnb-faded": 0.5}
    assert all(sum(each.values()) == pytest.approx(1) for each in found)
    svg = well_formed(shares_svg(found))
    assert len(list(svg.iter("path"))) == 4  # three colours and the gaps, not a hundred bars


def test_a_bar_says_its_event_or_its_counts() -> None:
    few, many = timeline_of(1, 2), timeline_of(*range(999))
    assert bar_titles(VersionBars(3), few, times=False)[1] == "2 Read: value: 1"
    assert bar_titles(VersionBars(3), few, times=True)[1].endswith("2026-03-01 11:00:00.000 UTC")
    titles = bar_titles(VersionBars(1000), many, times=True)
    assert titles[0] == "versions 1 to 10: 9 Read, 1 Placed"
    assert len(set(bar_names(VersionBars(1000), many))) == 100


def test_more_types_than_colours_share_the_last_one() -> None:
    kinds = legend_entries(f"Type{number}" for number in range(30))
    assert kinds[-1].colour == REST.css
    assert [kind.colour for kind in kinds[:-1]] == [look_of(kind.name).css for kind in kinds[:-1]]
    assert (kinds[-1].name, kinds[-1].count) == ("23 other types", 23)
    assert [kind.name for kind in legend_entries("abcdefgh")] == list("abcdefgh")


# --- drawings ---------------------------------------------------------------------------------


def test_a_drawing_has_one_height_whatever_is_in_it() -> None:
    heights = {
        well_formed(svg_in(drawn(each, "value").drawing())).get("height")
        for each in (timeline_of(), timeline_of(1), timeline_of(*range(300)))
    }
    assert heights == {"128"}


def svg_in(page: str) -> str:
    return page[page.index("<svg") : page.index("</svg><svg class") + len("</svg>")]


def test_hostile_values_are_shown_as_text() -> None:
    timeline = timeline_of(HOSTILE, {HOSTILE: 1}, label=HOSTILE)
    for field in ("value", "label"):
        chart = drawn(timeline, field)
        for page in (chart.drawing(), *(chart.cursor(place) for place in range(3))):
            assert "<script" not in page
            page.encode()
            well_formed(page)


def test_ten_thousand_versions_are_a_small_drawing() -> None:
    points = [
        EventMark(place / 9_999, (place * 7919 % 1000) / 1000, "esnb-k1", "", changed=True)
        for place in range(10_000)
    ]
    svg = steps_svg(points, "noise")
    well_formed(svg)
    assert len(svg) < 40_000
    path = svg[svg.index(' d="M') : svg.index('"/></svg>')]
    assert {"24", "85.9"} <= {
        each[1:] for each in path.replace("H", " H").replace("V", " V").split()
    }


def test_a_text_is_cut_after_a_word() -> None:
    assert cut_at_word("one two three", 20) == "one two three"
    assert cut_at_word("one two three", 9) == "one two…"
    assert cut_at_word("x" * 30, 10) == "xxxxxxxxx…"
    assert cut_at_word("price: 1; description: 'x'", 24) == "price: 1; description…"
    assert len(cut_at_word("word " * 2**18, 60)) <= 60
