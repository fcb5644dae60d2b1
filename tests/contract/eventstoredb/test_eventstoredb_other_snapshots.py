"""A snapshot store of one's own: one entry in the table that `SNAPSHOT_STORE` chooses from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.eventstoredb.snapshot_stores import SNAPSHOT_STORES, SnapshotPlace
from esnb.setting import SettingError
from esnb.snapshotting.cached import CachedSnapshotRecorder
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot


class Drawer(SnapshotRecorder):
    """Snapshots in a list."""

    def __init__(self) -> None:
        self.kept: list[StoredSnapshot] = []
        self.asked = 0

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        self.kept += [each for each in stored_events if isinstance(each, StoredSnapshot)]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredSnapshot]:
        self.asked += 1
        found = [
            each
            for each in self.list_snapshots(originator_id)
            if (gt is None or each.originator_version > gt)
            and (lte is None or each.originator_version <= lte)
        ]
        return (found[::-1] if desc else found)[:limit]

    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        found = (each for each in self.kept if originator_id in (None, each.originator_id))
        yield from sorted(found, key=lambda each: each.originator_version)


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
        assert [each.originator_version for each in drawer.kept] == [3, 6]
        assert (drawer.kept[0].fingerprint, drawer.kept[0].event_id) != (None, None)
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
    env |= {"EVENTSTOREDB_STREAM_PREFIX": name, "SNAPSHOT_STORE": "eventstoredb+drawer"}
    with Counters(env) as app:
        counter = counted(app)
        kept = drawer.kept.copy()
        drawer.kept.clear()
        assert app.repository.get(counter.id) == counter
        assert [each.state for each in drawer.kept] == [kept[-1].state]


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
