"""Snapshots: the three stores, versions, what makes one unusable, stores that are down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent

from esnb.eventstoredb.category import Category
from esnb.eventstoredb.event_store import AggregateEventStore
from esnb.snapshotting.store import SnapshotWarning
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot
from tests.contract.eventstoredb.conftest import MakeFactory
from tests.redis_server import RedisServer

STORES = ["redis", "eventstoredb", "eventstoredb+redis"]


class Ledger(Aggregate):
    def __init__(self) -> None:
        self.total = 0

    @event("Booked")
    def book(self, amount: int) -> None:
        self.total += amount

    class Renamed(Aggregate.Event):
        text: str

        def apply(self, aggregate: Any) -> None:
            aggregate.text = self.text


class Books(Application[UUID]):
    snapshotting_intervals: ClassVar[dict[Any, int]] = {Ledger: 5}


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


OpenBooks = Callable[..., Books]


@pytest.fixture
def open_books(env: dict[str, str], name: str, redis_server: RedisServer) -> Iterator[OpenBooks]:
    opened: list[Books] = []

    def open_books(store: str = "eventstoredb", **settings: str) -> Books:
        books = Books(
            {
                **env,
                "EVENTSTOREDB_STREAM_PREFIX": name,
                "REDIS_URL": redis_server.url,
                "REDIS_KEY_PREFIX": name,
                "SNAPSHOT_STORE": store,
                **settings,
            }
        )
        opened.append(books)
        return books

    yield open_books
    for books in opened:
        books.close()


def book(books: Books, ledger: Ledger | None = None, count: int = 1) -> Ledger:
    ledger = ledger or Ledger()
    for _ in range(count):
        ledger.book(1)
        books.save(ledger)
    return ledger


def versions(books: Books, ledger: Ledger) -> list[int]:
    assert books.snapshots is not None
    return [each.originator_version for each in books.snapshots.get(ledger.id)]


class CountingReads:
    """Counts the events that are folded, and the requests for events of aggregates' streams."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = self.requests = 0
        get, events = AggregateEventStore.get, Category.events

        def counted(store: AggregateEventStore, *args: Any, **kwargs: Any) -> Any:
            found = list(get(store, *args, **kwargs))
            self.count += len(found)
            return iter(found)

        def requested(category: Category, *args: Any, **kwargs: Any) -> Any:
            self.requests += 1
            return events(category, *args, **kwargs)

        monkeypatch.setattr(AggregateEventStore, "get", counted)
        monkeypatch.setattr(Category, "events", requested)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> CountingReads:
    return CountingReads(monkeypatch)


@pytest.mark.parametrize("store", STORES)
def test_snapshots_are_taken_and_used(
    open_books: OpenBooks, reads: CountingReads, store: str
) -> None:
    books = open_books(store)
    ledger = book(books, count=13)  # versions 2 to 14
    assert versions(books, ledger) == [5, 10]
    for version, replayed in [(14, 4), (12, 2), (10, 0), (9, 4), (5, 0), (3, 3)]:
        reads.count = reads.requests = 0
        copy: Ledger = books.repository.get(ledger.id, version=version)
        assert (copy.version, copy.total) == (version, version - 1)
        assert reads.count == replayed
        assert reads.requests == 1  # the snapshot's event is looked for in the same one


@pytest.mark.parametrize("store", STORES)
def test_another_application_object_uses_them_too(
    open_books: OpenBooks, reads: CountingReads, store: str
) -> None:
    ledger = book(open_books(store), count=12)
    reads.count = 0
    copy: Ledger = open_books(store).repository.get(ledger.id)
    assert copy.total == 12
    assert reads.count == 3


@pytest.mark.parametrize("store", STORES)
def test_only_so_many_are_kept(open_books: OpenBooks, store: str) -> None:
    books = open_books(store, SNAPSHOT_KEEP="3")
    ledger = book(books, count=49)
    assert versions(books, ledger) == [40, 45, 50]


def test_what_is_not_kept_is_cut_off_by_the_streams_metadata(open_books: OpenBooks) -> None:
    books = open_books(SNAPSHOT_KEEP="2")
    ledger = book(books, count=49)  # ten snapshots
    category: Any = books.recorder.category  # type: ignore[attr-defined]
    stream = category.naming.snapshot_stream(ledger.id)
    assert len(category.client.get_stream(stream)) <= 4
    assert category.client.get_stream_metadata(stream)[0]["$tb"] >= 6


