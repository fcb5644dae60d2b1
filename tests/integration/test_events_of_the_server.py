"""What EventStoreDB or a tool wrote into an aggregate's own stream, with a type of its own."""

from __future__ import annotations

from typing import Any

import pytest
from eventsourcing.domain import OriginatorVersionError
from eventsourcing.persistence import DataError, IntegrityError

import esnb
from esnb.clients.installed import NewEvent, StreamState
from tests.domain.bank import Account, Bank


@pytest.fixture
def app(kept_stores: esnb.Stores) -> Bank:
    return kept_stores.application(Bank)


def write(
    kept_stores: esnb.Stores, account: Account, count: int = 1, prefix: str = "Bank-"
) -> None:
    kept_stores.eventstoredb.append_to_stream(
        f"{prefix}{account.id}",
        current_version=StreamState.ANY,
        events=[NewEvent(type="$weird", data=b"{}") for _ in range(count)],
    )


def test_an_event_of_the_servers_at_the_end_is_not_of_the_aggregate(
    kept_stores: esnb.Stores, app: Bank
) -> None:
    account = Account("Ann")
    account.rename("fragile")
    app.save(account)
    write(kept_stores, account, count=3)

    assert app.repository.get(account.id).version == 2
    assert list(esnb.stream(app, account.id)["version"]) == [1, 2]
    assert list(esnb.history(app, account.id)["version"]) == [1, 2]
    assert esnb.at(app, account.id).owner == "fragile"
    assert len(esnb.diff(app, account.id)) == 1
    assert len(esnb.blame(app, account.id)) > 0
    assert "$weird" not in str(esnb.explore(app, account.id, live=False))
    assert "$weird" not in esnb.given_when_then(app, account.id)
    assert list(esnb.stream(kept_stores, f"Bank-{account.id}")["type"])[2:] == ["$weird"] * 3


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_counts_the_applications_events_only(
    kept_stores: esnb.Stores, app: Bank, limit: int
) -> None:
    account = Account("Ann")
    account.rename("fragile")
    app.save(account)
    write(kept_stores, account, count=2)

    newest = app.recorder.select_events(account.id, desc=True, limit=limit)
    up_to_the_first = app.recorder.select_events(account.id, desc=True, lte=1, limit=limit)

    assert [each.originator_version for each in newest] == [2, 1][:limit]
    assert [each.originator_version for each in up_to_the_first] == [1]


def test_a_save_after_it_says_what_stands_in_its_place(kept_stores: esnb.Stores, app: Bank) -> None:
    account = Account("Ann")
    app.save(account)
    write(kept_stores, account)
    found: Account = app.repository.get(account.id)
    found.rename("fragile")

    with pytest.raises(
        IntegrityError, match=rf"Bank-{account.id}.*'\$weird' at revision 1.*version 2"
    ):
        app.save(found)
    assert app.repository.get(account.id).version == 1


def test_a_rivals_save_is_a_conflict_as_before(app: Bank) -> None:
    account = Account("Ann")
    app.save(account)
    mine: Account = app.repository.get(account.id)
    theirs: Account = app.repository.get(account.id)
    theirs.rename("theirs")
    app.save(theirs)
    mine.rename("mine")

    with pytest.raises(IntegrityError, match="get the aggregate again"):
        app.save(mine)


def test_one_between_two_events_is_named(kept_stores: esnb.Stores, app: Bank) -> None:
    account = Account("Ann")
    app.save(account)
    write(kept_stores, account)
    account._version = 2  # as a program does that counts the stream's events
    account.rename("fragile")
    app.save(account)

    with pytest.raises(DataError, match=rf"Bank-{account.id}.*'\$weird' at revision 1.*another id"):
        app.repository.get(account.id)
    assert app.repository.get(account.id, version=1).owner == "Ann"
    assert list(esnb.stream(app, account.id)["version"]) == [1, 3]


@pytest.mark.parametrize("ask", [esnb.at, esnb.diff, esnb.blame, esnb.given_when_then])
def test_a_fold_says_which_version_is_missing(
    kept_stores: esnb.Stores, app: Bank, ask: Any
) -> None:
    account = Account("Ann")
    app.save(account)
    write(kept_stores, account)
    account._version = 2
    account.rename("fragile")
    app.save(account)

    with pytest.raises(
        OriginatorVersionError, match=rf"aggregate '{account.id}' has no event of version 2"
    ):
        ask(app, account.id)
    assert esnb.at(app, account.id, version=1).owner == "Ann"
    assert "no event of version 2" in str(esnb.explore(app, account.id, live=False))


def test_one_after_a_snapshot_is_named(kept_stores: esnb.Stores) -> None:
    app = kept_stores.application(Bank, env={"IS_SNAPSHOTTING_ENABLED": "y"})
    account = Account("Ann")
    app.save(account)
    app.take_snapshot(account.id)
    write(kept_stores, account)
    assert app.repository.get(account.id).version == 1
    assert list(esnb.verify_snapshot(app, account.id)["status"]) == ["ok"]
    account._version = 2
    account.rename("fragile")
    app.save(account)

    with pytest.raises(DataError, match=rf"Bank-{account.id}.*'\$weird' at revision 1.*another id"):
        app.repository.get(account.id)


@pytest.mark.parametrize("kind", ["text ids", "cache", "no prefix"])
def test_it_is_left_out_of_every_kind_of_application(kept_stores: esnb.Stores, kind: str) -> None:
    settings = {
        "text ids": {"ORIGINATOR_ID_TYPE": "text"},
        "cache": {"AGGREGATE_CACHE_MAXSIZE": "10"},
        "no prefix": {"EVENTSTOREDB_STREAM_PREFIX": ""},
    }[kind]
    app = kept_stores.application(Bank, env=settings)
    account = Account("Ann")
    app.save(account)
    write(kept_stores, account, prefix="" if kind == "no prefix" else "Bank-")

    assert app.repository.get(account.id).version == 1
    assert app.repository.get(account.id).owner == "Ann"
    assert list(esnb.stream(app, account.id)["version"]) == [1]
