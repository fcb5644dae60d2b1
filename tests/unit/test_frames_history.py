"""history, at and diff: one independent state a version, however it is folded."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import Aggregate, event

import esnb
import esnb.frames
from tests.domain.accounts import Account, Bank


def bank(**env: str) -> Bank:
    return Bank(env=env)


def an_account(app: Bank) -> Account:
    account = Account("Ada", Decimal("10.00"))
    account.deposit(Decimal("2.50"))
    account.change_limit("day", 2**70)
    account.note("hello")
    account.freeze()
    app.save(account)
    return account


@pytest.fixture(params=["popo", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Bank:
    if request.param == "popo":
        return bank()
    return bank(
        PERSISTENCE_MODULE="eventsourcing.sqlite", SQLITE_DBNAME=str(tmp_path / "bank.sqlite")
    )


def test_one_row_a_version_with_the_state_after_it(app: Bank) -> None:
    account = an_account(app)

    frame = esnb.history(app, account.id)

    assert list(frame.columns[:4]) == ["version", "type", "time", "changed"]
    assert isinstance(frame.index, pd.RangeIndex)
    assert frame["version"].dtype == "Int64"
    assert frame["time"].dtype == "datetime64[us, UTC]"
    assert list(frame["version"]) == [1, 2, 3, 4, 5]
    assert list(frame["balance"]) == [Decimal("10.00"), *[Decimal("12.50")] * 4]
    assert frame["changed"][1] == "balance: 10.00 → 12.50"
    assert [limits["day"] for limits in frame["limits"]] == [100, 100, 2**70, 2**70, 2**70]
    # The aggregate has a field `type`, and the event's name is taken.
    assert list(frame["state.type"]) == ["current"] * 5


def test_the_states_are_independent_also_with_the_cache_on() -> None:
    app = bank(AGGREGATE_CACHE_MAXSIZE="10")
    account = an_account(app)
    cached: Any = app.repository.get(account.id)
    before = deepcopy(cached.limits)

    frame = esnb.history(app, account.id)
    frame["limits"][0]["day"] = -1
    esnb.at(app, account.id, version=5).limits["day"] = -2

    assert [limits["day"] for limits in frame["limits"]] == [-1, 100, 2**70, 2**70, 2**70]
    assert app.repository.get(account.id).limits == before


def test_at_a_version_or_a_time(app: Bank) -> None:
    account = an_account(app)
    times = esnb.history(app, account.id)["time"]

    assert esnb.at(app, account.id).version == 5
    assert esnb.at(app, account.id, version=1).balance == Decimal("10.00")
    # Events may share a microsecond: the last of them counts.
    third = int((times <= times[2]).sum())
    assert esnb.at(app, account.id, time=times[2]).version == third >= 3
    assert esnb.at(app, account.id, time=times[4] + pd.Timedelta(days=1)).version == 5


@pytest.mark.parametrize("version", [0, 6, 99, -1])
def test_a_version_that_does_not_exist_is_refused(version: int) -> None:
    app = bank()
    account = an_account(app)

    with pytest.raises((AggregateNotFoundError, ValueError), match=str(version)):
        esnb.at(app, account.id, version=version)


@pytest.mark.parametrize(
    "ask",
    [
        lambda app, unknown: esnb.history(app, unknown),
        lambda app, unknown: esnb.at(app, unknown),
        lambda app, unknown: esnb.diff(app, unknown),
    ],
)
def test_an_unknown_aggregate_is_named(ask: Callable[[Bank, object], object]) -> None:
    unknown = uuid4()

    with pytest.raises(AggregateNotFoundError, match=str(unknown)):
        ask(bank(), unknown)


def test_diff_of_the_last_step_and_of_any_two_versions(app: Bank) -> None:
    account = an_account(app)

    step = esnb.diff(app, account.id, before=1, after=2)
    all_of_them = esnb.diff(app, account.id, before=1, after=4)

    assert list(step.columns) == ["field", "before", "after"]
    assert step.to_dict("records") == [
        {"field": "balance", "before": Decimal("10.00"), "after": Decimal("12.50")}
    ]
    assert set(all_of_them["field"].str.split(r"[.\[]", regex=True).str[0]) == {
        "balance",
        "limits",
        "notes",
    }
    assert len(esnb.diff(app, account.id, before=2, after=2)) == 0
    assert list(esnb.diff(app, account.id, before=2, after=2).columns) == list(step.columns)


def test_snapshots_are_listed_and_verified(app: Bank) -> None:
    account = an_account(app)
    app.take_snapshot(account.id, version=2)
    app.take_snapshot(account.id)

    listed = esnb.snapshots(app, account.id)
    verified = esnb.verify_snapshot(app, account.id)

    assert list(listed.columns[:5]) == ["stream", "version", "time", "store", "expires"]
    assert sorted(listed["version"]) == [2, 5]
    assert set(listed["stream"]) == {str(account.id)}
    assert set(verified["status"]) == {"ok"}


def test_a_snapshot_that_says_something_else_is_told(app: Bank) -> None:
    account = an_account(app)
    app.take_snapshot(account.id)
    assert app.snapshots is not None
    (taken,) = app.snapshots.get(account.id)
    assert isinstance(taken, Aggregate.Snapshot)
    taken.state["balance"] = Decimal("1000000")
    # Versions of a snapshot are unique in the library's stores: say it of another.
    object.__setattr__(taken, "originator_version", 4)
    app.snapshots.put([taken])

    status = esnb.verify_snapshot(app, account.id).set_index("version")["status"]

    assert status[5] == "ok"
    assert status[4] != "ok"


class Measured(Aggregate):
    @event("Opened")
    def __init__(self, value: Any) -> None:
        self.value = value
        self.name = "a"

    @event("Changed")
    def change(self, value: Any) -> None:
        self.value = value


def measured(app: Bank, *values: Any) -> Measured:
    found = Measured(values[0])
    for value in values[1:]:
        found.change(value)
    app.save(found)
    return found


@pytest.mark.parametrize(
    ("values", "floats"),
    [
        ([Decimal("49.90"), Decimal("44.90")], [49.9, 44.9]),
        ([Decimal("1.1"), None, 2, 2.5], [1.1, None, 2.0, 2.5]),
        ([Decimal("NaN"), Decimal("sNaN"), float("nan"), 1], [None, None, None, 1.0]),
        ([Decimal("1e999"), Decimal("-1e999"), 10**400, -(10**400)], [np.inf, -np.inf] * 2),
        ([1, 2, 3], [1.0, 2.0, 3.0]),
    ],
)
def test_numbers_become_floats_when_they_are_to_be_plotted(
    app: Bank, values: list[Any], floats: list[Any]
) -> None:
    found = measured(app, *values)
    frame = esnb.history(app, found.id, numbers="float")
    assert frame["value"].dtype == "float64"
    assert [None if np.isnan(each) else each for each in frame["value"]] == floats
    assert list(frame["changed"]) == list(esnb.history(app, found.id)["changed"])


@pytest.mark.parametrize("values", [[Decimal(1), "1"], [True, False], ["a"], [None], [[1]]])
def test_what_is_not_only_numbers_stays_as_it_is(app: Bank, values: list[Any]) -> None:
    found = measured(app, *values)
    floats, exact = (esnb.history(app, found.id, numbers=each) for each in ("float", "exact"))
    pd.testing.assert_frame_equal(floats, exact)


def test_any_other_kind_of_numbers_is_refused(app: Bank) -> None:
    found = measured(app, 1)
    with pytest.raises(ValueError, match="numbers='decimal': pass 'exact' or 'float'"):
        esnb.history(app, found.id, numbers="decimal")  # type: ignore[arg-type]


@pytest.mark.extras
def test_pandas_plots_decimal_prices_in_its_own_way(app: Bank) -> None:
    import matplotlib

    matplotlib.use("svg")
    found = measured(app, Decimal("49.90"), Decimal("44.90"), Decimal("47.50"))
    frame = esnb.history(app, found.id, numbers="float")
    axes = frame.plot(x="time", y="value", drawstyle="steps-post")
    assert np.asarray(axes.lines[0].get_ydata()).tolist() == [49.9, 44.9, 47.5]
    assert frame.plot.scatter(x="version", y="value").collections
