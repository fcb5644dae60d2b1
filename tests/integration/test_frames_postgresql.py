"""Frames over an application whose events are in PostgreSQL, by the library's own module."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection

import esnb
from esnb.projections import CatchUpRunner
from tests.domain.accounts import Account, Bank
from tests.postgresql_server import PostgreSQLServer

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQLServer]:
    with PostgreSQLServer() as server:
        yield server


@pytest.fixture
def bank(postgresql: PostgreSQLServer) -> Iterator[Bank]:
    # A name of its own is a table of its own.
    env = {**postgresql.env, "REDIS_URL": ""}
    with type(f"Bank{uuid4().hex[:8]}", (Bank,), {})(env=env) as app:
        yield app


def an_account(bank: Bank) -> Account:
    account = Account("Ada", Decimal("10.50"))
    account.deposit(Decimal("2"))
    account.change_limit("day", 50)
    account.note("vip")
    bank.save(account)
    return account


def test_the_sequence_and_its_filters(bank: Bank) -> None:
    first, second = an_account(bank), an_account(bank)

    events = esnb.events(bank)
    flat = esnb.events(bank, types="Deposited", flatten=True)

    assert list(events["stream"]) == [str(first.id)] * 4 + [str(second.id)] * 4
    assert list(events["version"]) == [1, 2, 3, 4] * 2
    assert list(events["position"]) == list(range(1, 9))
    assert [str(events.dtypes[name]) for name in ("version", "time")] == [
        "Int64",
        "datetime64[us, UTC]",
    ]
    assert list(esnb.events(bank, start=3, limit=2)["position"]) == [3, 4]
    assert list(flat["amount"]) == [Decimal("2")] * 2
    assert list(esnb.streams(bank)["events"]) == [4, 4]


def test_an_empty_store_has_the_same_columns(bank: Bank) -> None:
    empty = esnb.events(bank)
    an_account(bank)
    assert len(empty) == 0
    assert list(empty.columns) == list(esnb.events(bank).columns)
    assert list(empty.dtypes) == list(esnb.events(bank).dtypes)


def test_a_stream_in_parts(bank: Bank) -> None:
    account = an_account(bank)
    assert list(esnb.stream(bank, account.id, start=2, stop=4)["version"]) == [2, 3]
    assert list(esnb.stream(bank, str(account.id), last=1)["type"]) == ["Account.Noted"]


def test_history_and_the_aggregate_at_a_version(bank: Bank) -> None:
    account = an_account(bank)

    history = esnb.history(bank, account.id)
    earlier = esnb.at(bank, account.id, version=2)

    assert list(history["balance"]) == [Decimal("10.50"), *[Decimal("12.50")] * 3]
    assert history["changed"][1] == "balance: 10.50 → 12.50"
    assert (earlier.version, earlier.balance, earlier.notes) == (2, Decimal("12.50"), [])
    difference = esnb.diff(bank, account.id, before=1, after=3)
    assert set(difference["field"]) == {"balance", "limits"}
    with pytest.raises(Exception, match="version"):
        esnb.at(bank, account.id, version=9)


def test_snapshots_equal_a_replay(bank: Bank) -> None:
    account = an_account(bank)
    bank.take_snapshot(account.id, version=2)
    bank.take_snapshot(account.id)

    snapshots = esnb.snapshots(bank, account.id)

    assert list(snapshots["version"]) == [2, 4]
    assert list(esnb.verify_snapshot(bank, account.id)["status"]) == ["ok", "ok"]
    assert esnb.at(bank, account.id, version=3).limits["day"] == 50


class Balances(esnb.redis.RedisView):
    def add(self, amount: Decimal, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.incrby(self.key("cents"), int(amount * 100))

    def cents(self) -> int:
        return int(self.redis.get(self.key("cents")) or 0)


class BalancesProjection(Projection[Balances]):
    @singledispatchmethod
    def process_event(self, domain_event: object, tracking: Tracking) -> None:
        """Other events move the checkpoint only."""

    @process_event.register
    def _(self, domain_event: Account.Deposited, tracking: Tracking) -> None:  # type: ignore[name-defined]
        self.view.add(domain_event.amount, tracking)


def test_a_read_model_in_redis_follows_events_in_postgresql(bank: Bank) -> None:
    """PostgreSQL tells subscribers of new events itself: the runner does not poll."""
    with esnb.connect(embedded=True) as stores:
        stores.reset()
        runner = CatchUpRunner(bank, BalancesProjection, Balances, stores.env)
        with runner:
            for _ in range(3):
                an_account(bank)
                runner.wait(timeout=60)
                assert esnb.runners(runner)["lag"][0] == 0
            assert runner.view.cents() == 600
            assert list(esnb.checkpoints(runner)["position"]) == [12]
