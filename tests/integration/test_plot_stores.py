"""Pictures over an EventStoreDB: of an application's events, and of everybody's."""

from __future__ import annotations

import pytest

import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.outbox import Outbox
from tests.domain.bank import Bank
from tests.unit.test_plot import checked


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


def place_order(stores: esnb.Stores) -> None:
    """Events of another system, one of which nobody can read."""
    stores.eventstoredb.append_to_stream(
        "order-1",
        current_version=StreamState.NO_STREAM,
        events=[
            NewEvent(type="OrderPlaced.v2", data=b"{}"),
            NewEvent(type="issues.opened", data=b"\xff\x00"),
        ],
    )


def test_a_client_and_its_stores_have_everybodys_events(stores: esnb.Stores) -> None:
    bank = stores.application(Bank)
    bank.deposit(bank.open(), 5, 7)
    place_order(stores)

    own = esnb.plot.types(bank)
    everybodys = [esnb.plot.types(source) for source in (stores, stores.eventstoredb)]

    assert "3 events of 2 types" in str(own)
    assert all("5 events of 4 types" in str(each) for each in everybodys)
    assert "OrderPlaced.v2" in checked(everybodys[0])
    categories = str(esnb.plot.events(stores, by="category"))
    assert [row.split()[0] for row in categories.splitlines()[1:]] == ["Bank", "order"]


def test_a_tombstone_is_not_an_event(stores: esnb.Stores) -> None:
    place_order(stores)
    stores.eventstoredb.tombstone_stream("order-1", current_version=StreamState.ANY)
    assert "2 events of 2 types" in str(esnb.plot.events(stores))


def test_a_field_of_stored_events_is_drawn(stores: esnb.Stores) -> None:
    bank = stores.application(Bank)
    account = bank.open()
    bank.deposit(account, 5, 7)
    assert "5 → 12  Deposited" in str(esnb.plot.field(bank, account, "balance"))


def test_the_lag_of_an_outbox_is_counted_afterwards(stores: esnb.Stores) -> None:
    bank = stores.application(Bank)
    bank.deposit(bank.open(), *range(1, 20))
    with Outbox(stores, Bank, name="letters") as outbox:
        outbox.wait(timeout=60)
        picture = esnb.plot.lag(outbox)
    checked(picture)
    assert "letters  running, lag 0 events, at most 20 since its start" in str(picture)
