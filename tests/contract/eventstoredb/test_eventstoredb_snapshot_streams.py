"""A snapshot counts only while its stream has the event that it was taken at."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4, uuid5

import pytest
import redis
from eventsourcing.application import AggregateNotFoundError, Application, EventSourcedLog
from eventsourcing.domain import Aggregate, DomainEvent, event

import esnb
from esnb.clients.installed import StreamState
from esnb.eventstoredb import MissingEventsError
from esnb.snapshotting.store import SnapshotWarning
from esnb.snapshotting.stored import StoredSnapshot
from tests.eventstoredb_server import REAL_URI, EventStoreDBServer

STORES = ["redis", "eventstoredb", "eventstoredb+redis"]
IN_REDIS = ["redis", "eventstoredb+redis"]
NAMESPACE = uuid4()


class Account(Aggregate):
    """Known by its number, so that two stores can hold the same id."""

    def __init__(self, number: str, owner: str) -> None:
        self.number = number
        self.owner = owner
        self.names = [owner]

    @staticmethod
    def create_id(number: str) -> UUID:
        return uuid5(NAMESPACE, number)

    @event("Renamed")
    def rename(self, owner: str) -> None:
        self.owner = owner
        self.names.append(owner)


class Accounts(Application[UUID]):
    is_snapshotting_enabled = True


OpenAccounts = Callable[..., Accounts]


@pytest.fixture
def open_accounts(env: dict[str, str], name: str, redis_url: str) -> Iterator[OpenAccounts]:
    opened: list[Accounts] = []

    def open_accounts(
        store: str = "redis", application: type[Any] = Accounts, **settings: str
    ) -> Any:
        accounts = application(
            {
                **env,
                "EVENTSTOREDB_STREAM_PREFIX": name,
                "REDIS_URL": redis_url,
                "REDIS_KEY_PREFIX": name,
                "SNAPSHOT_STORE": store,
                **settings,
            }
        )
        opened.append(accounts)
        return accounts

    yield open_accounts
    for accounts in opened:
        accounts.close()


def an_account(accounts: Accounts, owner: str, versions: int = 5, number: str = "1") -> UUID:
    account = Account(number, owner)
    for version in range(2, versions + 1):
        account.rename(f"{owner}-{version}")
    accounts.save(account)
    return account.id


def stream_of(accounts: Accounts, account_id: UUID) -> tuple[Any, str]:
    category: Any = accounts.recorder.category  # type: ignore[attr-defined]
    return category.client, category.naming.stream(account_id)


def kept(accounts: Accounts, account_id: UUID) -> list[int]:
    return list(esnb.snapshots(accounts, account_id)["version"].drop_duplicates())


def used(accounts: Accounts, account_id: UUID) -> list[int]:
    assert accounts.snapshots is not None
    return [each.originator_version for each in accounts.snapshots.get(account_id)]


# --- others' snapshots ------------------------------------------------------------------


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("other", ["", "{name}2", "{name}@x:y", "Accounts"])
@pytest.mark.parametrize("variable", ["", "ACCOUNTS_"])
def test_tenants_that_share_a_redis_do_not_share_snapshots(
    open_accounts: OpenAccounts, name: str, store: str, other: str, variable: str
) -> None:
    ann = open_accounts(store)
    prefix = {f"{variable}EVENTSTOREDB_STREAM_PREFIX": other.format(name=name)}
    bob = open_accounts(store, **prefix)
    account_id = an_account(ann, "Ann", number=name)
    ann.take_snapshot(account_id)

    with pytest.raises(AggregateNotFoundError):
        bob.repository.get(account_id)
    assert kept(bob, account_id) == []
    assert an_account(bob, "Bob", number=name) == account_id
    assert bob.repository.get(account_id).owner == "Bob-5"
    bob.take_snapshot(account_id)

    assert ann.repository.get(account_id).owner == "Ann-5"
    assert bob.repository.get(account_id).owner == "Bob-5"
    assert used(ann, account_id) == used(bob, account_id) == [5]


@pytest.mark.parametrize("prefix", ["Accounts", None])
def test_snapshots_of_the_default_set_up_are_where_they_were(
    env: dict[str, str], name: str, redis_url: str, prefix: str | None
) -> None:
    """Of esnb 0.1: without a prefix, and with the application's own name for one."""
    settings = {} if prefix is None else {"EVENTSTOREDB_STREAM_PREFIX": prefix}
    client = redis.Redis.from_url(redis_url)
    with Accounts({**env, "REDIS_URL": redis_url, "REDIS_KEY_PREFIX": name, **settings}) as app:
        account_id = an_account(app, "Ann", number=name)
        app.take_snapshot(account_id)
        assert client.exists(f"{name}:{{Accounts:{account_id}}}:snapshots")
    client.close()


