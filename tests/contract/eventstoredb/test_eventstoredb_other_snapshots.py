"""A snapshot store of one's own: one entry in the table that `SNAPSHOT_STORE` chooses from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.popo import POPOAggregateRecorder

import esnb
from esnb.eventstoredb.snapshot_stores import SNAPSHOT_STORES, SnapshotPlace
from esnb.setting import SettingError
from esnb.snapshotting.cached import CachedSnapshotRecorder
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot


class Drawer(POPOAggregateRecorder, SnapshotRecorder):
    """Snapshots in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[UUID | str, None] = {}
        self.asked = 0

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        self.ids |= dict.fromkeys(each.originator_id for each in stored_events)
        super().insert_events(stored_events, **kwargs)

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        self.asked += 1
        return super().select_events(*args, **kwargs)

    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        for each in self.ids if originator_id is None else [originator_id]:
            yield from cast(Sequence[StoredSnapshot], self.select_events(each))


class Counter(Aggregate):
    def __init__(self) -> None:
        self.count = 0

    @event("Counted")
    def add(self) -> None:
        self.count += 1


class Counters(Application[UUID]):
    snapshotting_intervals: ClassVar[dict[Any, int]] = {Counter: 3}


@pytest.fixture
def drawer(monkeypatch: pytest.MonkeyPatch) -> Drawer:
    drawer = Drawer()
    monkeypatch.setitem(SNAPSHOT_STORES, "drawer", SnapshotPlace(lambda _: drawer))
    return drawer


def counted(app: Counters) -> Counter:
    counter = Counter()
    for _ in range(6):
        counter.add()
    app.save(counter)
    return counter


def test_another_store_is_one_entry(env: dict[str, str], name: str, drawer: Drawer) -> None:
    env |= {"EVENTSTOREDB_STREAM_PREFIX": name, "SNAPSHOT_STORE": "Drawer"}
    with Counters(env) as app:
        counter = counted(app)
        [_, kept] = drawer.list_snapshots(counter.id)
        assert None not in (kept.fingerprint, kept.event_id)
        asked = drawer.asked
        assert app.repository.get(counter.id) == counter
        assert drawer.asked > asked
        assert list(esnb.snapshots(app)["version"]) == [3, 6]
        assert list(esnb.verify_snapshot(app, counter.id)["status"]) == ["ok", "ok"]


def test_it_may_stand_in_front_of_another(
    env: dict[str, str], name: str, drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = SnapshotPlace(
        lambda made: CachedSnapshotRecorder(made.eventstoredb_snapshots(), drawer)
    )
    monkeypatch.setitem(SNAPSHOT_STORES, "eventstoredb+drawer", place)
    env |= {"EVENTSTOREDB_STREAM_PREFIX": name, "SNAPSHOT_STORE": "eventstoredb"}
    with Counters(env) as app:
        counter = counted(app)
    with Counters(env | {"SNAPSHOT_STORE": "eventstoredb+drawer"}) as app:
        assert app.repository.get(counter.id) == counter
        assert [each.originator_version for each in drawer.list_snapshots()] == [6]


def test_what_it_needs_must_be_set(
    env: dict[str, str], drawer: Drawer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = SnapshotPlace(lambda _: drawer, needs="DRAWER_KEY")
    monkeypatch.setitem(SNAPSHOT_STORES, "drawer", place)
    env |= {"SNAPSHOT_STORE": "drawer"}
    with pytest.raises(SettingError, match="which needs DRAWER_KEY to be set"):
        Counters(env)
    with pytest.raises(SettingError, match=r"allowed: redis, eventstoredb, eventstoredb\+redis, d"):
        Counters(env | {"SNAPSHOT_STORE": "disk"})
