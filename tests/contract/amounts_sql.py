"""A SQLAlchemy view of amounts and its projection, for the tests of SQL read models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import sqlalchemy
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection
from eventsourcing.utils import get_topic
from eventsourcing_sqlalchemy.recorders import SQLAlchemyTrackingRecorder

from tests.domain.bank import Account


class Amounts(SQLAlchemyTrackingRecorder):  # type: ignore[misc, unused-ignore]
    """The amounts in the order in which they came, in a table of the projection's name."""

    unlucky: BaseException = ValueError("unlucky")
    """What adding 13 raises."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts = sqlalchemy.Table(
            self.tracking_table_name.replace("tracking", "amounts"),
            sqlalchemy.MetaData(),
            sqlalchemy.Column("place", sqlalchemy.Integer, primary_key=True),
            sqlalchemy.Column("amount", sqlalchemy.Integer),
        )
        self.tables.append(self.amounts)

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.transaction(commit=True) as session:
            session.execute(sqlalchemy.insert(self.amounts).values(amount=amount))
            if amount == 13:
                raise self.unlucky
            self._insert_tracking(session, tracking)

    def seen(self) -> list[int]:
        with self.transaction(commit=False) as session:
            rows = session.execute(
                sqlalchemy.select(self.amounts.c.amount).order_by(self.amounts.c.place)
            )
            return [amount for (amount,) in rows]


def own_projection() -> type[AmountsProjection]:
    """A projection with a name, and so with tables, that no other test has."""
    name = f"P{uuid4().hex[:12]}"
    return type(name, (AmountsProjection,), {"name": name.lower()})


class AmountsProjection(Projection[Amounts]):
    topics = (get_topic(Account.Deposited),)  # type: ignore[attr-defined]
    before: Callable[[], None] = staticmethod(lambda: None)

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        type(self).before()
        self.view.add(domain_event.amount, tracking)
