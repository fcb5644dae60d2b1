"""A bank that adds up deposits, and projections of it: for what counts and follows events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import Projection
from eventsourcing.sqlite import SQLiteCursor, SQLiteTrackingRecorder
from eventsourcing.utils import get_topic

from esnb.redis import RedisView
from tests.waiting import DEADLINE


class Account(Aggregate):
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.balance = 0

    @event("Deposited")
    def deposit(self, amount: int) -> None:
        self.balance += amount

    @event("Renamed")
    def rename(self, owner: str) -> None:
        self.owner = owner


class Bank(Application[UUID]):
    """Records deposits; `open()` gives an account that `deposit()` knows."""

    def open(self, owner: str = "Ann") -> UUID:
        account = Account(owner)
        self.save(account)
        return account.id

    def deposit(self, account_id: UUID, *amounts: int) -> int:
        """Records a deposit of each amount; the last one's notification id."""
        account: Account = self.repository.get(account_id)
        for amount in amounts:
            account.deposit(amount)
        return self.save(account)[-1].notification.id

    def rename(self, account_id: UUID, *owners: str) -> int:
        account: Account = self.repository.get(account_id)
        for owner in owners:
            account.rename(owner)
        return self.save(account)[-1].notification.id


class Sums(POPOTrackingRecorder):
    """The amounts in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.amounts: list[int] = []

    def add(self, amount: int, tracking: Tracking) -> None:
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.amounts.append(amount)

    def seen(self) -> list[int]:
        with self._database_lock:
            return list(self.amounts)


class SQLiteSums(SQLiteTrackingRecorder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS amounts (id INTEGER PRIMARY KEY, amount INTEGER)"
        )

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("INSERT INTO amounts (amount) VALUES (?)", (amount,))

    def seen(self) -> list[int]:
        with self.datastore.transaction(commit=False) as cursor:
            return _amounts(cursor)


def _amounts(cursor: SQLiteCursor) -> list[int]:
    cursor.execute("SELECT amount FROM amounts ORDER BY id")
    return [row["amount"] for row in cursor.fetchall()]


class RedisSums(RedisView):
    """The amounts in the order in which they came, and their sum."""

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.rpush(self.key("amounts"), amount)
            commands.hincrby(self.key("totals"), "sum", amount)

    def seen(self) -> list[int]:
        return [int(amount) for amount in self.redis.lrange(self.key("amounts"), 0, -1)]

    def sum(self) -> int:
        return int(self.redis.hget(self.key("totals"), "sum") or 0)


class Deposits(Projection[Any]):
    """Adds up deposits; everything else it passes over."""

    name = "deposits"
    topics = (get_topic(Account.Deposited),)  # type: ignore[attr-defined]

    before: Callable[[Any], None] = staticmethod(lambda event: None)
    """What a test wants done with an event before it is added."""

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raise AssertionError(f"not asked for: {domain_event}")

    @process_event.register
    def deposited(self, domain_event: Account.Deposited, tracking: Tracking) -> None:  # type: ignore[name-defined]
        type(self).before(domain_event)
        self.view.add(domain_event.amount, tracking)


class Gate:
    """Holds a handler until the test lets it go on."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, domain_event: Any) -> None:
        self.entered.set()
        assert self.opened.wait(DEADLINE)
