"""Frames that answer questions about one aggregate, over every kind of application."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import AggregateNotFoundError
from hypothesis import given
from hypothesis import strategies as st

import esnb
from tests.domain.accounts import (
    Account,
    Bank,
    Cattery,
    Renamed,
    Vanished,
    a_cat,
    an_account,
    bank,
    stamp,
)

STORES = ["popo", "sqlite", "esnb"]


@pytest.fixture(params=STORES)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as app:
        yield app


# --- blame ------------------------------------------------------------------------


def test_blame_names_the_event_that_last_set_each_field(app: Bank) -> None:
    account_id = an_account(app)

    frame = esnb.blame(app, account_id)

    assert list(frame.columns) == ["field", "value", "version", "type", "time"]
    assert [str(dtype).partition("[python")[0] for dtype in frame.dtypes] == [
        "string",
        "object",
        "Int64",
        "string",
        "datetime64[us, UTC]",
    ]
    blamed = frame.set_index("field")
    assert blamed["version"].to_dict() == {
        "owner": 1,
        "balance": 2,
        "type": 1,
        "limits": 3,
        "notes": 4,
        "_frozen": 5,
    }
    assert blamed.loc["balance", "value"] == Decimal("12.50")
    assert blamed.loc["limits", "type"] == "Account.LimitChanged"
    history = esnb.history(app, account_id).set_index("version")
    assert blamed["time"]["notes"] == history["time"][4]


def test_blame_of_an_earlier_version(app: Bank) -> None:
    account_id = an_account(app)

    blamed = esnb.blame(app, account_id, version=1).set_index("field")

    assert set(blamed["version"]) == {1}
    assert blamed.loc["balance", "value"] == Decimal("10")


def test_an_event_that_changes_nothing_is_not_to_blame(app: Bank) -> None:
    account = Account("Ann", Decimal("10"))
    account.change_limit("day", 50)
    account.change_limit("day", 50)
    app.save(account)

    assert esnb.blame(app, account.id).set_index("field").loc["limits", "version"] == 2


@pytest.mark.parametrize("version", [0, 6, -1])
def test_blame_of_a_version_that_does_not_exist(app: Bank, version: int) -> None:
    account_id = an_account(app)

    with pytest.raises(AggregateNotFoundError, match=str(account_id)):
        esnb.blame(app, account_id, version=version)


def test_blame_of_functional_aggregates() -> None:
    app = Cattery()

    blamed = esnb.blame(app, a_cat(app)).set_index("field")

    assert blamed.loc["name", "version"] == 2
    assert blamed.loc["name", "value"] == "Mog"


# --- bisect -----------------------------------------------------------------------


def test_bisect_finds_the_first_version_that_holds(app: Bank) -> None:
    account_id = an_account(app)

    assert esnb.bisect(app, account_id, lambda account: account.balance > 10) == 2
    assert esnb.bisect(app, account_id, lambda account: account.notes) == 4
    assert esnb.bisect(app, account_id, lambda account: True) == 1
    assert esnb.bisect(app, account_id, lambda account: account.balance > 99) is None


def test_bisect_is_not_led_astray_by_what_ceases_to_hold(app: Bank) -> None:
    account = Account("Ann", Decimal("1"))
    for amount in ("5", "-5", "1"):
        account.deposit(Decimal(amount))
    app.save(account)

    assert esnb.bisect(app, account.id, lambda account: account.balance >= 6) == 2


def test_a_predicate_cannot_change_what_is_folded(app: Bank) -> None:
    account_id = an_account(app)

    def spoil(account: Account) -> bool:
        account.balance = Decimal("-1")
        account.notes.append({"text": "spoilt"})
        return len(account.notes) > 1

    assert esnb.bisect(app, account_id, spoil) == 4


def test_a_predicate_that_raises_is_told_where(app: Bank) -> None:
    account_id = an_account(app)

    with pytest.raises(ZeroDivisionError) as caught:
        esnb.bisect(app, account_id, lambda account: len(account.notes) and 1 / 0)

    assert any("version 4" in note for note in caught.value.__notes__)


def test_bisect_wants_a_function(app: Bank) -> None:
    with pytest.raises(TypeError, match="pass a function of the aggregate"):
        esnb.bisect(app, an_account(app), "balance > 10")  # type: ignore[arg-type]


def test_bisect_passes_over_versions_without_an_aggregate() -> None:
    app = Cattery()
    cat_id = a_cat(app)
    app.save(Vanished(cat_id, 3, stamp(3)))

    assert esnb.bisect(app, cat_id, lambda cat: cat is None) is None


# --- what_if ----------------------------------------------------------------------


def test_what_if_an_event_had_not_happened(app: Bank) -> None:
    account_id = an_account(app)
    events = len(esnb.events(app))

    frame = esnb.what_if(app, account_id, skip={2})

    assert list(frame.columns) == ["field", "before", "after"]
    assert frame.to_dict("records") == [
        {"field": "balance", "before": Decimal("12.50"), "after": Decimal("10")}
    ]
    assert len(esnb.events(app)) == events
    assert app.repository.get(account_id).balance == Decimal("12.50")


def test_what_if_other_events_had_happened(app: Bank) -> None:
    account_id = an_account(app)
    deposited = Account.Deposited(  # type: ignore[attr-defined]
        originator_id=uuid4(), originator_version=99, timestamp=stamp(1), amount=Decimal("1")
    )

    one = esnb.what_if(app, account_id, insert={4: deposited}).set_index("field")
    several = esnb.what_if(app, account_id, insert={6: [deposited, deposited]})
    command = esnb.what_if(app, account_id, insert={2: lambda account: account.note("first")})

    assert one.loc["balance", "after"] == Decimal("13.50")
    assert several.set_index("field").loc["balance", "after"] == Decimal("14.50")
    assert command.set_index("field").loc["notes", "after"] == [
        {"text": "first"},
        {"text": "called"},
    ]


def test_what_if_nothing_is_different_is_an_empty_frame(app: Bank) -> None:
    frame = esnb.what_if(app, an_account(app))

    assert len(frame) == 0
    assert list(frame.columns) == ["field", "before", "after"]
    assert str(frame["field"].dtype).startswith("string")


def test_a_function_sees_the_changed_history_as_it_is_then(app: Bank) -> None:
    seen: list[Any] = []

    def look(account: Account) -> None:
        seen.append((account.version, account.balance))

    esnb.what_if(app, an_account(app), skip=2, insert={3: look, 6: look})

    assert seen == [(1, Decimal("10")), (4, Decimal("10"))]


def test_what_if_of_functional_aggregates() -> None:
    app = Cattery()
    cat_id = a_cat(app)

    frame = esnb.what_if(app, cat_id, skip={2}, insert={3: Renamed(cat_id, 9, stamp(9), "Ed")})

    assert frame.set_index("field").loc["names", "after"] == ("Tom", "Ed")


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"skip": {9}}, AggregateNotFoundError, "no version 9"),
        ({"insert": {7: None}}, AggregateNotFoundError, "takes 6 for the end"),
        ({"skip": {1, 2, 3, 4, 5}}, ValueError, "leaves no event"),
        ({"insert": {2: 7}}, TypeError, "pass a domain event"),
        ({"skip": "2"}, TypeError, "whole number"),
        ({"insert": [len]}, TypeError, "insert=.*: pass a mapping"),
    ],
    ids=["unknown skip", "beyond the end", "nothing left", "no event", "text", "list"],
)
def test_what_if_cannot_be(
    app: Bank, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        esnb.what_if(app, an_account(app), **arguments)


def test_an_event_that_cannot_do_without_another_says_so(app: Bank) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  the library's own, whichever
        esnb.what_if(app, an_account(app), skip={1})

    assert any("while applying version 1" in note for note in caught.value.__notes__)


def test_a_function_that_fails_is_named_by_its_place(app: Bank) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        esnb.what_if(app, an_account(app), insert={3: lambda account: 1 / 0})

    assert any("insert={3: …}" in note for note in caught.value.__notes__)


def test_a_flow_is_asked_for_by_its_id(app: Bank) -> None:
    an_account(app)

    assert len(esnb.trace(app, "None")) == 0
    with pytest.raises(TypeError, match="correlation_id is None: pass"):
        esnb.trace(app, None)
    with pytest.raises(TypeError, match="correlation_id is None: pass"):
        esnb.flow(app, None)


@given(
    amounts=st.lists(st.integers(-5, 5), min_size=1, max_size=8),
    skipped=st.sets(st.integers(0, 7)),
)
def test_a_changed_history_is_the_fold_of_the_events_that_are_left(
    amounts: list[int], skipped: set[int]
) -> None:
    app = Bank()
    account = Account("Ann", Decimal(0))
    for amount in amounts:
        account.deposit(Decimal(amount))
    app.save(account)
    skip = {place + 2 for place in skipped if place < len(amounts)}

    frame = esnb.what_if(app, account.id, skip=skip)

    left = sum(amount for place, amount in enumerate(amounts) if place + 2 not in skip)
    expected = [] if left == sum(amounts) else [Decimal(left)]
    assert list(frame["after"]) == expected


@pytest.mark.parametrize(
    "ask",
    [
        lambda app, id_: esnb.blame(app, id_),
        lambda app, id_: esnb.bisect(app, id_, bool),
        lambda app, id_: esnb.what_if(app, id_),
    ],
    ids=["blame", "bisect", "what_if"],
)
def test_an_aggregate_that_is_not_there(app: Bank, ask: Any) -> None:
    with pytest.raises(AggregateNotFoundError):
        ask(app, uuid4())
    with pytest.raises(TypeError, match="pass an eventsourcing Application"):
        ask(object(), uuid4())


# --- how far one may ask ------------------------------------------------------------


@pytest.mark.parametrize("far", [2**63 - 1, 2**63, 2**64, 10**30])
def test_no_number_is_too_far_for_a_store(app: Bank, far: int) -> None:
    account_id = an_account(app)

    assert len(esnb.events(app, start=far)) == 0
    assert len(esnb.events(app, start=-far, limit=far)) == 5
    assert len(esnb.stream(app, account_id, start=far)) == 0
    assert len(esnb.stream(app, account_id, start=-far, stop=far, last=far)) == 5
    assert len(esnb.browse(app, far, live=False).events) == 5
    with pytest.raises(AggregateNotFoundError, match=f"no version {far}"):
        esnb.at(app, account_id, version=far)


def test_no_number_is_too_far_for_a_server() -> None:
    with esnb.connect(embedded=True) as stores:
        account_id = an_account(stores.application(Bank))
        client, stream, far = stores.eventstoredb, f"Bank-{account_id}", 10**30

        assert len(esnb.events(client, start=far)) == 0
        assert len(esnb.events(client, start=-far)) == 5
        assert len(esnb.stream(client, stream, start=far)) == 0
        assert len(esnb.stream(client, stream, start=-far, stop=far, last=far)) == 5
        assert len(esnb.browse(client, far, live=False).events) == 5
