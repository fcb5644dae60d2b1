"""The snapshot store over recorders in memory: nothing of a snapshot's reaches the caller."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, DomainEvent, Snapshot, event
from eventsourcing.persistence import (
    DatetimeAsISO,
    JSONTranscoder,
    Mapper,
    OperationalError,
    StoredEvent,
    UUIDAsHex,
)
from eventsourcing.popo import POPOAggregateRecorder

from esnb.fold import fold_fingerprint
from esnb.snapshot import StoredSnapshot
from esnb.snapshot_store import SnapshotStore, SnapshotWarning


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
