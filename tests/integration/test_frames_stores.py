"""Frames over embedded stores: an application, the bare client, and links."""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking

import esnb
from esnb.clients.installed import NewEvent, StreamState


class Crate(Aggregate):
    @event("Packed")
    def __init__(self, weight: Decimal) -> None:
        self.weight = weight

    @event("Weighed")
    def weigh(self, weight: Decimal) -> None:
        self.weight = weight


class Depot(Application[UUID]):
    is_snapshotting_enabled = True


class Weights(esnb.redis.RedisView):
    name = "weights"

    def add(self, grams: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("totals"), "grams", grams)


def a_crate(depot: Depot) -> Crate:
    crate = Crate(Decimal("1.5"))
    crate.weigh(Decimal("1.25"))
    crate.weigh(Decimal("1"))
    depot.save(crate)
    return crate


def test_an_application_and_the_client_show_the_same_events(stores: esnb.Stores) -> None:
    depot = stores.application(Depot)
    crate = a_crate(depot)

    own = esnb.events(depot)
    all_of_them = esnb.events(stores)
    bare = esnb.events(stores.eventstoredb)

    for column in ("version", "type", "time", "data", "position", "event_id", "recorded"):
        assert list(own[column]) == list(all_of_them[column]), column
    assert bare.equals(all_of_them)
    assert list(own["stream"]) == [str(crate.id)] * 3
    assert list(bare["stream"]) == [f"Depot-{crate.id}"] * 3
    assert list(bare["revision"]) == [0, 1, 2]
    assert list(bare["version"]) == [1, 2, 3]
    assert list(bare["content_type"]) == ["application/json"] * 3
    assert own["position"].is_monotonic_increasing


def test_a_stream_is_found_by_each_of_its_names(stores: esnb.Stores) -> None:
    depot = stores.application(Depot)
    crate = a_crate(depot)

    for name in (crate.id, str(crate.id)):
        assert list(esnb.stream(depot, name)["version"]) == [1, 2, 3]
    named = esnb.streams(stores)["stream"][0]
    assert list(esnb.stream(stores, named, start=2)["version"]) == [2, 3]
    assert list(esnb.stream(stores, named, last=1)["version"]) == [3]
    assert list(esnb.streams(stores, match="Depot-*")["events"]) == [3]
    assert len(esnb.streams(stores, match="Other-*")) == 0


def test_history_and_snapshots_of_stored_aggregates(stores: esnb.Stores) -> None:
    depot = stores.application(Depot)
    crate = a_crate(depot)
    depot.take_snapshot(crate.id, version=2)

    history = esnb.history(depot, crate.id)
    snapshots = esnb.snapshots(depot)

    assert list(history["weight"]) == [Decimal("1.5"), Decimal("1.25"), Decimal("1")]
    assert history["changed"][2] == "weight: 1.25 → 1"
    assert list(snapshots["version"]) == [2]
    assert list(snapshots["store"]) == ["redis"]
    assert list(esnb.verify_snapshot(depot, crate.id)["status"]) == ["ok"]


def test_a_link_shows_the_original_beside_its_own_place(stores: esnb.Stores) -> None:
    depot = stores.application(Depot)
    crate = a_crate(depot)
    links = [
        NewEvent(type="$>", data=f"{revision}@Depot-{crate.id}".encode()) for revision in (1, 2)
    ]
    stores.eventstoredb.append_to_stream(
        "heavy crates", events=links, current_version=StreamState.ANY
    )

    frame = esnb.stream(stores, "heavy crates")

    assert list(frame["stream"]) == [f"Depot-{crate.id}"] * 2
    assert list(frame["revision"]) == [1, 2]
    assert list(frame["version"]) == [2, 3]
    assert list(frame["type"]) == ["Crate.Weighed"] * 2
    assert list(frame["link_stream"]) == ["heavy crates"] * 2
    assert list(frame["link_revision"]) == [0, 1]
    assert (frame["link_position"] > frame["position"]).all()


def test_foreign_and_damaged_events_are_rows(stores: esnb.Stores) -> None:
    number = 2**53 + 1
    payloads = [
        NewEvent(type="Counted", data=json.dumps({"n": number}).encode()),
        NewEvent(type="Photo", data=b"\xff\xd8", content_type="application/octet-stream"),
        NewEvent(type="Torn", data=b'{"n": ', content_type="application/octet-stream"),
        NewEvent(type="Counted", data=b'{"m": 1}', metadata=b"\x00no json"),
        NewEvent(type="Counted", data=json.dumps({"n": 2**70}).encode()),
    ]
    stores.eventstoredb.append_to_stream(
        "foreign", events=payloads, current_version=StreamState.ANY
    )

    frame = esnb.stream(stores, "foreign")
    flat = esnb.stream(stores, "foreign", flatten=True)

    assert list(frame["type"]) == ["Counted", "Photo", "Torn", "Counted", "Counted"]
    assert frame["data"][0] == {"n": number}
    assert flat["n"][0] == number
    assert flat["n"][4] == 2**70
    assert frame["version"].dtype == "Int64"


def test_empty_stores_have_the_same_columns_and_dtypes(stores: esnb.Stores) -> None:
    depot = stores.application(Depot)
    empty = {
        "events": esnb.events(depot),
        "stream": esnb.stream(depot, uuid4()),
        "client": esnb.events(stores),
        "snapshots": esnb.snapshots(depot),
        "streams": esnb.streams(depot),
    }

    crate = a_crate(depot)
    depot.take_snapshot(crate.id)
    full = {
        "events": esnb.events(depot),
        "stream": esnb.stream(depot, crate.id),
        "client": esnb.events(stores),
        "snapshots": esnb.snapshots(depot),
        "streams": esnb.streams(depot),
    }

    for name, frame in empty.items():
        assert len(frame) == 0, name
        assert frame.dtypes.to_dict() == full[name].dtypes.to_dict(), name


def test_a_view_and_its_checkpoint(stores: esnb.Stores) -> None:
    from eventsourcing.utils import Environment

    view = Weights.construct(Environment("weights", dict(stores.env)))
    view.add(1250, Tracking("Depot", 17))
    view.add(250, Tracking("Depot", 18))

    model = esnb.read_model(view)
    checkpoints = esnb.checkpoints(stores)

    assert [str(value) for value in model["value"]] == ["1500"]
    assert list(model["field"]) == ["grams"]
    assert checkpoints[["name", "application", "position"]].to_dict("records") == [
        {"name": "weights", "application": "Depot", "position": 18}
    ]