@pytest.mark.parametrize("store", STORES)
def test_an_older_one_never_replaces_a_newer_one(
    open_books: OpenBooks, reads: CountingReads, store: str
) -> None:
    books = open_books(store, SNAPSHOT_KEEP="2")
    ledger = book(books, count=10)  # snapshots at 5 and 10
    for version in (3, 2, 4):
        books.take_snapshot(ledger.id, version=version)
    assert versions(books, ledger) == [5, 10]
    reads.count = 0
    assert books.repository.get(ledger.id).total == 10
    assert reads.count == 1


@pytest.mark.parametrize("store", STORES)
def test_the_same_version_is_replaced(open_books: OpenBooks, store: str) -> None:
    books = open_books(store)
    ledger = book(books, count=4)
    for _ in range(3):
        books.take_snapshot(ledger.id)
    assert versions(books, ledger) == [5]


def test_several_writers_agree_on_the_newest(make_factory: MakeFactory) -> None:
    factories = [make_factory(SNAPSHOT_KEEP="3") for _ in range(4)]
    recorders = [factory.aggregate_recorder("snapshots") for factory in factories]
    originator_id = uuid4()

    def write(version: int) -> None:
        stored = StoredSnapshot(originator_id, version, "t", str(version).encode())
        recorders[version % 4].insert_events([stored])

    order = [7, 3, 12, 1, 9, 11, 2, 10, 4, 8, 5, 6]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, order))
    for recorder in recorders:
        (newest,) = recorder.select_events(originator_id, desc=True, limit=1)
        assert (newest.originator_version, newest.state) == (12, b"12")
        kept = [each.originator_version for each in recorder.select_events(originator_id)]
        assert kept == [10, 11, 12]


def test_the_recorder_selects_by_version(make_factory: MakeFactory) -> None:
    recorder = make_factory().aggregate_recorder("snapshots")
    assert isinstance(recorder, SnapshotRecorder)
    originator_id, other_id = uuid4(), uuid4()
    for version in (2, 8, 5, 3, 8):
        recorder.insert_events([StoredEvent(originator_id, version, "a:T", b"{}")])
    recorder.insert_events([StoredSnapshot(other_id, 1, "a:T", b"\x00", fingerprint="f")])

    def select(**selection: Any) -> list[int]:
        found = recorder.select_events(originator_id, **selection)
        return [each.originator_version for each in found]

    assert select() == [2, 3, 5, 8]
    assert select(desc=True) == [8, 5, 3, 2]
    assert select(gt=2, lte=5) == [3, 5]
    assert select(desc=True, limit=2) == [8, 5]
    for lte, newest in [(9, 8), (8, 8), (7, 5), (4, 3), (2, 2)]:
        assert select(lte=lte, desc=True, limit=1) == [newest]
    assert select(lte=1, desc=True, limit=1) == []
    assert recorder.select_events(uuid4(), desc=True, limit=1) == []
    listed = list(recorder.list_snapshots())
    assert {(each.originator_id, each.originator_version) for each in listed} == {
        *((originator_id, version) for version in (2, 3, 5, 8)),
        (other_id, 1),
    }
    (other,) = recorder.list_snapshots(other_id)
    assert (other.fingerprint, other.state, other.store) == ("f", b"\x00", "eventstoredb")
    assert other.recorded is not None
    assert other.expires is None