@pytest.fixture
def other_uri() -> Iterator[str]:
    if REAL_URI:
        pytest.skip("one real server is not two")
    with EventStoreDBServer() as server:
        yield server.uri


@pytest.mark.parametrize("store", IN_REDIS)
@pytest.mark.parametrize("prefix", ["Shared", ""])
def test_two_servers_that_share_a_redis(
    open_accounts: OpenAccounts, name: str, other_uri: str, store: str, prefix: str
) -> None:
    """The same as an event store that was emptied, beside a Redis that was not."""
    settings = {"EVENTSTOREDB_STREAM_PREFIX": prefix}
    ann = open_accounts(store, **settings)
    bob = open_accounts(store, EVENTSTOREDB_URI=other_uri, **settings)
    account_id = an_account(ann, "Ann", number=name)
    for version in (2, 4, 5):
        ann.take_snapshot(account_id, version=version)

    with pytest.raises(AggregateNotFoundError):
        bob.repository.get(account_id)
    an_account(bob, "Bob", versions=7, number=name)

    assert bob.repository.get(account_id).owner == "Bob-7"
    assert bob.repository.get(account_id, version=4).owner == "Bob-4"
    bob.take_snapshot(account_id, version=6)
    assert bob.repository.get(account_id).names[-1] == "Bob-7"
    assert used(bob, account_id) == [6]
    assert ann.repository.get(account_id).owner == "Ann-5"
    assert ann.snapshots is not None
    (newest,) = ann.snapshots.get(account_id, desc=True, limit=1)
    assert newest.originator_version == 5  # though the Redis has one of version 6, of Bob's


