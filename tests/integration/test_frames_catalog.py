"""The catalog: of what is recorded, and of what is defined."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eventsourcing.domain import Aggregate, event

import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.examples import product
from tests.domain import accounts
from tests.domain.accounts import Account, Bank, Cattery, a_cat, an_account, bank, record

COLUMNS = [
    *("type", "aggregate", "fields", "events", "streams", "first_time", "last_time", "topic"),
]


@pytest.fixture(params=["popo", "sqlite", "esnb"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    with bank(request.param, tmp_path) as app:
        yield app


def rows(frame: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = frame.set_index("type").to_dict("index")
    return found


def test_what_is_recorded(app: Bank) -> None:
    first = an_account(app)
    account = Account("Bob", Decimal("5"), type="savings")
    account.deposit(Decimal("1"))
    app.save(account)

    frame = esnb.catalog(app)

    assert list(frame.columns) == COLUMNS
    assert frame["type"].tolist() == [
        f"Account.{name}" for name in ("Opened", "Deposited", "LimitChanged", "Noted", "Frozen")
    ]
    assert set(frame["aggregate"]) == {"Account"}
    catalog = rows(frame)
    assert catalog["Account.Opened"]["fields"] == "owner: str; balance: Decimal; type: str"
    assert catalog["Account.Deposited"]["fields"] == "amount: Decimal"
    assert catalog["Account.Frozen"]["fields"] == ""
    assert catalog["Account.Deposited"]["events"] == 2
    assert catalog["Account.Deposited"]["streams"] == 2
    times = esnb.stream(app, first)["time"]
    assert catalog["Account.Opened"]["first_time"] == times[0]
    assert catalog["Account.Opened"]["last_time"] > times[4]
    assert catalog["Account.Opened"]["topic"] == "tests.domain.accounts:Account.Opened"


def test_an_empty_source_has_the_same_columns(app: Bank) -> None:
    frame = esnb.catalog(app)

    assert len(frame) == 0
    assert list(frame.columns) == COLUMNS
    assert str(frame["events"].dtype) == "Int64"
    assert str(frame["first_time"].dtype) == "datetime64[us, UTC]"


def test_unknown_topics_are_listed_and_not_imported() -> None:
    app = Bank()
    record(app, b'{"n":1}', topic="evil.module:Ghost.Seen")
    record(app, b'{"n":"x","m":null}', topic="evil.module:Ghost.Seen")
    record(app, b"\x00damaged", topic="Seen")

    catalog = rows(esnb.catalog(app))

    assert catalog["Ghost.Seen"]["fields"] == "n: int | str; m: None"
    assert catalog["Ghost.Seen"]["aggregate"] == "Ghost"
    assert catalog["Seen"]["events"] == 1
    assert "evil" not in sys.modules


def test_a_server_with_events_of_others() -> None:
    with esnb.connect(embedded=True) as stores:
        stores.reset()
        an_account(stores.application(Bank))
        stores.eventstoredb.append_to_stream(
            "order-1",
            current_version=StreamState.NO_STREAM,
            events=[NewEvent(type="OrderPlaced", data=b'{"total": 3.5}')],
        )

        catalog = rows(esnb.catalog(stores))

    assert catalog["Account.Noted"]["aggregate"] == "Account"
    assert catalog["OrderPlaced"]["aggregate"] == "order"
    assert catalog["OrderPlaced"]["fields"] == "total: float"


def test_functional_aggregates_have_events_of_no_class() -> None:
    app = Cattery()
    a_cat(app)

    catalog = rows(esnb.catalog(app))

    assert catalog["Born"]["fields"] == "name: str"
    assert catalog["Born"]["events"] == 1


def test_what_a_module_defines() -> None:
    frame = esnb.catalog(accounts)

    catalog = rows(frame)
    assert list(frame.columns) == COLUMNS
    assert catalog["Account.Opened"]["fields"] == "owner: str; balance: Decimal; type: str"
    assert catalog["Account.Opened"]["aggregate"] == "Account"
    assert {"Born", "Renamed", "Vanished"} <= set(catalog)
    assert not {"Account.Event", "Account.Created", "CatEvent"} & set(catalog)
    assert frame["events"].isna().all()


def test_what_a_class_of_a_notebook_defines() -> None:
    class Counter(Aggregate):
        def __init__(self) -> None:
            self.total = 0

        @event("Added")
        def add(self, number: int, note: str | None = None) -> None:
            self.total += number

    catalog = esnb.catalog(Counter)

    assert set(catalog["fields"]) == {"", "number: int; note: str | None"}
    assert {type_.rpartition(".")[2] for type_ in catalog["type"]} == {"Created", "Added"}


def test_fields_without_a_declared_type_are_named_alone() -> None:
    class Counter(Aggregate):
        @event("Added")
        def add(self, number, note: str, far=None) -> None:  # type: ignore[no-untyped-def]
            pass

    fields = esnb.catalog(Counter)["fields"]

    assert set(fields) == {"", "number; note: str; far"}


def test_a_package_defines_what_it_exports_of_its_own_modules() -> None:
    catalog = rows(esnb.catalog(product))

    assert catalog["Product.PriceUpdated"]["aggregate"] == "Product"
    assert "Aggregate.Created" not in catalog


def test_an_empty_module() -> None:
    assert len(esnb.catalog(ModuleType("nothing"))) == 0


@pytest.mark.parametrize("given", [Bank, 7, "no file.jsonl\0"], ids=["class", "number", "path"])
def test_what_has_no_catalog(given: Any) -> None:
    with pytest.raises((TypeError, ValueError, OSError)):
        esnb.catalog(given)
