"""Which events a log has, once had, and never had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent

from esnb.adapters.checkpoint_event import CheckpointEvent, event_instead
from esnb.clients.installed import StreamState
from esnb.eventstoredb.recorders import EventStoreDBApplicationRecorder
from tests.contract.eventstoredb.conftest import MakeFactory
from tests.eventstoredb_server import EventStoreDBServer


@pytest.fixture
def recorder(make_factory: MakeFactory) -> EventStoreDBApplicationRecorder:
    recorder = make_factory().application_recorder()
    assert isinstance(recorder, EventStoreDBApplicationRecorder)
    return recorder


def store(recorder: EventStoreDBApplicationRecorder, count: int = 3) -> list[CheckpointEvent]:
    """Stores events of one aggregate, and one of another after them."""
    originator_id, other = uuid4(), uuid4()
    recorder.insert_events(
        [StoredEvent(originator_id, version, "t:e", b"{}") for version in range(1, count + 1)]
    )
    recorder.insert_events([StoredEvent(other, 1, "t:e", b"{}")])
    found = recorder.select_notifications(start=None, limit=100)
    return [CheckpointEvent.of(each) for each in found if each.originator_id == originator_id]


def moved(event: CheckpointEvent) -> CheckpointEvent:
    """The event where `$all` has none: as a scavenged log has it, or another log."""
    return CheckpointEvent(event.position - 1, event.id, event.aggregate_id, event.version)


def test_an_event_that_is_there_fits(recorder: EventStoreDBApplicationRecorder) -> None:
    assert [event_instead(each, recorder) for each in store(recorder)] == [None, None, None]


def test_another_event_at_its_position_does_not(recorder: EventStoreDBApplicationRecorder) -> None:
    first, second, _ = store(recorder)
    mixed = CheckpointEvent(first.position, second.id, second.aggregate_id, second.version)
    assert event_instead(mixed, recorder) == str(first)


def test_an_event_at_another_position_does_not_fit(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    for event in store(recorder):
        assert "nothing that tells" in (event_instead(moved(event), recorder) or "")


@pytest.mark.parametrize("aggregate_id", [str(uuid4()), "Rex", ""], ids=["uuid", "text", "empty"])
def test_an_event_of_an_unknown_stream_does_not_fit(
    recorder: EventStoreDBApplicationRecorder, aggregate_id: str
) -> None:
    first, *_ = store(recorder)
    unknown = CheckpointEvent(first.position - 1, str(uuid4()), aggregate_id, 1)
    assert event_instead(unknown, recorder)


def test_a_version_that_its_stream_has_not_reached_does_not_fit(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    first, *_ = store(recorder)
    for version in (-3, 0, 4, 99):
        later = CheckpointEvent(first.position - 1, first.id, first.aggregate_id, version)
        assert event_instead(later, recorder)


def tombstone(client: Any, stream: str) -> None:
    client.tombstone_stream(stream, current_version=StreamState.ANY)


def delete(client: Any, stream: str) -> None:
    client.delete_stream(stream, current_version=StreamState.ANY)


def truncate(client: Any, stream: str) -> None:
    client.set_stream_metadata(stream, metadata={"$tb": 2}, current_version=StreamState.ANY)


def truncate_beyond_the_end(client: Any, stream: str) -> None:
    client.set_stream_metadata(stream, metadata={"$tb": 99}, current_version=StreamState.ANY)


def keep_one(client: Any, stream: str) -> None:
    client.set_stream_metadata(stream, metadata={"$maxCount": 1}, current_version=StreamState.ANY)


@pytest.mark.parametrize("remove", [tombstone, delete, truncate, truncate_beyond_the_end, keep_one])
def test_an_event_that_was_removed_fits(
    recorder: EventStoreDBApplicationRecorder, remove: Callable[[Any, str], None]
) -> None:
    """Until a scavenge `$all` has it, afterwards only its stream tells of it."""
    first, *_ = store(recorder)
    category = recorder.category
    remove(category.client, category.naming.stream(first.aggregate_id))
    assert event_instead(first, recorder) is None
    assert event_instead(moved(first), recorder) is None


def test_an_event_behind_the_last_is_not_judged(recorder: EventStoreDBApplicationRecorder) -> None:
    """A node of a cluster may lag."""
    *_, last = store(recorder)
    beyond = CheckpointEvent(last.position + 10**9, str(uuid4()), str(uuid4()), 1)
    assert event_instead(beyond, recorder) is None


def test_a_subscription_does_not_go_on_in_another_log(
    make_factory: MakeFactory, tmp_path: Any
) -> None:
    with EventStoreDBServer(tmp_path / "after.db") as other:
        recorder = make_factory(EVENTSTOREDB_URI=other.uri).application_recorder()
        for _ in range(5):
            recorder.insert_events([StoredEvent(uuid4(), 1, "t:longer", b'{"new": true}')])
    with EventStoreDBServer(tmp_path / "before.db") as server:
        recorder = make_factory(EVENTSTOREDB_URI=server.uri).application_recorder()
        recorder.insert_events([StoredEvent(uuid4(), 1, "t:e", b"{}")])
        with recorder.subscribe() as subscription:
            next(subscription)
            server.stop()
            server._path = tmp_path / "after.db"
            server.start()
            with pytest.raises(OperationalError, match="emptied and filled again"):
                next(subscription)