@pytest.mark.parametrize("store", STORES)
def test_a_changed_fold_is_replayed(
    open_books: OpenBooks, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    books = open_books(store)
    ledger = book(books, count=6)

    def booked_twice(self: Any, aggregate: Any) -> None:
        aggregate.total += 2 * self.amount

    monkeypatch.setattr(Ledger.Booked, "apply", booked_twice)  # type: ignore[attr-defined]
    assert books.repository.get(ledger.id).total == 12
    assert versions(books, ledger) == []
    monkeypatch.undo()
    assert books.repository.get(ledger.id).total == 6
    assert versions(books, ledger) == [5]


@pytest.mark.parametrize("store", STORES)
def test_another_class_version_is_replayed(
    open_books: OpenBooks, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    books = open_books(store)
    ledger = book(books, count=6)
    monkeypatch.setattr(Ledger, "class_version", 2, raising=False)
    assert books.repository.get(ledger.id).total == 6
    assert versions(books, ledger) == []


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    "damage",
    [
        {"state": b"no JSON"},
        {"state": b"\xff\x00"},
        {"state": b"{}"},
        {"topic": "no.such.module:Snapshot"},
        {"topic": f"{__name__}:NoSuchSnapshot"},
        {"topic": "not a topic"},
        {"fingerprint": None},
        {"fingerprint": "another"},
    ],
)
def test_an_unusable_one_means_the_next_older_one(
    open_books: OpenBooks, reads: CountingReads, store: str, damage: dict[str, Any]
) -> None:
    books = open_books(store)
    ledger = book(books, count=11)
    assert books.snapshots is not None
    recorder = books.snapshots.recorder
    (newest,) = recorder.select_events(ledger.id, desc=True, limit=1)
    assert newest.originator_version == 10
    fields = {
        **{key: getattr(newest, key) for key in ("topic", "state", "fingerprint", "event_id")},
        **damage,
    }
    recorder.insert_events([StoredSnapshot(ledger.id, 10, **fields)])
    reads.count = 0
    assert books.repository.get(ledger.id).total == 11
    assert reads.count == 12 - 5
    assert versions(books, ledger) == [5]


@pytest.mark.parametrize("store", STORES)
def test_a_renamed_aggregate_class_is_replayed(open_books: OpenBooks, store: str) -> None:
    books = open_books(store)
    ledger = book(books, count=6)
    assert books.snapshots is not None
    recorder = books.snapshots.recorder
    (newest,) = recorder.select_events(ledger.id, desc=True, limit=1)
    assert isinstance(newest, StoredSnapshot)
    state = newest.state.replace(b":Ledger", b":FormerLedger")
    assert state != newest.state
    recorder.insert_events([replace(newest, state=state)])
    assert books.repository.get(ledger.id).total == 6
    assert versions(books, ledger) == []


def test_redis_down_during_a_save_warns_and_loses_nothing(
    open_books: OpenBooks, redis_server: RedisServer
) -> None:
    books = open_books("redis")
    ledger = book(books, count=3)
    redis_server.kill()
    with pytest.warns(SnapshotWarning, match="a snapshot was not stored: OperationalError"):
        book(books, ledger)
    assert books.repository.get(ledger.id).total == 4
    redis_server.start()
    book(books, ledger, count=5)
    assert books.repository.get(ledger.id).total == 9
    assert versions(books, ledger) == [10]


def test_redis_down_during_a_load_replays(
    open_books: OpenBooks, redis_server: RedisServer, reads: CountingReads
) -> None:
    books = open_books("redis")
    ledger = book(books, count=6)
    redis_server.kill()
    reads.count = 0
    assert books.repository.get(ledger.id).total == 6
    assert books.repository.get(ledger.id, version=3).total == 2
    assert reads.count == 7 + 3


def test_with_both_the_durable_store_answers_while_redis_is_down_or_empty(
    open_books: OpenBooks,
    redis_server: RedisServer,
    reads: CountingReads,
    recwarn: pytest.WarningsRecorder,
) -> None:
    books = open_books("eventstoredb+redis")
    ledger = book(books, count=6)
    redis_server.kill()
    book(books, ledger, count=4)  # takes a snapshot at 10
    reads.count = 0
    assert books.repository.get(ledger.id).total == 10
    assert reads.count == 1
    assert not [each for each in recwarn if issubclass(each.category, SnapshotWarning)]

    # Redis is back, still with the older snapshot only: slower, and right.
    redis_server.start()
    assert books.repository.get(ledger.id).total == 10


def test_with_both_a_read_fills_redis(open_books: OpenBooks, redis_server: RedisServer) -> None:
    import redis

    books = open_books("eventstoredb+redis")
    ledger = book(books, count=5)
    client = redis.Redis.from_url(redis_server.url)
    client.flushall()
    assert books.repository.get(ledger.id).total == 5
    assert len(list(client.scan_iter("*"))) > 0
    client.close()


def test_one_that_cannot_be_encoded_warns_and_the_save_succeeds(open_books: OpenBooks) -> None:
    books = open_books()
    ledger = book(books, count=3)
    books.save(ledger)
    books.mapper.transcoder.types.pop(UUID)  # type: ignore[attr-defined]

    class NotEncodable:
        pass

    copy: Ledger = books.repository.get(ledger.id)
    copy.book(1)
    repository: Any = books.repository
    repository.get = lambda *_, **__: with_extra(copy, NotEncodable())
    with pytest.warns(SnapshotWarning, match="TranscodingNotRegisteredError"):
        books.save(copy)
    del repository.get
    assert books.repository.get(ledger.id).total == 4


def with_extra(ledger: Ledger, extra: object) -> Ledger:
    ledger.extra = extra  # type: ignore[attr-defined]
    return ledger


def test_a_redis_that_is_frozen_is_one_that_is_down(
    open_books: OpenBooks, redis_server: RedisServer
) -> None:
    """It is given up while it is still frozen: a load replays, a save warns and loses nothing."""
    books = open_books("redis")
    ledger = book(books, count=9)

    with redis_server.silent():
        copy: Ledger = books.repository.get(ledger.id)
        with pytest.warns(SnapshotWarning, match="not stored"):
            book(books, copy, count=5)  # the last one is a snapshot's version

    assert books.repository.get(ledger.id).version == ledger.version + 5