def test_a_snapshot_ahead_of_its_stream(
    open_accounts: OpenAccounts, name: str, other_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a backup of the event store was restored: older ones may still count."""
    ann = open_accounts()
    account_id = an_account(ann, "Ann", versions=9, number=name)
    for version in (3, 7, 9):
        ann.take_snapshot(account_id, version=version)
    restored = open_accounts(EVENTSTOREDB_URI=other_uri)
    client, stream = stream_of(ann, account_id)
    copy, _ = stream_of(restored, account_id)
    copy.append_to_stream(
        stream,
        current_version=StreamState.NO_STREAM,
        events=[_again(each) for each in client.get_stream(stream)[:5]],
    )

    with caplog.at_level(logging.INFO):
        account: Account = restored.repository.get(account_id)

    assert (account.version, account.owner) == (5, "Ann-5")
    assert used(restored, account_id) == [3]
    assert [each for each in caplog.messages if "passed over" in each]


def _again(recorded: Any) -> Any:
    from esnb.clients.installed import NewEvent

    return NewEvent(
        id=recorded.id, type=recorded.type, data=recorded.data, metadata=recorded.metadata
    )


# --- its stream is gone -----------------------------------------------------------------


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("end", ["delete_stream", "tombstone_stream"])
def test_a_stream_that_is_gone_is_not_found(
    open_accounts: OpenAccounts, name: str, store: str, end: str
) -> None:
    accounts = open_accounts(store)
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id, version=3)
    accounts.take_snapshot(account_id)
    client, stream = stream_of(accounts, account_id)
    getattr(client, end)(stream, current_version=StreamState.ANY)

    for version in (None, 3, 4, 5, 99):
        with pytest.raises(AggregateNotFoundError):
            accounts.repository.get(account_id, version=version)
    assert account_id not in accounts.repository
    assert set(esnb.verify_snapshot(accounts, account_id)["status"]) == {"orphaned"}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("versions", [1, 5, 9])
def test_a_stream_that_was_deleted_and_begun_again(
    open_accounts: OpenAccounts, name: str, store: str, versions: int
) -> None:
    accounts = open_accounts(store)
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id)
    client, stream = stream_of(accounts, account_id)
    client.delete_stream(stream, current_version=StreamState.ANY)
    an_account(accounts, "Bob", versions=versions, number=name)

    account: Account = accounts.repository.get(account_id)

    # Their revisions go on from where the deleted ones ended.
    assert account.version == 5 + versions
    assert account.names == ["Bob", *(f"Bob-{each}" for each in range(2, versions + 1))]
    with pytest.raises(AggregateNotFoundError):
        accounts.repository.get(account_id, version=5)
    accounts.take_snapshot(account_id)
    assert accounts.repository.get(account_id).names == account.names
    assert used(accounts, account_id) == [5 + versions]


@pytest.mark.parametrize("store", STORES)
def test_a_cached_repository_that_misses(
    open_accounts: OpenAccounts, name: str, store: str
) -> None:
    writer = open_accounts(store)
    account_id = an_account(writer, "Ann", number=name)
    writer.take_snapshot(account_id, version=3)
    reader = open_accounts(store, AGGREGATE_CACHE_MAXSIZE="10")
    assert reader.repository.get(account_id).owner == "Ann-5"
    account: Account = writer.repository.get(account_id)
    account.rename("Eve")
    writer.save(account)
    assert reader.repository.get(account_id).owner == "Eve"
    client, stream = stream_of(writer, account_id)
    client.tombstone_stream(stream, current_version=StreamState.ANY)
    with pytest.raises(AggregateNotFoundError):
        open_accounts(store, AGGREGATE_CACHE_MAXSIZE="10").repository.get(account_id)


@pytest.mark.parametrize("end", ["delete_stream", "tombstone_stream"])
def test_a_cached_copy_does_not_outlive_its_stream(
    open_accounts: OpenAccounts, name: str, end: str
) -> None:
    accounts = open_accounts(AGGREGATE_CACHE_MAXSIZE="10")
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id)
    for _ in range(2):
        assert accounts.repository.get(account_id).owner == "Ann-5"
    client, stream = stream_of(accounts, account_id)
    getattr(client, end)(stream, current_version=StreamState.ANY)
    with pytest.raises(AggregateNotFoundError, match="it had a version 5, but no event of"):
        accounts.repository.get(account_id)
    assert account_id not in accounts.repository
    if end == "delete_stream":
        an_account(open_accounts(), "Bob", number=name)
        with pytest.raises(MissingEventsError, match="begun again at version 6"):
            accounts.repository.get(account_id)
        assert open_accounts().repository.get(account_id).owner == "Bob-5"


def test_events_above_a_version(open_accounts: OpenAccounts, name: str) -> None:
    accounts = open_accounts()
    account_id = an_account(accounts, "Ann", versions=7, number=name)

    def above(gt: int, lte: int | None = None) -> list[int]:
        found = accounts.events.get(account_id, gt=gt, lte=lte)
        return [each.originator_version for each in found]

    assert above(-1) == above(0) == [1, 2, 3, 4, 5, 6, 7]
    assert above(1) == [2, 3, 4, 5, 6, 7]
    assert (above(6), above(7), above(8), above(99)) == ([7], [], [], [])
    assert (above(3, 5), above(3, 3), above(5, 3), above(3, 99)) == ([4, 5], [], [], [4, 5, 6, 7])
    client, stream = stream_of(accounts, account_id)
    client.set_stream_metadata(stream, metadata={"$tb": 4}, current_version=StreamState.ANY)
    assert (above(2), above(4), above(5)) == ([5, 6, 7], [5, 6, 7], [6, 7])
    assert above(2, 4) == []


def test_what_was_read_to_check_a_snapshot_is_not_given_out_later(
    open_accounts: OpenAccounts, name: str
) -> None:
    accounts = open_accounts()
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id, version=3)
    assert accounts.snapshots is not None

    def later() -> list[int]:
        return [each.originator_version for each in accounts.events.get(account_id, gt=3)]

    assert len(list(accounts.snapshots.get(account_id, desc=True, limit=1))) == 1
    account: Account = open_accounts().repository.get(account_id)
    account.rename("Eve")
    accounts.save(account)  # whoever writes here reads anew
    assert later() == [4, 5, 6]
    assert later() == [4, 5, 6]
    assert len(list(accounts.snapshots.get(account_id, desc=True, limit=1))) == 1
    assert [each.originator_version for each in accounts.events.get(account_id, gt=4)] == [5, 6]
    assert later() == [4, 5, 6]


# --- its first events are gone -----------------------------------------------------------


TRUNCATED = [{"$maxCount": 3}, {"$tb": 4}, {"$maxCount": 4, "$tb": 4}]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("metadata", TRUNCATED)
@pytest.mark.parametrize("taken", [4, 5, 6, 7])
def test_a_truncated_stream_with_a_snapshot_that_reaches_what_is_left(
    open_accounts: OpenAccounts, name: str, store: str, metadata: dict[str, int], taken: int
) -> None:
    """Versions 5, 6, 7 are left: a snapshot at 4 is just enough."""
    accounts = open_accounts(store)
    account_id = an_account(accounts, "Ann", versions=7, number=name)
    accounts.take_snapshot(account_id, version=taken)
    client, stream = stream_of(accounts, account_id)
    client.set_stream_metadata(stream, metadata=metadata, current_version=StreamState.ANY)

    account: Account = accounts.repository.get(account_id)

    assert account.names == ["Ann", *(f"Ann-{version}" for version in range(2, 8))]
    assert accounts.repository.get(account_id, version=taken).version == taken
    accounts.take_snapshot(account_id)
    account.rename("Eve")
    accounts.save(account)
    assert accounts.repository.get(account_id, version=8).owner == "Eve"


@pytest.mark.parametrize("taken", [None, 1, 3])
@pytest.mark.parametrize("metadata", TRUNCATED)
def test_a_truncated_stream_without_a_snapshot_that_counts(
    open_accounts: OpenAccounts, name: str, metadata: dict[str, int], taken: int | None
) -> None:
    accounts = open_accounts()
    account_id = an_account(accounts, "Ann", versions=7, number=name)
    if taken is not None:
        accounts.take_snapshot(account_id, version=taken)
    client, stream = stream_of(accounts, account_id)
    client.set_stream_metadata(stream, metadata=metadata, current_version=StreamState.ANY)

    for version in (None, 6, 7):
        with pytest.raises(MissingEventsError, match=rf"'{stream}' begin at version 5.*snapshot"):
            accounts.repository.get(account_id, version=version)
    for version in (2, 3, 4):
        with pytest.raises(AggregateNotFoundError):
            accounts.repository.get(account_id, version=version)
    for frame in (esnb.verify_snapshot(accounts, account_id),):
        assert list(frame["status"]) == [] if taken is None else ["orphaned"]


def test_a_truncated_stream_where_there_are_no_snapshots_at_all(
    open_accounts: OpenAccounts, name: str
) -> None:
    class Unsnapped(Accounts):
        is_snapshotting_enabled = False

    accounts = open_accounts(application=Unsnapped)
    account_id = an_account(accounts, "Ann", versions=7, number=name)
    client, stream = stream_of(accounts, account_id)
    client.set_stream_metadata(stream, metadata={"$tb": 4}, current_version=StreamState.ANY)
    with pytest.raises(MissingEventsError, match=r"begin at version 5"):
        accounts.repository.get(account_id)
    with pytest.raises(MissingEventsError, match=r"begin at version 5"):
        esnb.at(accounts, account_id)
    assert list(esnb.stream(accounts, account_id)["version"]) == [5, 6, 7]


@pytest.mark.parametrize("metadata", [{"$maxCount": 2, "$maxAge": 1000}, {"$maxCount": 1}])
def test_events_of_classes_of_ones_own(
    open_accounts: OpenAccounts, name: str, metadata: dict[str, int]
) -> None:
    """Whether they can begin an aggregate is not known of their classes."""
    jars = open_accounts(application=Jars)
    jar_id = uuid4()
    jars.save(*(Put(jar_id, version, datetime.now(UTC), 1) for version in (1, 2, 3)))
    assert jars.repository.get(jar_id).sum == 3
    client, stream = stream_of(jars, jar_id)
    client.set_stream_metadata(stream, metadata=metadata, current_version=StreamState.ANY)
    with pytest.raises(MissingEventsError, match=r"begin at version"):
        jars.repository.get(jar_id)
    client.set_stream_metadata(stream, metadata={}, current_version=StreamState.ANY)
    client.delete_stream(stream, current_version=StreamState.ANY)
    jars.save(Put(jar_id, 1, datetime.now(UTC), 5))
    assert jars.repository.get(jar_id).sum == 5


def test_a_log_that_was_truncated_is_read_as_far_as_it_goes(
    open_accounts: OpenAccounts, name: str
) -> None:
    accounts = open_accounts()
    log = EventSourcedLog(accounts.events, uuid4(), Noted)
    for number in range(5):
        accounts.save(log.trigger_event(text=str(number)))
    client, stream = stream_of(accounts, log.originator_id)
    client.set_stream_metadata(stream, metadata={"$maxCount": 2}, current_version=StreamState.ANY)
    assert [each.text for each in log.get()] == ["3", "4"]


def test_a_truncated_stream_of_which_nothing_is_left_but_the_newest(
    open_accounts: OpenAccounts, name: str
) -> None:
    accounts = open_accounts()
    account_id = an_account(accounts, "Ann", versions=7, number=name)
    accounts.take_snapshot(account_id)
    client, stream = stream_of(accounts, account_id)
    client.set_stream_metadata(stream, metadata={"$maxCount": 1}, current_version=StreamState.ANY)
    account: Account = accounts.repository.get(account_id)
    assert (account.version, account.owner) == (7, "Ann-7")
    verified = esnb.verify_snapshot(accounts, account_id).iloc[0]
    assert verified["status"] == "unverified"
    assert "begin at version 7" in verified["error"]


# --- which event it was taken at ----------------------------------------------------------


@pytest.mark.parametrize("store", STORES)
def test_a_snapshot_that_names_no_event_is_replayed(
    open_accounts: OpenAccounts, name: str, store: str
) -> None:
    """Those of esnb 0.1 do not."""
    accounts = open_accounts(store)
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id)
    assert accounts.snapshots is not None
    recorder: Any = accounts.snapshots.recorder
    (stored,) = recorder.select_events(account_id, desc=True, limit=1)
    assert isinstance(stored, StoredSnapshot)
    recorder.insert_events([replace(stored, event_id=None, state=b"{}")])
    assert used(accounts, account_id) == []
    assert accounts.repository.get(account_id).owner == "Ann-5"
    accounts.take_snapshot(account_id)
    assert used(accounts, account_id) == [5]


def test_a_snapshot_as_redis_had_it_before(
    open_accounts: OpenAccounts, name: str, redis_url: str
) -> None:
    accounts = open_accounts()
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id)
    client = redis.Redis.from_url(redis_url)
    (key,) = client.scan_iter(f"{name}:*:snapshots:*")
    assert client.hdel(key, "event") == 1
    client.close()
    assert kept(accounts, account_id) == [5]
    assert used(accounts, account_id) == []
    assert accounts.repository.get(account_id).owner == "Ann-5"
    assert list(esnb.verify_snapshot(accounts, account_id)["status"]) == ["orphaned"]


@pytest.mark.parametrize("store", STORES)
def test_a_snapshot_of_what_was_not_saved_is_not_stored(
    open_accounts: OpenAccounts, name: str, store: str
) -> None:
    accounts = open_accounts(store)
    account_id = an_account(accounts, "Ann", number=name)
    account: Account = accounts.repository.get(account_id)
    account.rename("Eve")
    assert accounts.snapshots is not None
    with pytest.warns(SnapshotWarning, match=r"has no event of version 6: save it first"):
        accounts.snapshots.put([Account.Snapshot.take(account)])
    assert accounts.repository.get(account_id).owner == "Ann-5"


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    "settings",
    [
        {"ACCOUNTS_ORIGINATOR_ID_TYPE": "text"},
        {"COMPRESSOR_TOPIC": "eventsourcing.compressor:ZlibCompressor"},
        {"SNAPSHOT_KEEP": "1"},
        {"EVENTSTOREDB_FIRST_VERSION": "1", "AGGREGATE_CACHE_MAXSIZE": "5"},
    ],
)
def test_with_other_settings(
    open_accounts: OpenAccounts, name: str, store: str, settings: dict[str, str]
) -> None:
    accounts = open_accounts(store, **settings)
    account_id = an_account(accounts, "Ann", number=name)
    accounts.take_snapshot(account_id, version=2)
    accounts.take_snapshot(account_id, version=4)
    assert used(accounts, account_id)[-1] == 4
    for version in range(1, 6):
        account: Account = accounts.repository.get(account_id, version=version)
        assert (account.version, len(account.names)) == (version, version)


@dataclass(frozen=True)
class Noted(DomainEvent):
    text: str


@dataclass
class Jar:
    id: UUID
    version: int
    sum: int


@dataclass(frozen=True)
class Put:
    """An event that mutates, of no class of the library's."""

    originator_id: UUID
    originator_version: int
    timestamp: datetime
    amount: int

    def mutate(self, jar: Jar | None) -> Jar:
        so_far = 0 if jar is None else jar.sum
        return Jar(self.originator_id, self.originator_version, so_far + self.amount)


class Jars(Application[UUID]):
    pass


@dataclass(frozen=True)
class Opened:
    originator_id: UUID
    originator_version: int
    timestamp: datetime
    owner: str


@dataclass(frozen=True)
class CardSnapshot:
    originator_id: UUID
    originator_version: int
    timestamp: datetime
    state: dict[str, Any]

    @classmethod
    def take(cls, card: Card) -> CardSnapshot:
        return cls(card.id, card.version, datetime.now(UTC), {"owners": list(card.owners)})


@dataclass(frozen=True)
class Card:
    """Immutable, counted from 0, folded by a function."""

    id: UUID
    version: int
    owners: tuple[str, ...]


def project_card(card: Card | None, events: Iterable[Any]) -> Card | None:
    for each in events:
        if isinstance(each, CardSnapshot):
            owners = tuple(each.state["owners"])
        else:
            owners = (*(card.owners if card else ()), each.owner)
        card = Card(each.originator_id, each.originator_version, owners)
    return card


class Cards(Application[UUID]):
    is_snapshotting_enabled = True
    snapshot_class = CardSnapshot
    snapshotting_projectors: ClassVar[dict[Any, Any]] = {Card: project_card}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("first", [0, 1])
def test_aggregates_that_functions_fold(
    open_accounts: OpenAccounts, store: str, first: int
) -> None:
    cards = open_accounts(store, Cards, EVENTSTOREDB_FIRST_VERSION=str(first))
    card_id = uuid4()

    def opened(version: int, owner: str) -> Any:
        return Opened(card_id, first + version, datetime.now(UTC), owner)

    def get(version: int | None = None) -> Card:
        card: Card = cards.repository.get(card_id, version=version, projector_func=project_card)
        return card

    cards.save(*(opened(number, owner) for number, owner in enumerate("abcd")))
    for version in (first, first + 2):
        cards.take_snapshot(card_id, version=version, projector_func=project_card)
    assert used(cards, card_id) == [first, first + 2]
    assert get() == Card(card_id, first + 3, ("a", "b", "c", "d"))
    assert get(first) == Card(card_id, first, ("a",))
    client, stream = stream_of(cards, card_id)
    client.set_stream_metadata(stream, metadata={"$maxCount": 1}, current_version=StreamState.ANY)
    assert get().owners == ("a", "b", "c", "d")
    client.set_stream_metadata(stream, metadata={}, current_version=StreamState.ANY)
    client.delete_stream(stream, current_version=StreamState.ANY)
    with pytest.raises(AggregateNotFoundError):
        get()
    cards.save(opened(0, "z"))
    assert get() == Card(card_id, first + 4, ("z",))
