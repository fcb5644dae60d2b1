"""The frames that esnb gives are DataFrames in everything but their faces.

After the tests of pandas' own subclasses (pandas/tests/frame/test_subclass.py).
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from eventsourcing.application import Application
from pandas.testing import assert_frame_equal, assert_series_equal

import esnb
from esnb.examples.dog import Dog
from esnb.frames.schema import build
from esnb.tables.frame import Frame
from esnb.tables.kind import Kind

ID = "246f9971-884f-4643-b5a6-130b91bb4f57"


@pytest.fixture
def frame() -> pd.DataFrame:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    dog.add_trick("roll over")
    app.save(dog, Dog("Rex"), Dog("Bello"))
    return esnb.events(app)


@pytest.fixture
def plain(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(frame)


def is_shown(value: object) -> bool:
    """Whether a frame shows itself in esnb's way."""
    return (
        type(value) is Frame
        and "esnb-frame" in str(value._repr_html_())
        and " event" in repr(value)
    )


def test_a_plain_data_frame_is_made_by_its_constructor(frame: pd.DataFrame) -> None:
    plain = pd.DataFrame(frame)

    assert isinstance(frame, pd.DataFrame)
    assert type(plain) is pd.DataFrame
    assert "esnb-frame" not in str(plain._repr_html_())  # type: ignore[operator]


SAME_KIND: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "head": lambda frame: frame.head(2),
    "tail": lambda frame: frame.tail(2),
    "slice": lambda frame: frame[1:3],
    "mask": lambda frame: frame[frame["version"] == 1],
    "query": lambda frame: frame.query("version == 1"),
    "columns": lambda frame: frame[["stream", "type", "data"]],
    "loc": lambda frame: frame.loc[1:, ["type", "time"]],
    "iloc": lambda frame: frame.iloc[[2, 0]],
    "copy": lambda frame: frame.copy(),
    "shallow copy": lambda frame: frame.copy(deep=False),
    "copy.copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda frame: pickle.loads(pickle.dumps(frame)),
    "concat": lambda frame: pd.concat([frame, frame]),
    "concat, counted anew": lambda frame: pd.concat([frame, frame.head(1)], ignore_index=True),
    "merge": lambda frame: frame.merge(pd.DataFrame({"version": [1], "note": ["first"]})),
    "join": lambda frame: frame.join(pd.DataFrame({"note": ["first"]}), how="inner"),
    "sort": lambda frame: frame.sort_values("version", ascending=False),
    "drop": lambda frame: frame.drop(columns="metadata"),
    "assign": lambda frame: frame.assign(
        price=pd.Series([Decimal("1.10"), None, 3, 4.5], dtype=object)
    ),
    "rename": lambda frame: frame.rename(columns={"stream": "dog"}),
    "set_index": lambda frame: frame.set_index("event_id"),
    "reset_index": lambda frame: frame.tail(2).reset_index(),
    "drop_duplicates": lambda frame: frame.drop_duplicates("stream"),
    "dropna": lambda frame: frame.dropna(subset="version"),
    "fillna": lambda frame: frame.fillna({"error": "none"}),
    "astype": lambda frame: frame.astype({"version": "float64"}),
    "convert_dtypes": lambda frame: frame.convert_dtypes(),
    "sample": lambda frame: frame.sample(2, random_state=1),
    "nlargest": lambda frame: frame.nlargest(2, "version"),
    "reindex": lambda frame: frame.reindex([3, 99]),
    "isna": lambda frame: frame.isna(),
    "group": lambda frame: next(iter(frame.groupby("type")))[1],
    "group heads": lambda frame: frame.groupby("stream").head(1),
    "pipe": lambda frame: frame.pipe(lambda piped: piped.head(1)),
    "empty": lambda frame: frame[frame["version"] > 99],
}


@pytest.mark.parametrize("name", SAME_KIND)
def test_what_keeps_event_columns_equals_pandas_result_and_shows_itself(
    name: str, frame: pd.DataFrame, plain: pd.DataFrame
) -> None:
    result = SAME_KIND[name](frame)

    assert is_shown(result)
    assert_frame_equal(pd.DataFrame(result), SAME_KIND[name](plain))


OTHER: dict[str, Callable[[pd.DataFrame], Any]] = {
    "describe": lambda frame: frame.describe(),
    "transpose": lambda frame: frame.T,
    "pivot": lambda frame: frame.pivot(index="stream", columns="version", values="type"),
    "pivot_table": lambda frame: frame.pivot_table(
        index="stream", columns="type", values="position"
    ),
    "crosstab": lambda frame: pd.crosstab(frame["stream"], frame["type"]),
    "several levels of rows": lambda frame: frame.set_index(["stream", "version"]),
    "columns twice": lambda frame: pd.concat([frame, frame], axis=1),
    "aggregates": lambda frame: frame.groupby("type").agg(n=("version", "count")),
    "other names": lambda frame: frame.rename(columns=str.upper),
    "no columns": lambda frame: frame[[]],
    "value_counts": lambda frame: frame.value_counts(["type"]),
    "size": lambda frame: frame.groupby("type").size(),
    "dtypes": lambda frame: frame.dtypes,
    "a column": lambda frame: frame["data"],
    "a row": lambda frame: frame.iloc[0],
    "a column as a frame": lambda frame: frame["type"].to_frame(),
    "stack": lambda frame: frame[["version", "position"]].stack(),
    "count": lambda frame: frame.count(),
    "apply": lambda frame: frame.apply(lambda row: row["version"], axis=1),
    "melt": lambda frame: frame.melt(id_vars="position", value_vars=["type"]).rename(columns=str),
}


