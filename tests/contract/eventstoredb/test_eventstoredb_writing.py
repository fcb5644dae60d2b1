"""Saving: versions, conflicts, what is refused as a whole, what is known afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)

from esnb.clients.installed import NewEvent, StreamState
from tests.contract.eventstoredb.conftest import MakeFactory


class Hamper(Aggregate):
    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.items: list[str] = []

    @event("Filled")
    def fill(self, item: str) -> None:
        self.items.append(item)


class HamperFromZero(Aggregate):
    INITIAL_VERSION = 0


@pytest.fixture
def app(env: dict[str, str], name: str) -> Any:
    app = Application[UUID]({**env, "EVENTSTOREDB_STREAM_PREFIX": name})
    yield app
    app.close()


def events_of(app: Application[UUID]) -> list[Any]:
    return list(app.recorder.select_notifications(None, 10_000))


def test_ordinary_aggregates_start_at_revision_0(app: Application[UUID], name: str) -> None:
    basket = Hamper("Ann")
    basket.fill("apple")
    app.save(basket)
    basket.fill("pear")
    app.save(basket)
    copy: Hamper = app.repository.get(basket.id)
    assert (copy.version, copy.items) == (3, ["apple", "pear"])
    assert app.repository.get(basket.id, version=2).items == ["apple"]
    recorded = app.recorder.category.client.get_stream(f"{name}-{basket.id}")  # type: ignore[attr-defined]
    assert [each.stream_position for each in recorded] == [0, 1, 2]
    assert [each.originator_version for each in events_of(app)] == [1, 2, 3]


def test_a_version_below_the_first_is_refused_naming_both_settings(app: Application[UUID]) -> None:
    with pytest.raises(
        ProgrammingError, match=r"EVENTSTOREDB_FIRST_VERSION \(now 1\).*INITIAL_VERSION"
    ):
        app.save(HamperFromZero())
    assert events_of(app) == []


def test_first_version_zero(env: dict[str, str], name: str) -> None:
    settings = {**env, "EVENTSTOREDB_STREAM_PREFIX": name, "EVENTSTOREDB_FIRST_VERSION": "0"}
    with Application[UUID](settings) as app:
        basket = HamperFromZero()
        basket.trigger_event(Aggregate.Event)
        app.save(basket)
        copy: HamperFromZero = app.repository.get(basket.id)
        assert copy.version == 1
        with pytest.raises(IntegrityError):
            app.save(Hamper("an aggregate that begins at 1 finds no revision 0"))


def test_a_conflict_says_that_the_copy_has_lost_its_events(app: Application[UUID]) -> None:
    basket = Hamper("Ann")
    app.save(basket)
    ours: Hamper = app.repository.get(basket.id)
    theirs: Hamper = app.repository.get(basket.id)
    theirs.fill("theirs")
    app.save(theirs)
    ours.fill("ours")
    with pytest.raises(
        IntegrityError, match=r"stream 'Shop.*lost its pending events.*get the aggregate again"
    ):
        app.save(ours)
    anew: Hamper = app.repository.get(basket.id)
    anew.fill("ours")
    app.save(anew)
    assert app.repository.get(basket.id).items == ["theirs", "ours"]


def test_the_same_event_again_is_a_conflict_and_no_repeat(app: Application[UUID]) -> None:
    basket = Hamper("Ann")
    (created,) = basket.collect_events()
    app.events.put([created])
    with pytest.raises(IntegrityError):
        app.events.put([created])
    assert len(events_of(app)) == 1


@pytest.mark.parametrize("versions", [(1, 3), (1, 1), (2, 1)])
def test_versions_must_be_consecutive(make_factory: MakeFactory, versions: tuple[int, ...]) -> None:
    recorder = make_factory().application_recorder()
    originator_id = uuid4()
    with pytest.raises(IntegrityError):
        recorder.insert_events([StoredEvent(originator_id, v, "t", b"{}") for v in versions])
    assert recorder.max_notification_id() is None


def test_several_aggregates_at_once_are_refused_before_anything_is_written(
    app: Application[UUID],
) -> None:
    first, second = Hamper("Ann"), Hamper("Bob")
    with pytest.raises(NotSupportedError, match=r"belong to 2.*Save one aggregate at a time"):
        app.save(first, second)
    assert events_of(app) == []


def test_a_tracking_record_is_refused(make_factory: MakeFactory) -> None:
    recorder = make_factory().application_recorder()
    stored = StoredEvent(uuid4(), 1, "t", b"{}")
    with pytest.raises(NotSupportedError, match=r"eventsourcing\.sqlite"):
        recorder.insert_events([stored], tracking=Tracking("upstream", 1))
    assert recorder.max_notification_id() is None


def test_an_append_above_the_servers_limit_is_refused_as_a_whole(
    app: Application[UUID], name: str
) -> None:
    basket = Hamper("Ann")
    for number in range(600):
        basket.fill(f"{number:04}" + "x" * 2000)
    with pytest.raises(
        DataError, match=rf"601 event\(s\), 1,3\d\d,\d\d\d bytes, to stream '{name}-{basket.id}'"
    ) as refused:
        app.save(basket)
    assert "nothing was written" in str(refused.value)
    assert events_of(app) == []


def test_an_append_above_any_servers_limit_is_refused_before_it_is_sent(
    make_factory: MakeFactory,
) -> None:
    recorder = make_factory().application_recorder()
    with pytest.raises(DataError, match=r"16,777,216 bytes; nothing was written"):
        recorder.insert_events([StoredEvent(uuid4(), 1, "t", b"x" * 17_000_000)])
    assert recorder.max_notification_id() is None


def test_event_id_recorded_time_and_metadata_come_back(app: Application[UUID]) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    basket = Hamper("Ann")
    app.save(basket)
    (stored,) = app.recorder.select_events(basket.id)
    (notification,) = events_of(app)
    assert isinstance(stored.event_id, UUID)  # type: ignore[attr-defined]
    assert notification.event_id == stored.event_id  # type: ignore[attr-defined]
    assert before < notification.recorded <= datetime.now(UTC) + timedelta(seconds=1)
    assert notification.metadata["application"] == "Application"
    assert notification.metadata["topic"] == notification.topic
    assert notification == next(iter(app.notification_log.select(None, 10)))


def test_a_tombstoned_aggregate_is_gone_and_takes_no_events(
    app: Application[UUID], name: str
) -> None:
    basket = Hamper("Ann")
    app.save(basket)
    app.recorder.category.client.tombstone_stream(  # type: ignore[attr-defined]
        f"{name}-{basket.id}", current_version=StreamState.ANY
    )
    assert basket.id not in app.repository
    basket.fill("apple")
    with pytest.raises(IntegrityError, match="tombstoned"):
        app.save(basket)


@pytest.mark.parametrize("originator_id", ["order-1", "", "Ä/ö?"])
def test_ids_that_are_no_uuids(make_factory: MakeFactory, originator_id: str) -> None:
    stored = StoredEvent(originator_id, 1, "t", b"{}")
    with pytest.raises(DataError, match="ORIGINATOR_ID_TYPE=text"):
        make_factory().application_recorder().insert_events([stored])
    if originator_id:
        recorder = make_factory(ORIGINATOR_ID_TYPE="text").application_recorder()
        recorder.insert_events([stored])
        assert recorder.select_notifications(None, 9)[0].originator_id == originator_id
        assert recorder.select_events(originator_id) == [stored]


@pytest.mark.parametrize(
    ("gt", "lte", "desc", "limit", "expected"),
    [
        (None, None, False, None, [1, 2, 3, 4, 5]),
        (None, None, True, None, [5, 4, 3, 2, 1]),
        (2, None, False, None, [3, 4, 5]),
        (2, 4, False, None, [3, 4]),
        (2, 4, True, None, [4, 3]),
        (2, 4, True, 1, [4]),
        (None, 3, True, 2, [3, 2]),
        (None, 99, True, 2, [5, 4]),
        (-7, 2, False, None, [1, 2]),
        (5, None, False, None, []),
        (99, None, False, None, []),
        (None, 0, False, None, []),
        (3, 3, False, None, []),
        (None, None, False, 0, []),
    ],
)
def test_selected_versions(
    make_factory: MakeFactory,
    gt: int | None,
    lte: int | None,
    desc: bool,
    limit: int | None,
    expected: list[int],
) -> None:
    recorder = make_factory().application_recorder()
    originator_id = uuid4()
    recorder.insert_events([StoredEvent(originator_id, v, "t", b"{}") for v in range(1, 6)])
    found = recorder.select_events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
    assert [each.originator_version for each in found] == expected


def test_events_appended_by_others_are_seen(make_factory: MakeFactory, name: str) -> None:
    recorder = make_factory().application_recorder()
    originator_id = uuid4()
    recorder.category.client.append_to_stream(
        f"{name}-{originator_id}",
        current_version=StreamState.NO_STREAM,
        events=[NewEvent(type="Hamper.Filled", data=b"{}", metadata=b"\xff not JSON")],
    )
    (stored,) = recorder.select_events(originator_id)
    assert stored.metadata == {}
    assert stored.topic == f"{__name__}:Hamper.Filled"
