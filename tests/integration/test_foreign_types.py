"""Types of other systems: shown as they are, whatever dots, commas and colons they contain."""

from __future__ import annotations

from pathlib import Path

import pytest

import esnb
from esnb.clients.installed import NewEvent, StreamState
from tests.domain.bank import Bank

FOREIGN = [
    "OrderPlaced.v2",
    "issues.opened",
    "Acme.Sales.OrderPlaced, Acme.Sales",
    "order:placed",
    "OrderPlaced:v2",
    "urn:acme:OrderPlaced",
    "com.acme.orders/OrderPlaced",
    "OrderPlaced.",
    "Order.Placed",
]


@pytest.fixture
def foreign(stores: esnb.Stores) -> esnb.Stores:
    stores.eventstoredb.append_to_stream(
        "order-1",
        current_version=StreamState.NO_STREAM,
        events=[NewEvent(type=each, data=b'{"n": 1}') for each in FOREIGN],
    )
    return stores


def test_frames_show_foreign_types_whole(foreign: esnb.Stores, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    esnb.export(foreign, file)
    for source in (foreign, foreign.eventstoredb, file):
        assert esnb.events(source)["type"].tolist() == FOREIGN
        assert sorted(esnb.catalog(source)["type"]) == sorted(FOREIGN)
        assert set(esnb.catalog(source)["aggregate"]) == {"order"}
        assert esnb.streams(source)["last_type"].tolist() == [FOREIGN[-1]]


def test_browse_shows_foreign_types_whole(foreign: esnb.Stores) -> None:
    page = str(esnb.browse(foreign, live=False))

    for each in FOREIGN:
        assert f"  {each}  order-1" in page


def test_an_application_s_types_are_short_in_every_source(
    stores: esnb.Stores, tmp_path: Path
) -> None:
    app = stores.application(Bank)
    app.deposit(app.open(), 5)
    file = tmp_path / "log.jsonl"
    esnb.export(app, file)
    for source in (app, stores, file):
        assert esnb.events(source)["type"].tolist() == ["Account.Created", "Account.Deposited"]
        assert "  Deposited  " in str(esnb.browse(source, live=False))


def test_a_topic_that_stands_on_the_wire_is_short(stores: esnb.Stores, tmp_path: Path) -> None:
    app = stores.application(Bank)
    app.deposit(app.open(), 5)
    file = tmp_path / "log.jsonl"
    esnb.export(app, file)
    stores.reset()

    esnb.load(file, stores)

    assert esnb.events(stores)["type"].tolist() == ["Account.Created", "Account.Deposited"]
