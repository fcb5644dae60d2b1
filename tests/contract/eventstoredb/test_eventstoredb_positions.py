"""Notification ids are commit positions, and any integer is a valid start."""

from __future__ import annotations

from uuid import uuid4

import pytest
from eventsourcing.persistence import StoredEvent

from esnb.clients.installed import NewEvent, StreamState
from esnb.eventstoredb import EventStoreDBApplicationRecorder
from esnb.eventstoredb.log import ServerLog
from esnb.eventstoredb.positions import Neighbours
from tests.contract.eventstoredb.conftest import MakeFactory


def stored(version: int = 1, originator_id: object = None, topic: str = "t") -> StoredEvent:
    return StoredEvent(originator_id or uuid4(), version, topic, b"{}")  # type: ignore[arg-type]


@pytest.fixture
def recorder(make_factory: MakeFactory) -> EventStoreDBApplicationRecorder:
    return make_factory().application_recorder()


@pytest.fixture
def ids(recorder: EventStoreDBApplicationRecorder) -> list[int]:
    """The ids of five events, among those of another stream."""
    found: list[int] = []
    for _ in range(5):
        found += recorder.insert_events([stored()])
        recorder.category.client.append_to_stream(
            f"other{uuid4().hex}",
            current_version=StreamState.NO_STREAM,
            events=[NewEvent(type="other", data=b"{}")],
        )
    return found


def test_ids_are_positions_and_ascend(
    recorder: EventStoreDBApplicationRecorder, ids: list[int]
) -> None:
    assert ids == sorted(set(ids))
    notifications = recorder.select_notifications(None, 10)
    assert [each.id for each in notifications] == ids
    assert [each.position for each in notifications] == ids
    assert recorder.max_notification_id() == ids[-1]


def test_every_event_of_one_save_has_its_own_position(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    originator_id = uuid4()
    inserted = recorder.insert_events([stored(version, originator_id) for version in (1, 2, 3)])
    later = recorder.insert_events([stored(version, originator_id) for version in (4, 5)])
    selected = recorder.select_notifications(None, 10)
    assert [each.id for each in selected] == [*inserted, *later]
    assert [each.position for each in recorder.select_events(originator_id)] == [*inserted, *later]


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("offset", [-3, -2, -1, 0, 1, 2])
@pytest.mark.parametrize("which", range(5))
def test_a_start_next_to_an_event_means_the_next_one(
    recorder: EventStoreDBApplicationRecorder,
    ids: list[int],
    which: int,
    offset: int,
    inclusive: bool,
) -> None:
    start = ids[which] + offset
    expected = [each for each in ids if each > start or (inclusive and each == start)]
    found = recorder.select_notifications(start, 10, inclusive_of_start=inclusive)
    assert [each.id for each in found] == expected
    found = recorder.select_notifications(start, 2, inclusive_of_start=inclusive)
    assert [each.id for each in found] == expected[:2]


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("start", [None, -(2**70), -1, 0, 1])
def test_a_start_before_the_log_means_its_first_event(
    recorder: EventStoreDBApplicationRecorder, ids: list[int], start: int | None, inclusive: bool
) -> None:
    found = recorder.select_notifications(start, 10, inclusive_of_start=inclusive)
    assert [each.id for each in found] == ids


@pytest.mark.parametrize("beyond", [1, 1000, 2**53, 2**62, 2**63 - 1, 2**63, 2**64, 2**80])
def test_a_start_beyond_the_end_means_none(
    recorder: EventStoreDBApplicationRecorder, ids: list[int], beyond: int
) -> None:
    assert recorder.select_notifications(ids[-1] + beyond, 10) == []


def test_stop_is_inclusive_and_may_be_no_event(
    recorder: EventStoreDBApplicationRecorder, ids: list[int]
) -> None:
    assert [each.id for each in recorder.select_notifications(None, 10, ids[2])] == ids[:3]
    assert [each.id for each in recorder.select_notifications(None, 10, ids[2] - 1)] == ids[:2]
    assert recorder.select_notifications(ids[3], 10, stop=ids[1]) == []


def test_topics_match_exactly_and_the_limit_counts_matches(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    topics = ["shop:Order", "shop:Order.Placed", "shop:Order.Paid", "other:Order.Paid"]
    for topic in topics * 2:
        recorder.insert_events([stored(topic=topic)])
    found = recorder.select_notifications(None, 2, topics=["shop:Order.Paid"])
    assert [each.topic for each in found] == ["shop:Order.Paid"] * 2
    assert len(recorder.select_notifications(None, 1, topics=["shop:Order"])) == 1
    assert recorder.select_notifications(None, 9, topics=["shop:Ord.*"]) == []


def test_no_events_no_maximum(recorder: EventStoreDBApplicationRecorder) -> None:
    assert recorder.max_notification_id() is None
    assert recorder.select_notifications(None, 10) == []
    assert recorder.select_notifications(5, 0) == []


@pytest.mark.parametrize("offset", [-2, -1, 0, 1, 2])
@pytest.mark.parametrize("which", range(4))
def test_a_subscription_starts_above_any_integer(
    recorder: EventStoreDBApplicationRecorder, ids: list[int], which: int, offset: int
) -> None:
    after = ids[which] + offset
    expected = [each for each in ids if each > after]
    with recorder.subscribe(gt=after) as subscription:
        assert [next(subscription).id for _ in expected] == expected


@pytest.mark.parametrize("after", [None, -(2**70), 0, 1])
def test_a_subscription_from_before_the_log(
    recorder: EventStoreDBApplicationRecorder, ids: list[int], after: int | None
) -> None:
    with recorder.subscribe(gt=after) as subscription:
        assert [next(subscription).id for _ in ids] == ids


def test_a_subscription_from_beyond_the_end_waits_for_what_lies_above(
    recorder: EventStoreDBApplicationRecorder, ids: list[int]
) -> None:
    # Given a start within the next event's own position range,
    skipped_from = ids[-1] + 1
    with recorder.subscribe(gt=skipped_from) as subscription:
        (new,) = recorder.insert_events([stored()])
        # Then the first event above it comes.
        assert next(subscription).id == new
    # Given a start above what will be stored soon,
    far = new + 100_000_000
    with recorder.subscribe(gt=far) as subscription:
        recorder.insert_events([stored()])
        subscription.stop()
        # Then nothing at or below it comes.
        assert list(subscription) == []


@pytest.mark.parametrize("after", [2**62, 2**63 - 1, 2**64, 2**80])
def test_a_subscription_from_a_huge_number_can_be_opened(
    recorder: EventStoreDBApplicationRecorder, ids: list[int], after: int
) -> None:
    with recorder.subscribe(gt=after) as subscription:
        subscription.stop()
        assert list(subscription) == []


def test_a_number_between_events_is_searched_for_only_when_it_must_be(
    recorder: EventStoreDBApplicationRecorder, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []
    original = ServerLog._neighbours

    def neighbours(log: ServerLog, number: int) -> Neighbours:
        searched.append(number)
        return original(log, number)

    monkeypatch.setattr(ServerLog, "_neighbours", neighbours)
    for start in (None, 0, 1, ids[2], ids[2] + 1, ids[-1] + 1):
        recorder.select_notifications(start, 3)
        recorder.subscribe(gt=ids[2]).stop()
    assert searched == []
    (found,) = recorder.select_notifications(ids[2] - 2, 1)
    assert (found.id, searched) == (ids[2], [ids[2] - 2])