@pytest.mark.parametrize("name", OTHER)
def test_whatever_else_comes_of_it_equals_pandas_result(
    name: str, frame: pd.DataFrame, plain: pd.DataFrame
) -> None:
    result, expected = OTHER[name](frame), OTHER[name](plain)

    if isinstance(expected, pd.DataFrame):
        assert_frame_equal(pd.DataFrame(result), expected)
        assert result.to_html() == expected.to_html()
    else:
        assert type(result) is pd.Series
        assert_series_equal(result, expected)
    if name != "melt":
        assert repr(result) == repr(expected)


def test_a_column_is_a_plain_series_and_makes_plain_frames(frame: pd.DataFrame) -> None:
    assert type(frame["type"]) is pd.Series
    assert type(frame["type"].to_frame()) is pd.DataFrame
    assert type(pd.concat([frame["type"], frame["version"]], axis=1)) is pd.DataFrame


def test_frames_are_compared_in_either_order(frame: pd.DataFrame, plain: pd.DataFrame) -> None:
    assert_frame_equal(frame, plain)
    assert_frame_equal(plain, frame)
    assert_frame_equal(frame, frame.copy())
    assert frame.equals(plain)
    assert plain.equals(frame)
    with pytest.raises(AssertionError):
        assert_frame_equal(plain, frame.head(1))


EXPORTS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "to_html": lambda frame: frame.to_html(),
    "to_string": lambda frame: frame.to_string(),
    "to_csv": lambda frame: frame.to_csv(),
    "to_json": lambda frame: frame.to_json(date_format="iso", date_unit="us"),
    "to_dict": lambda frame: frame.to_dict("records"),
    "to_latex": lambda frame: frame[["version", "type"]].to_string(index=False),
    "to_numpy": lambda frame: frame[["version", "position"]].to_numpy().tolist(),
    "itertuples": lambda frame: [tuple(row) for row in frame.itertuples()],
    "iterrows": lambda frame: [row["type"] for _, row in frame.iterrows()],
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_are_those_of_pandas(name: str, frame: pd.DataFrame, plain: pd.DataFrame) -> None:
    assert repr(EXPORTS[name](frame)) == repr(EXPORTS[name](plain))


def test_it_is_changed_in_place_as_any_frame(frame: pd.DataFrame, plain: pd.DataFrame) -> None:
    for each in (frame, plain):
        each["note"] = "new"
        each.loc[0, "note"] = "first"
        each.pop("metadata")
        each.insert(0, "n", range(len(each)))
        del each["topic"]
        each.columns = pd.Index([str(name).replace("note", "remark") for name in each.columns])

    assert_frame_equal(frame, plain)
    assert is_shown(frame)


def test_a_copy_is_independent_and_attributes_travel(frame: pd.DataFrame) -> None:
    frame.attrs["next"] = 7
    copied = frame.copy()
    copied.loc[0, "type"] = "Other"

    assert frame.loc[0, "type"] == "Dog.Registered"
    assert copied.attrs == frame.head(1).attrs == {"next": 7}
    assert frame["type"].attrs == {"next": 7}


def test_writing_to_a_slice_warns_as_pandas_does(frame: pd.DataFrame, plain: pd.DataFrame) -> None:
    told = []
    for each in (frame, plain):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            part = each[each["version"] == 1]
            part["note"] = "new"
        told.append([warning.category for warning in caught])

    assert told[0] == told[1]


def test_columns_of_any_name_are_attributes_as_before(frame: pd.DataFrame) -> None:
    frame["kind"] = "x"
    frame["_kind"] = "y"

    assert list(frame.kind) == ["x"] * 4
    assert list(frame["_kind"]) == ["y"] * 4
    assert is_shown(frame)


def test_two_kinds_joined_show_as_the_first() -> None:
    first = build(Kind("dog"), {"name": "string"}, {"name": ["Fido"]})
    second = build(Kind("cat"), {"name": "string"}, {"name": ["Tom"]})

    assert repr(pd.concat([first, second], ignore_index=True)).endswith("2 dogs")
    assert repr(pd.concat([pd.DataFrame(second), first])) == repr(
        pd.concat([pd.DataFrame(second), pd.DataFrame(first)])
    )


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_read_where_esnb_was_not_imported(
    protocol: int, frame: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "events.pickle"
    path.write_bytes(pickle.dumps(frame, protocol))
    code = (
        "import pickle, sys; frame = pickle.load(open(sys.argv[1], 'rb')); print(frame); "
        "assert not {'grpc', 'redis', 'ipywidgets'} & set(sys.modules)"
    )

    read = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert read.returncode == 0, read.stderr
    assert read.stdout.rstrip("\n") == repr(frame)
