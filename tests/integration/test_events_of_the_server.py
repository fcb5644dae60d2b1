"""What EventStoreDB or a tool wrote into an aggregate's own stream, with a type of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, OriginatorVersionError, event
from eventsourcing.persistence import DataError, IntegrityError

import esnb
from esnb.clients.installed import NewEvent, StreamState


class Crate(Aggregate):
    @event("Packed")
    def __init__(self, what: str) -> None:
        self.what = what

    @event("Marked")
    def mark(self, mark: str) -> None:
        self.mark_on_it = mark


class Depot(Application[UUID]):
    pass


@pytest.fixture(scope="module")
def stores() -> Iterator[esnb.Stores]:
    with esnb.connect(embedded=True) as stores:
        yield stores


@pytest.fixture
def app(stores: esnb.Stores) -> Depot:
    return stores.application(Depot)


def write(stores: esnb.Stores, crate: Crate, count: int = 1, prefix: str = "Depot-") -> None:
    stores.eventstoredb.append_to_stream(
        f"{prefix}{crate.id}",
        current_version=StreamState.ANY,
        events=[NewEvent(type="$weird", data=b"{}") for _ in range(count)],
    )


def test_an_event_of_the_servers_at_the_end_is_not_of_the_aggregate(
    stores: esnb.Stores, app: Depot
) -> None:
    crate = Crate("tea")
    crate.mark("fragile")
    app.save(crate)
    write(stores, crate, count=3)

    assert app.repository.get(crate.id).version == 2
    assert list(esnb.stream(app, crate.id)["version"]) == [1, 2]
    assert list(esnb.history(app, crate.id)["version"]) == [1, 2]
    assert esnb.at(app, crate.id).what == "tea"
    assert len(esnb.diff(app, crate.id)) == 1
    assert len(esnb.blame(app, crate.id)) > 0
    assert "$weird" not in str(esnb.explore(app, crate.id, live=False))
    assert "$weird" not in esnb.given_when_then(app, crate.id)
    assert list(esnb.stream(stores, f"Depot-{crate.id}")["type"])[2:] == ["$weird"] * 3


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_limit_counts_the_applications_events_only(
    stores: esnb.Stores, app: Depot, limit: int
) -> None:
    crate = Crate("tea")
    crate.mark("fragile")
    app.save(crate)
    write(stores, crate, count=2)

    newest = app.recorder.select_events(crate.id, desc=True, limit=limit)
    up_to_the_first = app.recorder.select_events(crate.id, desc=True, lte=1, limit=limit)

    assert [each.originator_version for each in newest] == [2, 1][:limit]
    assert [each.originator_version for each in up_to_the_first] == [1]


def test_a_save_after_it_says_what_stands_in_its_place(stores: esnb.Stores, app: Depot) -> None:
    crate = Crate("tea")
    app.save(crate)
    write(stores, crate)
    found: Crate = app.repository.get(crate.id)
    found.mark("fragile")

    with pytest.raises(
        IntegrityError, match=rf"Depot-{crate.id}.*'\$weird' at revision 1.*version 2"
    ):
        app.save(found)
    assert app.repository.get(crate.id).version == 1


def test_a_rivals_save_is_a_conflict_as_before(app: Depot) -> None:
    crate = Crate("tea")
    app.save(crate)
    mine: Crate = app.repository.get(crate.id)
    theirs: Crate = app.repository.get(crate.id)
    theirs.mark("theirs")
    app.save(theirs)
    mine.mark("mine")

    with pytest.raises(IntegrityError, match="get the aggregate anew"):
        app.save(mine)


def test_one_between_two_events_is_named(stores: esnb.Stores, app: Depot) -> None:
    crate = Crate("tea")
    app.save(crate)
    write(stores, crate)
    crate._version = 2  # as a program does that counts the stream's events
    crate.mark("fragile")
    app.save(crate)

    with pytest.raises(DataError, match=rf"Depot-{crate.id}.*'\$weird' at revision 1.*another id"):
        app.repository.get(crate.id)
    assert app.repository.get(crate.id, version=1).what == "tea"
    assert list(esnb.stream(app, crate.id)["version"]) == [1, 3]


@pytest.mark.parametrize("ask", [esnb.at, esnb.diff, esnb.blame, esnb.given_when_then])
def test_a_fold_says_which_version_is_missing(stores: esnb.Stores, app: Depot, ask: Any) -> None:
    crate = Crate("tea")
    app.save(crate)
    write(stores, crate)
    crate._version = 2
    crate.mark("fragile")
    app.save(crate)

    with pytest.raises(
        OriginatorVersionError, match=rf"aggregate '{crate.id}' has no event of version 2"
    ):
        ask(app, crate.id)
    assert esnb.at(app, crate.id, version=1).what == "tea"
    assert "no event of version 2" in str(esnb.explore(app, crate.id, live=False))


def test_one_after_a_snapshot_is_named(stores: esnb.Stores) -> None:
    app = stores.application(Depot, env={"IS_SNAPSHOTTING_ENABLED": "y"})
    crate = Crate("tea")
    app.save(crate)
    app.take_snapshot(crate.id)
    write(stores, crate)
    assert app.repository.get(crate.id).version == 1
    assert list(esnb.verify_snapshot(app, crate.id)["status"]) == ["ok"]
    crate._version = 2
    crate.mark("fragile")
    app.save(crate)

    with pytest.raises(DataError, match=rf"Depot-{crate.id}.*'\$weird' at revision 1.*another id"):
        app.repository.get(crate.id)


@pytest.mark.parametrize("kind", ["text ids", "cache", "no prefix"])
def test_it_is_left_out_of_every_kind_of_application(stores: esnb.Stores, kind: str) -> None:
    settings = {
        "text ids": {"ORIGINATOR_ID_TYPE": "text"},
        "cache": {"AGGREGATE_CACHE_MAXSIZE": "10"},
        "no prefix": {"EVENTSTOREDB_STREAM_PREFIX": ""},
    }[kind]
    app = stores.application(Depot, env=settings)
    crate = Crate("tea")
    app.save(crate)
    write(stores, crate, prefix="" if kind == "no prefix" else "Depot-")

    assert app.repository.get(crate.id).version == 1
    assert app.repository.get(crate.id).what == "tea"
    assert list(esnb.stream(app, crate.id)["version"]) == [1]
