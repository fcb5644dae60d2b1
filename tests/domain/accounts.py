"""Accounts and cats with states worth showing: for frames and widgets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

import esnb


class Account(Aggregate):
    """A mutable aggregate with nested, private and named-like-the-envelope state."""

    @event("Opened")
    def __init__(self, owner: str, balance: Decimal, type: str = "current") -> None:
        self.owner = owner
        self.balance = balance
        self.type = type
        self.limits: dict[str, int] = {"day": 100, "month": 1000}
        self.notes: list[dict[str, str]] = []
        self._frozen = False

    @event("Deposited")
    def deposit(self, amount: Decimal) -> None:
        self.balance += amount

    @event("LimitChanged")
    def change_limit(self, period: str, limit: int) -> None:
        self.limits[period] = limit

    @event("Noted")
    def note(self, text: str) -> None:
        self.notes.append({"text": text})

    @event("Frozen")
    def freeze(self) -> None:
        self._frozen = True


class Bank(Application[UUID]):
    is_snapshotting_enabled = True


@dataclass(frozen=True)
class CatEvent:
    """An event of a functional aggregate: no mutate()."""

    originator_id: UUID
    originator_version: int
    timestamp: datetime


@dataclass(frozen=True)
class Born(CatEvent):
    name: str


@dataclass(frozen=True)
class Renamed(CatEvent):
    name: str


@dataclass(frozen=True)
class Vanished(CatEvent):
    pass


@dataclass(frozen=True)
class Cat:
    """An immutable aggregate."""

    id: UUID
    version: int
    name: str
    names: tuple[str, ...]


def project_cat(cat: Cat | None, events: Iterable[CatEvent]) -> Cat | None:
    for each in events:
        match each:
            case Born():
                cat = Cat(each.originator_id, each.originator_version, each.name, (each.name,))
            case Renamed():
                assert cat is not None
                cat = replace(
                    cat,
                    version=each.originator_version,
                    name=each.name,
                    names=(*cat.names, each.name),
                )
            case Vanished():
                cat = None
            case _:
                raise TypeError(f"no cat's event: {each!r}")
    return cat


class Cattery(Application[UUID]):
    snapshotting_projectors: ClassVar[dict[Any, Any]] = {Cat: project_cat}


def stamp(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC)


def a_cat(app: Application[UUID]) -> UUID:
    """Born at 1 as Tom, renamed Mog at 2."""
    cat_id = uuid4()
    app.save(Born(cat_id, 1, stamp(1), "Tom"), Renamed(cat_id, 2, stamp(2), "Mog"))
    return cat_id


def an_account(app: Application[UUID]) -> UUID:
    """Five versions: opened with 10, 2.50 deposited, day limit 50, noted, frozen."""
    account = Account("Ann", Decimal("10"))
    account.deposit(Decimal("2.50"))
    account.change_limit("day", 50)
    account.note("called")
    account.freeze()
    app.save(account)
    return account.id


@contextmanager
def bank(persistence: str, folder: Path, **env: str) -> Iterator[Bank]:
    """A bank on the library's `popo` or `sqlite` module, or on embedded stores: `esnb`."""
    if persistence == "esnb":
        with esnb.connect(embedded=True) as stores:
            yield stores.application(Bank, env=env)
        return
    settings = {"PERSISTENCE_MODULE": f"eventsourcing.{persistence}", **env}
    if persistence == "sqlite":
        settings["SQLITE_DBNAME"] = str(folder / "bank.sqlite")
    app = Bank(env=settings)
    try:
        yield app
    finally:
        app.close()


def record(
    app: Application[Any],
    state: bytes,
    *,
    topic: str = "unknown.module:Ghost.Seen",
    originator_id: UUID | str | None = None,
    version: int = 1,
) -> UUID | str:
    """Puts an event that nobody's mapper wrote into the application's store."""
    identity = uuid4() if originator_id is None else originator_id
    app.recorder.insert_events([StoredEvent(identity, version, topic, state)])
    return identity
