"""The snapshot store over recorders in memory: nothing of a snapshot's reaches the caller."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any, ClassVar, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, DomainEvent, Snapshot, event
from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    JSONTranscoder,
    Mapper,
    OperationalError,
    StoredEvent,
    Transcoding,
    UUIDAsHex,
)
from eventsourcing.popo import POPOAggregateRecorder

from esnb.snapshotting.fold_code import fold_fingerprint
from esnb.snapshotting.store import SnapshotStore, SnapshotWarning
from esnb.snapshotting.stored import StoredSnapshot


class Till(Aggregate):
    @event("Opened")
    def __init__(self) -> None:
        self.sum = 0

    @event("Paid")
    def pay(self, amount: int) -> None:
        self.sum += amount


@dataclass(frozen=True)
class FunctionalSnapshot(DomainEvent):
    """As the library's examples of functional aggregates have it: no topic, no mutate()."""

    originator_id: UUID
    originator_version: int
    timestamp: datetime
    state: Mapping[str, Any]


class BrokenRecorder(POPOAggregateRecorder):
    def insert_events(self, stored_events: Any, **kwargs: Any) -> None:
        raise OperationalError("the store is down")

    def select_events(self, *args: Any, **kwargs: Any) -> Any:
        raise OperationalError("the store is down")


def store_over(recorder: POPOAggregateRecorder) -> SnapshotStore:
    transcoder = JSONTranscoder()
    transcoder.register(UUIDAsHex())
    transcoder.register(DatetimeAsISO())
    return SnapshotStore(mapper=Mapper(transcoder), recorder=recorder)


@pytest.fixture
def store() -> SnapshotStore:
    return store_over(POPOAggregateRecorder())


@pytest.fixture
def till(store: SnapshotStore) -> Till:
    """A till with snapshots at the versions 1 to 5."""
    till = Till()
    store.put([Snapshot.take(till)])
    for amount in range(4):
        till.pay(amount)
        store.put([Snapshot.take(till)])
    return till


def versions(store: SnapshotStore, originator_id: UUID, **selection: Any) -> list[int]:
    return [each.originator_version for each in store.get(originator_id, **selection)]


def spoil(store: SnapshotStore, originator_id: UUID, *spoilt: int, **fields: Any) -> None:
    stored: list[Any] = list(store.recorder.select_events(originator_id))
    recorder = POPOAggregateRecorder()
    for each in stored:
        changes = fields if each.originator_version in spoilt else {}
        recorder.insert_events([StoredSnapshot(**{**vars(each), **changes})])
    store.recorder = recorder


def test_selection_as_in_any_event_store(store: SnapshotStore, till: Till) -> None:
    assert versions(store, till.id) == [1, 2, 3, 4, 5]
    assert versions(store, till.id, desc=True, limit=1) == [5]
    assert versions(store, till.id, desc=True, limit=1, lte=3) == [3]
    assert versions(store, till.id, gt=1, lte=4, desc=True, limit=2) == [4, 3]
    assert versions(store, till.id, gt=2, limit=2) == [3, 4]
    assert versions(store, uuid4(), desc=True, limit=1) == []


def test_the_next_older_that_holds_is_given(store: SnapshotStore, till: Till) -> None:
    spoil(store, till.id, 5, 4, state=b"damaged")
    assert versions(store, till.id, desc=True, limit=1) == [3]
    assert versions(store, till.id, desc=True, limit=2) == [3, 2]
    assert versions(store, till.id, desc=True, limit=1, gt=3) == []
    assert versions(store, till.id) == [1, 2, 3]


def test_none_when_none_holds(store: SnapshotStore, till: Till) -> None:
    spoil(store, till.id, 1, 2, 3, 4, 5, fingerprint="of other code")
    assert versions(store, till.id, desc=True, limit=1) == []


def test_one_whose_class_raises_when_it_is_applied(
    store: SnapshotStore, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Snapshot, _: None) -> None:
        raise KeyError("a field that is gone")

    monkeypatch.setattr(Snapshot, "mutate", refuse)
    assert versions(store, till.id, desc=True, limit=1) == []


def test_a_plain_stored_event_has_no_fingerprint_to_trust(store: SnapshotStore, till: Till) -> None:
    (newest, *_) = store.recorder.select_events(till.id, desc=True)
    recorder = POPOAggregateRecorder()
    recorder.insert_events([StoredEvent(till.id, 5, newest.topic, newest.state)])
    store.recorder = recorder
    assert versions(store, till.id) == []


