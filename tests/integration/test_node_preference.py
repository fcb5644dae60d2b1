"""`NodePreference`: reads go to the preferred node, and what only the leader does to the leader."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import chain
from typing import Any, ClassVar
from uuid import UUID, uuid4

import grpc
import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, OperationalError

import esnb
from esnb.clients import installed
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import NewEvent, StreamState, streams_pb2
from esnb.eventstoredb.connection import SharedClient
from esnb.projections import PersistentRunner
from tests.embedded_process import EmbeddedProcess
from tests.grpc_cluster import FOLLOWER, LEADER, REPLICA, GrpcCluster
from tests.grpc_proxy import Behaviour, GrpcProxy, ProxiedCall, refuse
from tests.redis_server import RedisServer
from tests.waiting import DEADLINE

NOWHERE = (("leader-endpoint-host", ""), ("leader-endpoint-port", ""))
PREFERENCES = ["follower", "random", "readonlyreplica", "leader"]


class Lamp(Aggregate):
    @event("Turned")
    def turn(self) -> None:
        pass


class Lamps(Application[UUID]):
    snapshotting_intervals: ClassVar[dict[type[Any], int]] = {Lamp: 2}

    def make(self, turns: int = 0) -> tuple[Lamp, list[Any]]:
        lamp = Lamp()
        for _ in range(turns):
            lamp.turn()
        return lamp, self.save(lamp)


@pytest.fixture
def cluster(server: EmbeddedProcess) -> Iterator[GrpcCluster]:
    with GrpcCluster(server.address, LEADER, FOLLOWER, REPLICA) as cluster:
        yield cluster


def _application(opened: ExitStack, uri: str) -> Lamps:
    env = {"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": uri}
    env["EVENTSTOREDB_STREAM_PREFIX"] = f"L{uuid4().hex}"
    app = Lamps(env={**env, "IS_SNAPSHOTTING_ENABLED": "y"})
    opened.callback(app.close)
    return app


def _event() -> NewEvent:
    return NewEvent(type="Turned", data=b"{}")


@pytest.mark.parametrize("preference", PREFERENCES)
def test_an_application_saves_and_reads(
    cluster: GrpcCluster, opened: ExitStack, preference: str
) -> None:
    app = _application(opened, f"{cluster.uri}&NodePreference={preference}")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lamp, recorded = app.make(turns=3)
    fresh: Lamp = app.repository.get(lamp.id)
    fresh.turn()
    app.save(fresh)

    assert app.repository.get(lamp.id).version == 5
    assert len({each.notification.id for each in recorded}) == 4
    assert len(app.recorder.select_notifications(1, 100)) == 5
    assert list(esnb.events(app)["version"]) == [1, 2, 3, 4, 5]


def lagging(revision: int) -> Behaviour:
    """Of each stream of the application, the events below that revision only: what a node that
    lags behind has."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        for message in call.forward():
            recorded = streams_pb2.ReadResp.FromString(message).event.event
            if recorded.stream_revision < revision or not recorded.ByteSize():
                yield message

    return behave


