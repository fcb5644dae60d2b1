"""An application sees its own events and nobody else's."""

from __future__ import annotations

from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import InfrastructureFactoryError, StoredEvent

from esnb.clients.installed import NewEvent, StreamState
from esnb.eventstoredb import EventStoreDBApplicationRecorder
from tests.contract.eventstoredb.conftest import MakeFactory
from tests.eventstoredb_server import EventStoreDBServer


def save(recorder: EventStoreDBApplicationRecorder, originator_id: object = None) -> int:
    event = StoredEvent(originator_id or uuid4(), 1, "t", b"{}")  # type: ignore[arg-type]
    return recorder.insert_events([event])[0]


def seen(recorder: EventStoreDBApplicationRecorder) -> list[int]:
    return [each.id for each in recorder.select_notifications(None, 1000)]


@pytest.mark.parametrize("suffix", ["2", "ping", ".x", "_"])
@pytest.mark.parametrize("id_type", ["uuid", "text"])
def test_names_that_begin_alike(
    make_factory: MakeFactory, name: str, suffix: str, id_type: str
) -> None:
    ours = make_factory(name, ORIGINATOR_ID_TYPE=id_type).application_recorder()
    theirs = make_factory(name + suffix, ORIGINATOR_ID_TYPE=id_type).application_recorder()
    first, second, third = save(ours), save(theirs), save(ours)
    assert seen(ours) == [first, third]
    assert seen(theirs) == [second]
    assert theirs.max_notification_id() == second
    with theirs.subscribe() as subscription:
        assert next(subscription).id == second


@pytest.mark.parametrize(
    "metacharacters", ["a.b", "a+b", "a(b)", "[ab]", "a|b", "a b", "ä#b", "a$"]
)
def test_names_are_taken_literally(
    make_factory: MakeFactory, name: str, metacharacters: str
) -> None:
    ours = make_factory(metacharacters + name).application_recorder()
    other = make_factory("axb" + name).application_recorder()
    position = save(ours)
    save(other)
    assert seen(ours) == [position]
    with ours.subscribe() as subscription:
        assert next(subscription).id == position


def test_streams_of_the_category_that_hold_no_aggregate_are_passed_over(
    make_factory: MakeFactory, name: str
) -> None:
    recorder = make_factory().application_recorder()
    recorder.category.client.append_to_stream(
        f"{name}-not-a-uuid",
        current_version=StreamState.NO_STREAM,
        events=[NewEvent(type="x", data=b"{}")],
    )
    position = save(recorder)
    assert seen(recorder) == [position]
    assert recorder.max_notification_id() == position


def test_metadata_events_and_snapshots_are_no_notifications(
    make_factory: MakeFactory,
) -> None:
    for id_type in ("uuid", "text"):
        factory = make_factory(SNAPSHOT_STORE="eventstoredb", ORIGINATOR_ID_TYPE=id_type)
        recorder = factory.application_recorder()
        originator_id = uuid4()
        before = seen(recorder)
        position = save(recorder, originator_id)
        stream = recorder.category.naming.stream(originator_id)
        recorder.category.client.set_stream_metadata(stream, metadata={"$maxCount": 100})
        snapshot = StoredEvent(originator_id, 1, "snapshot", b"{}")
        factory.aggregate_recorder("snapshots").insert_events([snapshot])
        assert seen(recorder) == [*before, position]
        assert recorder.max_notification_id() == position


@pytest.mark.parametrize("id_type", ["uuid", "text"])
def test_bare_ids_see_every_aggregate_and_no_system_stream(id_type: str) -> None:
    from esnb.eventstoredb import EventStoreDBFactory

    with EventStoreDBServer() as server:
        factory = EventStoreDBFactory(
            {
                "EVENTSTOREDB_URI": server.uri,
                "EVENTSTOREDB_STREAM_PREFIX": "",
                "ORIGINATOR_ID_TYPE": id_type,
                "SNAPSHOT_STORE": "eventstoredb",
            }
        )
        recorder = factory.application_recorder()
        assert recorder.max_notification_id() is None
        originator_id = uuid4() if id_type == "uuid" else "order 7"
        position = save(recorder, originator_id)
        recorder.category.client.set_stream_metadata(str(originator_id), metadata={"$maxCount": 9})
        factory.aggregate_recorder("snapshots").insert_events(
            [StoredEvent(originator_id, 1, "snapshot", b"{}")]
        )
        recorder.category.client.append_to_stream(
            f"snapshot-${originator_id}",
            current_version=StreamState.ANY,
            events=[NewEvent(type="theirs", data=b"{}")],
        )
        assert seen(recorder) == [position]
        assert recorder.max_notification_id() == position
        (notification,) = recorder.select_notifications(None, 9)
        assert notification.originator_id == originator_id
        factory.close()


def test_a_name_with_a_dash_is_refused_unless_a_prefix_is_given(
    env: dict[str, str], name: str
) -> None:
    class Dashed(Application):  # type: ignore[type-arg]
        pass

    Dashed.name = "my-shop"
    with pytest.raises(InfrastructureFactoryError, match=r"'my-shop'.*EVENTSTOREDB_STREAM_PREFIX"):
        Dashed(env=env)
    app = Dashed(env={**env, "EVENTSTOREDB_STREAM_PREFIX": name})
    aggregate = Aggregate()
    app.save(aggregate)
    assert app.recorder.select_notifications(None, 9)[0].originator_id == aggregate.id
    app.close()


def test_a_prefix_of_one_application_concerns_that_one(env: dict[str, str], name: str) -> None:
    class Prefixed(Application):  # type: ignore[type-arg]
        pass

    class Unprefixed(Application):  # type: ignore[type-arg]
        pass

    shared = {**env, "PREFIXED_EVENTSTOREDB_STREAM_PREFIX": name}
    with Prefixed(env=shared) as prefixed, Unprefixed(env=shared) as unprefixed:
        assert prefixed.recorder.category.naming.prefix == name  # type: ignore[attr-defined]
        assert unprefixed.recorder.category.naming.prefix == "Unprefixed"  # type: ignore[attr-defined]
