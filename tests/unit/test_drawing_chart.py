"""What charts are made of: whatever the values, places stay in the drawing and names readable."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise

import pytest

from esnb.drawing.chart.palette import COLOURS, Look, look_of, numbered
from esnb.drawing.chart.scale import LAST, Scale, as_number, microseconds, moment
from esnb.drawing.chart.steps import StepPoint, step_path, thinned
from esnb.drawing.chart.svg import Drawing, fitting, point, text
from esnb.drawing.chart.ticks import number_axis, number_text
from esnb.drawing.chart.time_ticks import span_text, time_axis, time_step

FIRST = microseconds(datetime.min.replace(tzinfo=UTC))
NOON = microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
DAY = 86_400_000_000


class Hostile(Decimal):
    def adjusted(self) -> int:
        raise RuntimeError


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        Decimal("1e400"),
        10**400,
        True,
        "12",
        None,
        1 + 2j,
        Hostile("1"),
    ],
)
def test_what_is_not_a_number_that_can_be_drawn_is_none(value: object) -> None:
    assert as_number(value) is None


def test_numbers_are_taken_exactly() -> None:
    assert as_number(Decimal("0.1")) == Fraction(1, 10)
    assert as_number(10**18 + 1) == 10**18 + 1
    assert as_number(Decimal("1e-400")) == 0


def test_a_decimal_of_a_million_digits_takes_no_longer_than_others() -> None:
    long = as_number(Decimal("1." + "1" * 1_000_000))
    assert long is not None
    assert long.denominator < 10**60


def test_numbers_that_floats_cannot_tell_apart_stand_at_different_places() -> None:
    scale = Scale(10**18, 10**18 + 4, 0, 100)
    assert [scale.place(10**18 + n) for n in range(5)] == [0, 25, 50, 75, 100]


def test_what_lies_beyond_an_end_stands_at_that_end() -> None:
    scale = Scale(Fraction(-(10**299)), Fraction(10**299), 0, 100)
    assert [scale.place(Fraction(value)) for value in (-(10**300), 0, 10**300)] == [0, 50, 100]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("39.90", "49.90"),
        ("0", "1"),
        ("-5", "5"),
        ("0.001", "0.0042"),
        ("1e-30", "3e-30"),
        ("-1e299", "1e299"),
        ("1000000000000000001", "1000000000000000004"),
        ("99.99", "100.01"),
    ],
)
def test_ticks_are_round_different_and_around_the_values(low: str, high: str) -> None:
    axis = number_axis(Fraction(low), Fraction(high))
    assert axis.low <= Fraction(low) < Fraction(high) <= axis.high
    assert 2 <= len(axis.ticks) <= 7
    assert len({tick.text for tick in axis.ticks}) == len(axis.ticks)
    steps = {later.value - earlier.value for earlier, later in pairwise(axis.ticks)}
    assert len(steps) == 1


def test_small_negative_numbers_are_not_minus_zero() -> None:
    assert number_text(Fraction(-1, 10**9)) == "0.000000"
    assert number_text(Fraction(-5, 2)) == "−2.5"


@pytest.mark.parametrize(
    "span", [1, 999, 2500, 10**6, 45 * 10**6, 3600 * 10**6, DAY, 9 * DAY, 400 * DAY, 9000 * DAY]
)
def test_the_names_of_times_fit_and_differ(span: int) -> None:
    axis = time_axis(NOON, NOON + span, 700)
    names = [tick.text for tick in axis.ticks]
    assert names
    assert all(one != other for one, other in pairwise(names))
    assert sum(len(name) * 7.2 + 18 for name in names) <= 700 + 18 * 7.2
    assert all(NOON <= tick.value <= NOON + span for tick in axis.ticks)


def test_all_of_the_calendar_has_ticks() -> None:
    assert [tick.text for tick in time_axis(FIRST, LAST, 700).ticks][:3] == ["1", "1000", "2000"]
    assert time_axis(LAST - 5 * 10**6, LAST, 700).ticks[-1].text == "23:59:59"


@pytest.mark.parametrize("span", [0, 1, 10**7, 31 * DAY, 365 * DAY, LAST - NOON])
def test_a_step_parts_every_span_in_at_most_so_many(span: int) -> None:
    step = time_step(NOON, NOON + span, 60)
    edges = [step.floor(NOON), *step.between(NOON, NOON + span)]
    assert edges[0] <= NOON
    assert len(edges) <= 61


def test_months_begin_on_their_first_day() -> None:
    step = time_step(NOON, NOON + 700 * DAY, 30)
    assert step.words == "1 month"
    assert all(moment(edge).day == 1 for edge in step.between(NOON, NOON + 700 * DAY))


def test_times_of_any_zone_are_shown_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert microseconds(datetime(2026, 3, 1, 21, tzinfo=tokyo)) == NOON
    assert span_text(NOON, NOON) == "2026-03-01, 12:00:00.000 UTC"


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    points = [StepPoint(0, None), StepPoint(2, 5), StepPoint(4, None), StepPoint(6, 7)]
    assert step_path(points, 9) == "M2 5H4M6 7H9"
    assert step_path([], 9) == ""


def test_a_million_steps_make_a_line_that_looks_the_same_and_is_short() -> None:
    points = [StepPoint(number / 1_000, float(number % 100)) for number in range(100_000)]
    few = thinned(points)
    assert len(few) <= 400
    assert {point.y for point in few} >= {0.0, 99.0}
    assert few[-1] == points[-1]


def test_a_type_keeps_its_colour_whatever_is_shown_between() -> None:
    first = look_of("Chart.Kept")
    others = [look_of(f"Chart.Other{number}") for number in range(20)]
    assert look_of("Chart.Kept") == first
    assert first not in others


def test_seven_kinds_differ_in_colour_shape_and_from_the_rest() -> None:
    looks = [numbered(number) for number in range(7)]
    assert len({look.css for look in looks}) == 7
    assert "esnb-k7" not in {look.css for look in looks}
    assert len({point(look, 0, 0).split(' d="')[1] for look in looks}) == 7


def test_kinds_of_the_same_colour_differ_in_their_gaps() -> None:
    looks = [numbered(number) for number in range(28)]
    assert len({(look.css, look.dashes) for look in looks}) == len(looks)


def test_hostile_texts_yield_no_markup() -> None:
    hostile = '</title><script>alert(1)</script>\x00\u202e\ud83d&"'
    body = text(0, 0, hostile) + point(Look(0), 1, 1, hostile)
    drawn = Drawing(10, 10, hostile, body, hostile).inline()
    assert "<script" not in drawn
    assert drawn.encode()
    assert "\u202e" not in drawn


def test_words_are_cut_with_an_ellipsis() -> None:
    assert fitting("x" * 500, 74) == "x" * 9 + "…"
    assert fitting("", 70) == ""


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_marks_stand_out_from_the_page_in_each_theme() -> None:
    sheet = files("esnb").joinpath("drawing/chart/chart.css").read_text("utf-8")
    found = [re.findall(r"--esnb-k\d: (#\w{6});", block) for block in sheet.split("}")]
    light, dark, again_light, again_dark = [each for each in found if each]
    assert light == again_light == list(COLOURS)
    assert dark == again_dark
    assert min(contrast(colour, page) for colour in light for page in ("#ffffff", "#f6f8fa")) >= 3
    assert min(contrast(colour, page) for colour in dark for page in ("#111111", "#383838")) >= 3
