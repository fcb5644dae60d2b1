"""Snapshots in Redis: the newest versions, for a while, by several writers."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import Environment

from esnb.redis import RedisFactory, RedisSnapshotRecorder
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot

MakeEnvironment = Callable[..., Environment]
ID = UUID("6c4c8e0e-6f6f-4a9e-8d8a-3f8f0e1f2a3b")


@pytest.fixture
def make(environment: MakeEnvironment) -> Callable[..., RedisSnapshotRecorder]:
    def make(name: str = "Shop", **settings: str) -> RedisSnapshotRecorder:
        factory = RedisFactory(environment(name, **settings))
        recorder = factory.aggregate_recorder(purpose="snapshots")
        assert isinstance(recorder, RedisSnapshotRecorder)
        assert isinstance(recorder, SnapshotRecorder)
        return recorder

    return make


def _snapshot(version: int, state: bytes = b"{}", identity: UUID | str = ID) -> StoredSnapshot:
    return StoredSnapshot(
        identity, version, "shop:Product.Snapshot", state, fingerprint=f"f{version}"
    )


def _versions(found: Sequence[StoredEvent]) -> list[int]:
    return [snapshot.originator_version for snapshot in found]


def test_a_snapshot_comes_back_with_what_it_is(make: Callable[..., RedisSnapshotRecorder]) -> None:
    recorded = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    stored = StoredSnapshot(ID, 3, "topic", b"\x00\xff{", fingerprint="abc", recorded=recorded)
    make().insert_events([stored])
    (found,) = make().select_events(ID)
    assert found == StoredSnapshot(
        ID, 3, "topic", b"\x00\xff{", fingerprint="abc", recorded=recorded, store="redis"
    )


def test_a_plain_stored_event_is_taken_too(make: Callable[..., RedisSnapshotRecorder]) -> None:
    before = datetime.now(UTC)
    make().insert_events([StoredEvent(ID, 3, "topic", b"state")])
    (found,) = make().select_events(ID)
    assert found.fingerprint is None
    assert found.recorded is not None
    assert before <= found.recorded <= datetime.now(UTC)


@pytest.mark.parametrize("fingerprint", ["", "=", "ü"])
def test_any_fingerprint_is_kept(
    make: Callable[..., RedisSnapshotRecorder], fingerprint: str
) -> None:
    make().insert_events([StoredSnapshot(ID, 1, "t", b"", fingerprint=fingerprint)])
    assert [s.fingerprint for s in make().select_events(ID)] == [fingerprint]


def test_versions_are_selected_as_the_library_does(
    make: Callable[..., RedisSnapshotRecorder],
) -> None:
    recorder = make()
    versions = [1, 9, 10, 99, 2**53, 2**53 + 1, 2**63 - 1, 2**63]
    recorder.insert_events([_snapshot(version) for version in versions])
    bounds = [None, 0, 1, 5, 9, 10, 100, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -1, 2**64]
    for gt, lte, desc, limit in itertools.product(bounds, bounds, (False, True), (None, 1, 3)):
        expected = [
            version
            for version in (reversed(versions) if desc else versions)
            if (gt is None or version > gt) and (lte is None or version <= lte)
        ][:limit]
        found = recorder.select_events(ID, gt=gt, lte=lte, desc=desc, limit=limit)
        assert _versions(found) == expected, (gt, lte, desc, limit)


def test_the_newest_are_kept(make: Callable[..., RedisSnapshotRecorder]) -> None:
    recorder = make()
    for version in range(10, 200, 10):
        recorder.insert_events([_snapshot(version)])
    assert _versions(recorder.select_events(ID)) == list(range(100, 200, 10))


def test_an_older_one_never_takes_the_place_of_a_newer_one(
    make: Callable[..., RedisSnapshotRecorder],
) -> None:
    recorder = make(SNAPSHOT_KEEP="2")
    recorder.insert_events([_snapshot(7)])
    # An older one is kept while there is room, for reading older versions,
    recorder.insert_events([_snapshot(5)])
    assert _versions(recorder.select_events(ID, desc=True)) == [7, 5]
    # and gives way to newer ones, which it does not drive out.
    recorder.insert_events([_snapshot(3)])
    assert _versions(recorder.select_events(ID, desc=True)) == [7, 5]
    recorder.insert_events([_snapshot(6)])
    assert _versions(recorder.select_events(ID, desc=True)) == [7, 6]


def test_the_same_version_is_replaced(make: Callable[..., RedisSnapshotRecorder]) -> None:
    recorder = make()
    recorder.insert_events([_snapshot(5, b"old")])
    recorder.insert_events([_snapshot(5, b"new")])
    assert [s.state for s in recorder.select_events(ID)] == [b"new"]


def test_several_writers_leave_the_newest(make: Callable[..., RedisSnapshotRecorder]) -> None:
    def write(versions: Sequence[int]) -> None:
        recorder = make(SNAPSHOT_KEEP="3")
        for version in versions:
            recorder.insert_events([_snapshot(version, str(version).encode())])

    orders = [range(1, 101), range(100, 0, -1), [*range(2, 101, 2), *range(1, 101, 2)]]
    threads = [threading.Thread(target=write, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = make().select_events(ID, desc=True)
    assert [(s.originator_version, s.state) for s in found] == [
        (100, b"100"),
        (99, b"99"),
        (98, b"98"),
    ]


def test_snapshots_expire(make: Callable[..., RedisSnapshotRecorder], client: redis.Redis) -> None:
    before = datetime.now(UTC)
    recorder = make(SNAPSHOT_TTL="100")
    recorder.insert_events([_snapshot(1), _snapshot(2)])
    for snapshot in recorder.select_events(ID):
        assert snapshot.expires is not None
        assert timedelta(seconds=95) < snapshot.expires - before < timedelta(seconds=105)
    # When the newest is gone, the next older one is what is found
    for key in client.keys("*00002"):
        assert client.pexpire(key, 0)
    assert _versions(recorder.select_events(ID, desc=True, limit=1)) == [1]
    assert _versions(list(recorder.list_snapshots())) == [1]
    # And the index does not outlive them all
    assert 0 < client.ttl(client.keys("*snapshots")[0]) <= 100


def test_the_index_outlives_snapshots_without_an_expiry(
    make: Callable[..., RedisSnapshotRecorder], client: redis.Redis
) -> None:
    make().insert_events([_snapshot(1)])
    make(SNAPSHOT_TTL="100").insert_events([_snapshot(2)])
    assert client.ttl(client.keys("*snapshots")[0]) == -1
    assert [s.expires is None for s in make().select_events(ID)] == [True, False]


def test_a_damaged_snapshot_is_passed_over(
    make: Callable[..., RedisSnapshotRecorder], client: redis.Redis
) -> None:
    recorder = make()
    recorder.insert_events([_snapshot(1), _snapshot(2)])
    client.hdel(client.keys("*00002")[0], "state")
    assert _versions(recorder.select_events(ID, desc=True, limit=1)) == [1]


def test_all_snapshots_of_one_application_are_listed(
    make: Callable[..., RedisSnapshotRecorder], client: redis.Redis
) -> None:
    others = sorted((uuid4() for _ in range(30)), key=str)
    recorder = make("Shop")
    for identity in others:
        recorder.insert_events([_snapshot(2, identity=identity), _snapshot(1, identity=identity)])
    make("Shop2").insert_events([_snapshot(9)])
    make("Sho").insert_events([_snapshot(9)])
    client.set("esnb:{Shop:no-uuid}:snapshots", "of somebody else")
    assert [(s.originator_id, s.originator_version) for s in recorder.list_snapshots()] == [
        (identity, version) for identity in others for version in (1, 2)
    ]
    assert _versions(list(recorder.list_snapshots(others[0]))) == [1, 2]


@pytest.mark.parametrize("identity", ["a", "order-1", "a:b", "{x}", "}", "*", "ü ß", "[a]"])
def test_text_ids(make: Callable[..., RedisSnapshotRecorder], identity: str) -> None:
    recorder = make("Shop*", ORIGINATOR_ID_TYPE="text")
    recorder.insert_events([_snapshot(1, identity=identity), _snapshot(2, identity="other")])
    assert _versions(recorder.select_events(identity)) == [1]
    assert {s.originator_id for s in recorder.list_snapshots()} == {identity, "other"}
    assert _versions(make("Shop", ORIGINATOR_ID_TYPE="text").select_events(identity)) == []


def test_applications_are_told_apart_whatever_their_names(
    make: Callable[..., RedisSnapshotRecorder],
) -> None:
    make("A:b", ORIGINATOR_ID_TYPE="text").insert_events([_snapshot(1, identity="c")])
    assert make("A", ORIGINATOR_ID_TYPE="text").select_events("b:c") == []


def test_snapshots_of_different_aggregates_spread_over_a_cluster(
    make: Callable[..., RedisSnapshotRecorder], client: Any
) -> None:
    from redis.crc import key_slot

    recorder = make()
    identities = [uuid4() for _ in range(20)]
    for identity in identities:
        recorder.insert_events([_snapshot(1, identity=identity)])
    slots = {
        identity: {key_slot(key.encode()) for key in client.keys(f"*{identity}*")}
        for identity in identities
    }
    # One aggregate's keys are together, so that one script may touch them.
    assert all(len(found) == 1 for found in slots.values())
    assert len(set.union(*slots.values())) > 10


@pytest.mark.parametrize("version", [-1, 10**20])
def test_a_version_that_is_none_is_refused(
    make: Callable[..., RedisSnapshotRecorder], version: int
) -> None:
    with pytest.raises(ValueError, match="version"):
        make().insert_events([_snapshot(1), _snapshot(version)])
    assert make().select_events(ID) == []