def test_a_follower_that_lags_shows_less_and_loses_nothing(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    app = _application(opened, f"{cluster.uri}&NodePreference=follower")
    lamp, _ = app.make(turns=2)
    follower = cluster.nodes[1]

    follower.on("Streams/Read", lagging(0))
    with pytest.raises(AggregateNotFoundError):
        app.repository.get(lamp.id)
    follower.off("Streams/Read")
    follower.on("Streams/Read", lagging(2))
    older: Lamp = app.repository.get(lamp.id)
    assert older.version == 2
    older.turn()
    with pytest.raises(IntegrityError):
        app.save(older)

    follower.off("Streams/Read")
    again: Lamp = app.repository.get(lamp.id)
    again.turn()
    app.save(again)
    assert list(esnb.events(app)["version"]) == [1, 2, 3, 4]


def test_snapshots_are_kept_by_a_user_who_may_not_trim_them(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    denied = refuse(grpc.StatusCode.PERMISSION_DENIED, "Access Denied")
    refused: list[str] = []

    def refuse_metadata(call: ProxiedCall) -> Iterator[bytes]:
        first = next(call.requests)
        call.requests = chain([first], call.requests)
        if b"$$" not in first:
            return call.forward()
        refused.append(call.method)
        return denied(call)

    for node in cluster.nodes:
        node.on("Append", refuse_metadata)
    app = _application(opened, cluster.uri)
    lamp, _ = app.make()
    for _ in range(45):  # twice as many snapshots as are kept, and a few
        turned: Lamp = app.repository.get(lamp.id)
        turned.turn()
        app.save(turned)

    assert refused
    assert app.repository.get(lamp.id).version == 46
    assert esnb.snapshots(app, lamp.id)["version"].max() == 46


def test_frames_read_from_the_preferred_node(cluster: GrpcCluster, opened: ExitStack) -> None:
    uri = f"{cluster.uri}&NodePreference=follower"
    client = opened.enter_context(closing(EventStoreDB(uri)))
    stream = f"Lamp-{uuid4()}"
    client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=[_event()])
    read_before = cluster.nodes[0].calls("Streams/Read")

    assert len(esnb.events(client)) >= 1
    assert len(esnb.stream(client, stream)) == 1

    leader, follower, _ = cluster.nodes
    assert follower.calls("Streams/Read") >= 2
    assert leader.calls("Streams/Read") == read_before
    assert follower.calls("Append") == 0
    assert client.connection_target == follower.address


@pytest.mark.parametrize("client_class", [EventStoreDB, SharedClient])
@pytest.mark.parametrize("preference", PREFERENCES)
def test_a_client_does_at_the_leader_what_only_that_does(
    cluster: GrpcCluster,
    opened: ExitStack,
    preference: str,
    client_class: type[EventStoreDB],
) -> None:
    uri = f"{cluster.uri}&nodePreference={preference}"
    client = opened.enter_context(closing(client_class(uri)))
    stream, group = f"Lamp-{uuid4()}", uuid4().hex
    projection = "$by_correlation_id"

    client.append_event(stream, current_version=StreamState.NO_STREAM, event=_event())
    client.append_events(stream, current_version=0, events=[_event(), _event()])
    client.set_stream_metadata(stream, metadata={"$maxCount": 2})
    client.create_subscription_to_stream(group, stream)
    client.update_subscription_to_stream(group, stream, message_timeout=20.0)
    with client.read_subscription_to_stream(group, stream) as consumer:
        consumer.ack(next(consumer))
    assert group in [info.group_name for info in client.list_subscriptions()]
    assert client.get_subscription_info(group, stream).message_timeout == 20.0
    client.replay_parked_events(group, stream)
    client.delete_subscription(group, stream)
    assert client.get_projection_statistics(name=projection).name == projection
    client.disable_projection(name=projection)
    client.enable_projection(name=projection)
    assert client.get_stream_metadata(stream)[0] == {"$maxCount": 2}
    client.delete_stream(stream, current_version=StreamState.ANY)
    client.tombstone_stream(stream, current_version=StreamState.ANY)
    with pytest.raises(installed.StreamIsDeleted):
        client.get_stream(stream)


@pytest.mark.parametrize("preference", PREFERENCES)
def test_a_persistent_runner_consumes(
    cluster: GrpcCluster, opened: ExitStack, preference: str
) -> None:
    uri = f"{cluster.uri}&NodePreference={preference}"
    client = opened.enter_context(closing(EventStoreDB(uri)))
    stream = f"Lamp-{uuid4()}"
    client.append_to_stream(stream, current_version=StreamState.NO_STREAM, events=[_event()])
    handled: list[Any] = []

    runner = PersistentRunner(
        client,
        uuid4().hex,
        lambda domain_event, recorded: handled.append(recorded.id),
        stream=stream,
        remember=0,
    )
    with runner:
        runner.wait(0, timeout=DEADLINE)

    assert len(handled) == 1


@pytest.mark.parametrize("preference", PREFERENCES)
def test_a_single_target_that_follows_says_where_the_leader_is(
    cluster: GrpcCluster, opened: ExitStack, preference: str
) -> None:
    uri = f"esdb://{cluster.nodes[1].address}?Tls=false&NodePreference={preference}"
    app = _application(opened, uri)

    lamp, recorded = app.make(turns=2)

    assert len({each.notification.id for each in recorded}) == 3
    assert app.repository.get(lamp.id).version == 3


def test_connect_to_a_single_target_that_follows(cluster: GrpcCluster, opened: ExitStack) -> None:
    redis = opened.enter_context(RedisServer())
    uri = f"esdb://{cluster.nodes[1].address}?Tls=false"
    stores = opened.enter_context(esnb.connect(uri, redis=redis.url))

    stream = f"Lamp-{uuid4()}"
    stores.eventstoredb.append_to_stream(
        stream, current_version=StreamState.NO_STREAM, events=[_event()]
    )

    assert len(esnb.stream(stores, stream)) == 1


@pytest.mark.parametrize("is_killed", [True, False])
def test_writing_goes_on_with_a_new_leader(
    cluster: GrpcCluster, opened: ExitStack, is_killed: bool
) -> None:
    app = _application(opened, f"{cluster.uri}&NodePreference=follower")
    lamp, _ = app.make()
    if is_killed:
        cluster.kill(0)
    cluster.elect(1)

    fresh: Lamp = app.repository.get(lamp.id)
    fresh.turn()
    app.save(fresh)

    assert app.repository.get(lamp.id).version == 2


def test_closing_a_client_closes_its_second_connection(cluster: GrpcCluster) -> None:
    client = EventStoreDB(f"{cluster.uri}&NodePreference=follower")
    leader = client.leader
    assert leader is not client
    assert leader.connection_target == cluster.leader

    client.close()

    assert leader.is_closed


def test_a_refusal_says_what_to_write(server: EmbeddedProcess, opened: ExitStack) -> None:
    follower = opened.enter_context(GrpcProxy(server.address))
    # A proxy in between may lose the trailers that say where the leader is.
    follower.on("Streams", refuse(grpc.StatusCode.NOT_FOUND, "Leader info available", NOWHERE))
    app = _application(opened, follower.uri)

    with pytest.raises(OperationalError, match="not the leader") as caught:
        app.make()

    assert "esdb+discover://" in str(caught.value)
    assert "\n" not in str(caught.value)
