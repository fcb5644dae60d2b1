"""Aggregates of which tests are generated: each has what makes that hard."""

from __future__ import annotations

import pickle
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import pandas as pd
from eventsourcing.application import Application
from eventsourcing.domain import (
    Aggregate,
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    MetaDomainEvent,
    event,
)
from eventsourcing.persistence import Transcoder


class Noted:
    """An event of any fields, with names of any text."""

    originator_id: str
    originator_version: int

    def __init__(self, originator_id: str, originator_version: int, **fields: Any) -> None:
        self.__dict__.update(
            originator_id=originator_id, originator_version=originator_version, **fields
        )


class Note:
    """Its state is what its events carry."""


def project_note(note: Note | None, events: Iterable[Noted]) -> Note:
    note = note or Note()
    for each in events:
        known = ("originator_id", "originator_version")
        note.__dict__.update({k: v for k, v in vars(each).items() if k not in known})
    return note


def project_mapping(found: dict[Any, Any] | None, events: Iterable[Noted]) -> dict[Any, Any]:
    """The state is a plain mapping, with keys that are not all text."""
    found = found or {}
    for each in events:
        found |= {"odd key\n": vars(each).get("text"), each.originator_version: True, "n": 1}
    return found


def project_total(total: int | None, events: Iterable[Noted]) -> int:
    """The state is one number."""
    return (total or 0) + sum(1 for _ in events)


class Ledger:
    @classmethod
    def project(cls, ledger: Note | None, events: Iterable[Noted]) -> Note:
        return project_note(ledger, events)


_calls = count()


def project_counted(note: Note | None, events: Iterable[Noted]) -> Note:
    """Depends on how often it was called."""
    note = project_note(note, events)
    note.__dict__["calls"] = next(_calls)
    return note


class Pickled(Transcoder):
    """Lets any value through."""

    def encode(self, obj: Any) -> bytes:
        return pickle.dumps(obj)

    def decode(self, data: bytes) -> Any:
        return pickle.loads(data)


class Notes(Application[str]):
    env: ClassVar[dict[str, str]] = {
        "ORIGINATOR_ID_TYPE": "text",
        "TRANSCODER_TOPIC": f"{__name__}:Pickled",
    }
    snapshotting_projectors: ClassVar[dict[Any, Any]] = {Note: project_note}

    def register_transcodings(self, transcoder: Any) -> None:
        """None: this transcoder takes everything."""


class Perm(Flag):
    READ = 1
    WRITE = 2


class Bits(IntFlag):
    A = 1


class Level(IntEnum):
    LOW = 1
    ALSO_LOW = 1


class Tea(StrEnum):
    GREEN = "green"


Odd = Enum("Odd", {"two words": 1, "class": 2, 'a"""\nimport os': 3, "name_": [1]}, module=__name__)


class Sku(str):
    pass


class Price(Decimal):
    pass


class Day(date):
    pass


class Moment(datetime):
    pass


class Ids(UUID):
    pass


class Tags(list[Any]):
    pass


class Sly(str):
    """Its repr is code."""

    def __repr__(self) -> str:
        return "__import__('os').system('false')"


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str = "EUR"
    cents: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cents", int(self.amount * 100))


@dataclass
class Doubling:
    """Makes something else of what it is given."""

    number: int

    def __post_init__(self) -> None:
        self.number *= 2


class Opaque:
    def __init__(self) -> None:
        self.inner = 1


STATES: dict[str, Any] = {
    "flags": [Perm.READ | Perm.WRITE, Perm(0), Perm.READ, Bits(65), Bits(0), Bits.A],
    "members": [Level.ALSO_LOW, Tea.GREEN, *Odd],
    "keys": {Tea.GREEN: 1, Perm.READ: {Perm.WRITE}},
    "numbers": [float("inf"), -float("inf"), -0.0, 1e300, 10**5000, -(10**5000), 1 + 2j, -7],
    "not a number": float("nan"),
    "no_number": Decimal("NaN"),
    "decimals": [Decimal("-0.10"), Decimal("Infinity"), Price("1.50")],
    "subclasses": [Sku("a'b\"\n"), Day(2026, 3, 1), Ids(int=7), Tags([1, Tags()])],
    "moments": [Moment(2026, 3, 1, 12), timedelta(days=-1, microseconds=3)],
    "sly": Sly("harmless"),
    "containers": [Counter("aab"), OrderedDict(a=1), deque([1], 3), defaultdict(list, a=[1])],
    "bytes": [b'\x00\'"""\\', bytearray(b"\xff")],
    "money": Money(Decimal("1.50")),
    "nested": {"a": [{"b": ({1, 2}, frozenset({"x"}), set())}]},
    "ellipsis": ...,
    "a class": Money,
}
"""Fields that have source."""


@dataclass
class Loud:
    """Cannot be compared or shown."""

    number: int = 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError

    def __hash__(self) -> int:
        return 1


def hard(what: str) -> Any:
    """A value that is hard to write."""
    if what == "unset":
        return object.__new__(Money)
    if what == "hidden":
        return {Loud(), object()}
    if what == "cycle":
        cycle: list[Any] = []
        cycle.append({"a": cycle})
        return cycle
    return {
        "loud": lambda: [Loud()],
        "array": lambda: np.array([[1, 2], [3, 4]]),
        "stamp": lambda: pd.Timestamp("2026-03-01T12:00:00.000001", tz="UTC"),
        "scalar": lambda: [np.float64(1.5), np.int64(3)],
    }[what]()


def project_hard(note: Note | None, events: Iterable[Noted]) -> Note:
    note = project_note(note, events)
    note.__dict__["value"] = hard(note.__dict__["text"])
    return note


class Drive(Aggregate):
    """A class of the library, with fields of every kind."""

    def __init__(self, note: str) -> None:
        self.note = note
        self.number = float("nan")

    @event("Changed")
    def change(self, value: Any) -> None:
        self.value = value


class Bill(Aggregate):
    """An event computes one of its fields."""

    class Added(Aggregate.Event):
        net: int
        gross: int = field(init=False, default=0)

        def __post_init__(self) -> None:
            super().__post_init__()
            object.__setattr__(self, "gross", self.net * 2)

    @event(Added)
    def add(self, net: int) -> None:
        self.net = net


class Text(BaseAggregate[str]):
    """Its id is a text."""

    class Event(CanMutateAggregate[str], metaclass=MetaDomainEvent):
        originator_id: str
        originator_version: int
        timestamp: datetime

    class Created(CanInitAggregate[str], Event):
        originator_topic: str

    @staticmethod
    def create_id(text: str) -> str:
        return text

    class Made(Created):
        text: str

    @event(Made)
    def __init__(self, text: str) -> None:
        self.text = text

    @event("Added")
    def add(self, more: str) -> None:
        self.text += more


class TestDrive(Aggregate):
    """pytest would collect it."""


class Class(Aggregate):
    """In a test it would be a variable `class`."""


class Set(Aggregate):
    """In a test it would hide `set`."""

    def __init__(self) -> None:
        self.empty: set[int] = set()


class Events(Aggregate):
    """In a test it would be the variable of the events."""

    def __init__(self, at: datetime, other: Any = None) -> None:
        self.at = at
        self.other = other


class _3D(Aggregate):
    """Has no name that begins with a letter."""