def test_snapshots_without_a_topic_go_by_the_module_of_their_class(
    store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = FunctionalSnapshot(uuid4(), 3, datetime(2026, 1, 1), {"sum": 1})
    store.put([snapshot])
    assert list(store.get(snapshot.originator_id, desc=True, limit=1)) == [snapshot]
    before = fold_fingerprint(snapshot)
    monkeypatch.setitem(globals(), "versions", lambda *_: None)
    assert fold_fingerprint(snapshot) != before


def test_a_projector_counts_wherever_it_is_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The snapshot's class and the fold may live in modules that do not know each other."""

    def projector_of(code: str) -> Any:
        names: dict[str, Any] = {"__name__": "elsewhere"}
        exec(code, names)
        return names["project"]

    class Tills(Application[UUID]):
        snapshotting_projectors: ClassVar[dict[Any, Any]] = {}

    snapshot = FunctionalSnapshot(uuid4(), 3, datetime(2026, 1, 1), {"sum": 1})
    folds = [
        "def project(state, events):\n    return 1",
        "def project(state, events):\n    return 2",
        # As projectors are made from mutators: by a function that returns one.
        "def make(mutate):\n    return lambda state, events: mutate(state)\n"
        "project = make(lambda state: 1)",
        "def make(mutate):\n    return lambda state, events: mutate(state)\n"
        "project = make(lambda state: 2)",
    ]
    found = set()
    for code in folds:
        monkeypatch.setattr(Tills, "snapshotting_projectors", {dict: projector_of(code)})
        found.add(fold_fingerprint(snapshot, "Tills"))
        assert fold_fingerprint(snapshot, "Tills") in found
    assert len(found) == len(folds)


def test_a_store_that_is_down(caplog: pytest.LogCaptureFixture) -> None:
    store = store_over(BrokenRecorder())
    till = Till()
    with pytest.warns(SnapshotWarning, match="OperationalError: the store is down"):
        assert store.put([Snapshot.take(till)]) == []
    with caplog.at_level(logging.WARNING):
        assert list(store.get(till.id, desc=True, limit=1)) == []
    assert "the store is down" in caplog.text


# --- what does not come back equal --------------------------------------------------------


class Size(Enum):
    SMALL = 1


class Kind(StrEnum):
    TEA = "tea"


class Weight(IntEnum):
    LIGHT = 1


class Pair(NamedTuple):
    left: int
    right: int


class Name(str):
    pass


@dataclass
class Money:
    amount: Any


class MoneyAsAmount(Transcoding):
    """As many write one: it does not tell what is in it."""

    type = Money
    name = "money"

    def encode(self, obj: Money) -> Any:
        return obj.amount

    def decode(self, data: Any) -> Money:
        return Money(data)


class Liar:
    """Equal to everything, and back as something else."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class Rude(Liar):
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]


class Forgetful(Transcoding):
    def __init__(self, type: type[Any]) -> None:
        self.type, self.name = type, type.__name__

    def encode(self, obj: Any) -> Any:
        return 0

    def decode(self, data: Any) -> Any:
        return self.type(data)


def shared() -> dict[str, Any]:
    tags: list[str] = []
    return {"now": tags, "before": [tags]}


def endless() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


def noon(zone: Any, **fields: int) -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=zone, **fields)


LOSSY = {
    "int keys": {7: 3},
    "int keys beside their text": {7: 3, "7": 4},
    "None for a key": {None: 1},
    "bool keys": {True: 1},
    "float keys": {1.5: 1},
    "enum keys": {Kind.TEA: 1},
    "keys of a str's subclass": {Name("a"): 1},
    "tuple": (1, 2),
    "tuple deep down": {"lines": [{"size": (1, 2)}]},
    "named tuple": Pair(1, 2),
    "list of tuples": [(1, 2)],
    "defaultdict": defaultdict(int, a=1),
    "empty defaultdict": defaultdict(list),
    "Counter": Counter("tea"),
    "OrderedDict": OrderedDict(a=1),
    "member of a str's enum": Kind.TEA,
    "member of an int's enum": Weight.LIGHT,
    "str's subclass": Name("Rex"),
    "time zone": noon(ZoneInfo("Europe/Berlin")),
    "name of an offset": noon(timezone(timedelta(hours=1), "CET")),
    "fold": noon(UTC, fold=1),
    "tuple in a transcoded object": Money((1, 2)),
    "liar": Liar(5),
    "rude": Rude(5),
    "one list in two places": shared(),
    # And what cannot be encoded at all:
    "tuple keys": {(1, 2): 3},
    "set": {1},
    "frozenset": frozenset({1}),
    "deque": deque([1]),
    "bytes": b"a",
    "enum": Size.SMALL,
    "complex": 1j,
    "date": date(2026, 3, 1),
    "endless": endless(),
    "lone surrogate": "\ud800",
    "looks like a transcoding": {"_type_": "no such", "_data_": 1},
    "is read as a transcoding": {"_type_": "decimal_str", "_data_": "1"},
}
LOSSLESS = {
    "JSON": {"a": [1, 1.0, -0.0, True, None, "tea", {"b": [[], {}, ""]}, 2**70, 1e300]},
    "not finite": [float("nan"), float("inf"), -float("inf")],
    "Decimal": [Decimal("1.0"), Decimal("1.00"), Decimal("NaN"), Decimal("-0")],
    "datetime": [noon(UTC), noon(timezone(timedelta(hours=1))), noon(None)],
    "UUID": uuid4(),
    "transcoded": {"a": Money(1), "b": [Money(Decimal("1.10"))]},
    "shared but immutable": [noon(UTC)] * 3,
    "unicode": {"ü\u2028": "\x00😀"},
}


@pytest.fixture
def open_store() -> SnapshotStore:
    store = store_over(POPOAggregateRecorder())
    for transcoding in (DecimalAsStr(), MoneyAsAmount(), Forgetful(Liar), Forgetful(Rude)):
        store.mapper.transcoder.register(transcoding)  # type: ignore[attr-defined]
    return store


def till_with(value: Any) -> Till:
    till = Till()
    till.extra = value  # type: ignore[attr-defined]
    return till


@pytest.mark.parametrize("value", LOSSY.values(), ids=LOSSY.keys())
def test_a_state_that_would_not_come_back_equal_is_not_stored(
    open_store: SnapshotStore, value: Any
) -> None:
    till = till_with(value)
    with pytest.warns(SnapshotWarning, match="a snapshot was not stored: ") as caught:
        open_store.put([Snapshot.take(till)])
    assert len(caught) == 1
    assert versions(open_store, till.id) == []


@pytest.mark.parametrize("value", LOSSLESS.values(), ids=LOSSLESS.keys())
def test_a_state_that_comes_back_equal_is_stored(
    open_store: SnapshotStore, value: Any, recwarn: pytest.WarningsRecorder
) -> None:
    till = till_with(value)
    open_store.put([Snapshot.take(till)])
    (snapshot,) = open_store.get(till.id)
    assert repr(snapshot.mutate(None).extra) == repr(value)
    assert not recwarn.list


def test_the_warning_names_the_place_and_the_way_out(open_store: SnapshotStore) -> None:
    till = till_with({"secret": (1, 2)})
    with pytest.warns(SnapshotWarning) as caught:
        open_store.put([Snapshot.take(till)])
    assert str(caught[0].message) == (
        f"a snapshot was not stored: the state of aggregate '{till.id}' at version 1 would not "
        "come back equal: state['extra']['secret']: a tuple comes back as a list. Keep it in "
        "types that the application's transcoder restores, or convert it in a Snapshot class "
        "of the aggregate's own, by take() and mutate()"
    )


def test_of_several_the_others_are_stored(open_store: SnapshotStore) -> None:
    good, bad = till_with(1), till_with((1,))
    with pytest.warns(SnapshotWarning):
        open_store.put([Snapshot.take(bad), Snapshot.take(good)])
    assert (versions(open_store, good.id), versions(open_store, bad.id)) == ([1], [])


@dataclass(frozen=True)
class TupleSnapshot(Snapshot):
    """Makes up for what JSON does to a tuple."""

    def mutate(self, _: None) -> Any:
        till: Any = super().mutate(None)
        till.extra = tuple(till.extra)
        return till


def test_a_snapshot_class_of_ones_own_may_make_up_for_it(
    open_store: SnapshotStore, recwarn: pytest.WarningsRecorder
) -> None:
    till = till_with((1, 2))
    open_store.put([TupleSnapshot.take(till)])
    (snapshot,) = open_store.get(till.id)
    assert snapshot.mutate(None).extra == (1, 2)
    assert not recwarn.list


def test_functional_snapshots_too(open_store: SnapshotStore) -> None:
    snapshot = FunctionalSnapshot(uuid4(), 3, noon(ZoneInfo("Europe/Berlin")), {"sizes": (1, 2)})
    with pytest.warns(SnapshotWarning, match=r"state\['sizes'\]: a tuple comes back as a list"):
        open_store.put([snapshot])
    fine = FunctionalSnapshot(uuid4(), 3, noon(ZoneInfo("Europe/Berlin")), {"sizes": [1, 2]})
    open_store.put([fine])
    assert versions(open_store, fine.originator_id) == [3]
