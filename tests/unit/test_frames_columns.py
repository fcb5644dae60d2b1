"""Columns keep every value: fixed dtypes, narrowest dtypes, flattened payloads, changes."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esnb.folds.changes import changes, describe_changes
from esnb.folds.same import ABSENT, same
from esnb.frames.flatten import flatten
from esnb.frames.schema import build, inferred, typed
from esnb.tables.kind import Kind
from esnb.values.state import kept, text_of

NAMES = st.sampled_from(["a", "b", "a.b", "type", "data", "data.type", "", ".", "state.type"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.decimals(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PAYLOADS = st.dictionaries(NAMES, VALUES, max_size=5)
STATES = st.dictionaries(NAMES, VALUES | st.floats(), max_size=5)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(timezones=st.none() | st.just(UTC) | OFFSETS)


def is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


# --- one column ----------------------------------------------------------------


@given(st.lists(st.none() | st.integers()))
def test_whole_numbers_keep_every_digit(numbers: list[int | None]) -> None:
    column = pd.Series(inferred(numbers))

    assert column.dtype == (
        "Int64"
        if any(number is not None for number in numbers)
        and all(number is None or -(2**63) <= number < 2**63 for number in numbers)
        else object
    )
    for number, shown in zip(numbers, column, strict=True):
        assert is_missing(shown) if number is None else int(shown) == number


def test_the_numbers_that_pandas_would_round() -> None:
    assert pd.Series(inferred([2**53 + 1, None])).tolist()[0] == 2**53 + 1
    assert pd.Series(inferred([2**70, None])).tolist() == [2**70, None]
    assert inferred([2**53 + 1, 0.5]).dtype == object  # a float would round the first
    assert inferred([3, 0.5, None]).dtype == float
    assert typed([2**53 + 1, None], "Int64")[0] == 2**53 + 1


@given(st.lists(st.none() | TIMES))
def test_times_of_any_offset_are_utc_to_the_microsecond(times: list[datetime | None]) -> None:
    column = pd.Series(typed(times, "time"))

    assert column.dtype == "datetime64[us, UTC]"
    repr(column)
    for time, shown in zip(times, column, strict=True):
        if time is None:
            assert shown is pd.NaT
            continue
        try:
            utc = (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)
        except OverflowError:
            assert shown is pd.NaT
        else:
            assert shown == utc


@given(st.lists(st.none() | TIMES, min_size=1))
def test_a_time_that_utc_does_not_have_stays_as_it_is(times: list[datetime | None]) -> None:
    for time, shown in zip(times, pd.Series(inferred(times)), strict=True):
        assert is_missing(shown) == (time is None)


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["a", None], "string"),
        (["\ud800", "\x00"], "string"),
        ([True, None], "boolean"),
        ([1.5, None, float("nan")], "float64"),
        ([datetime(1, 1, 1), pd.Timestamp("2026-01-01", tz="UTC")], "datetime64[us, UTC]"),
        ([UUID(int=1), None], "string"),
        ([Decimal("1.10"), None], "object"),
        ([True, 1], "object"),
        ([1, "1"], "object"),
        ([Colour.RED], "object"),
        ([[1], [2, 3]], "object"),
        ([[1, 2], [3, 4]], "object"),
        ([np.int64(3)], "object"),
        ([None, None], "object"),
        ([], "object"),
    ],
)
def test_the_narrowest_dtype(values: list[Any], dtype: str) -> None:
    column = pd.Series(inferred(values))

    assert column.dtype == dtype
    assert len(column) == len(values)


def test_decimals_keep_their_zeros() -> None:
    assert [str(value) for value in inferred([Decimal("1.10"), None])] == ["1.10", "None"]


def test_a_frame_fills_what_it_is_not_given() -> None:
    frame = build(
        Kind("row"), {"a": "string", "n": "Int64", "t": "time", "o": "object"}, {"n": [1, 2]}
    )

    assert list(frame.columns) == ["a", "n", "t", "o"]
    assert [str(dtype).partition("[python")[0] for dtype in frame.dtypes] == [
        "string",
        "Int64",
        "datetime64[us, UTC]",
        "object",
    ]
    assert frame["a"].isna().all()
    assert type(frame.index) is pd.RangeIndex


# --- payloads side by side -------------------------------------------------------


@given(st.lists(PAYLOADS, max_size=5))
def test_flattening_loses_no_value(payloads: list[dict[str, Any]]) -> None:
    columns = flatten(payloads, taken=["type", "data"])

    assert not {"type", "data"} & set(columns)
    for row, payload in enumerate(payloads):
        shown = [values[row] for values in columns.values() if values[row] is not None]
        leaves = list(_leaves(payload))
        assert sorted(map(repr, shown)) == sorted(repr(leaf) for leaf in leaves if leaf is not None)


def _leaves(value: Any) -> Any:
    for inner in value.values():
        if type(inner) is dict and inner:
            yield from _leaves(inner)
        else:
            yield inner


@given(st.lists(PAYLOADS, max_size=5), st.randoms())
def test_a_columns_name_does_not_depend_on_the_order_of_events(
    payloads: list[dict[str, Any]], random: Any
) -> None:
    shuffled = payloads[:]
    random.shuffle(shuffled)

    assert set(flatten(payloads, ["type"])) == set(flatten(shuffled, ["type"]))


@pytest.mark.parametrize(
    ("payloads", "columns"),
    [
        ([{"type": 1}], {"data.type": [1]}),
        ([{"type": 1, "data.type": 2}], {"data.data.type": [1], "data.type": [2]}),
        ([{"data": 1}], {"data.data": [1]}),
        ([{"a.b": 1, "a": {"b": 2}}], {"a.b": [1], "data.a.b": [2]}),
        ([{"a": {"b": 1}}, {"a": 3}], {"a.b": [1, None], "a": [None, 3]}),
        ([{"a": {}}], {"a": [{}]}),
        ([[1, 2], {"a": 1}], {"data": [[1, 2], None], "a": [None, 1]}),
        ([b"\xff", None, "x"], {"data": [b"\xff", None, "x"]}),
        ([], {}),
    ],
)
def test_names_of_flattened_fields(payloads: list[Any], columns: dict[str, list[Any]]) -> None:
    assert flatten(payloads, taken=["type"]) == columns


def test_very_deep_payloads_are_flattened_to_a_point() -> None:
    deep = json.loads('{"a":' * 900 + "1" + "}" * 900)

    (name,) = flatten([deep], taken=[])

    assert name.count("a") == 20


# --- what differs ---------------------------------------------------------------


@given(STATES, STATES)
def test_the_changes_lead_from_one_state_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    reached = deepcopy(before)
    found = changes(before, after)
    for change in found:
        assert same(before.get(change.field, ABSENT), change.before)
        if change.after is ABSENT:
            del reached[change.field]
        else:
            reached[change.field] = change.after

    assert changes(reached, after) == []
    describe_changes(found)


@given(STATES)
def test_a_copy_is_no_change(state: dict[str, Any]) -> None:
    assert changes(state, deepcopy(state)) == []


class Plain:
    def __init__(self, value: object) -> None:
        self.value = value


class Spiteful:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    __hash__ = None  # type: ignore[assignment]

    def __deepcopy__(self, memo: object) -> Spiteful:
        raise RuntimeError("not copyable")

    def __repr__(self) -> str:
        raise RuntimeError("not printable")


def test_objects_without_an_equality_are_compared_by_their_attributes() -> None:
    assert same(Plain([Plain(1)]), Plain([Plain(1)]))
    assert not same(Plain([Plain(1)]), Plain([Plain(2)]))
    assert not same(object(), object())
    assert same([float("nan")], [float("nan")])
    assert same(np.array([1, 2]), np.array([1, 2]))
    assert not same(np.array([1, 2]), np.array([1, 3]))
    assert not same(Spiteful(), Spiteful())


def test_what_cannot_be_copied_or_shown_is_a_text() -> None:
    assert kept(Spiteful()) == "<Spiteful: its repr raises RuntimeError>"
    assert text_of(Plain(1)) == f"<{__name__}.Plain object>"  # no address
    assert kept(Colour.RED) is Colour.RED


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"price": Decimal("10")}, {"price": Decimal("12")}, "price: 10 → 12"),
        ({}, {"name": "tea"}, "name: 'tea'"),
        ({"name": "tea"}, {}, "name: 'tea' → (gone)"),
        ({"a": None}, {"a": 0}, "a: None → 0"),
        ({"stock": {"A": 1, "B": 2}}, {"stock": {"A": 1, "B": 3}}, "stock.B: 2 → 3"),
        ({"stock": {"A": 1}}, {"stock": {}}, "stock.A: 1 → (gone)"),
        ({"stock": {1: "x"}}, {"stock": {1: "x", 2: "y"}}, "stock.2: 'y'"),
        ({"c": None}, {"c": Colour.RED}, "c: None → Colour.RED"),
        (
            {"t": None},
            {"t": datetime(2026, 3, 1, tzinfo=UTC)},
            "t: None → 2026-03-01 00:00:00+00:00",
        ),
        ({"a": 1, "b": 1}, {"b": 2, "a": 2}, "b: 1 → 2; a: 1 → 2"),
    ],
)
def test_changes_in_one_line(before: dict[str, Any], after: dict[str, Any], text: str) -> None:
    assert describe_changes(changes(before, after)) == text


def test_long_values_are_shortened_in_the_line() -> None:
    line = describe_changes(changes({"x": "a" * 10_000}, {"x": str(uuid4()) * 1000}))

    assert len(line) < 200
    assert "…" in line
