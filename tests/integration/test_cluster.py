"""Clusters, by what their nodes say of each other: who leads, who is dead, who is not yet known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

import esnb
from esnb.clients import installed
from esnb.clients.cluster import NoMemberError
from esnb.clients.eventstoredb import DISCOVERY_TIMEOUT, EventStoreDB
from esnb.clients.installed import NewEvent, StreamState
from esnb.projections import PersistentRunner
from tests.domain.bank import Account, Bank
from tests.embedded_process import EmbeddedProcess
from tests.grpc_cluster import CANDIDATE, FOLLOWER, LEADER, REPLICA, GrpcCluster, gossip
from tests.grpc_proxy import Behaviour, GrpcProxy, ProxiedCall, answer, deaf, refuse
from tests.outcomes import begun
from tests.reserved_port import ReservedPort
from tests.waiting import DEADLINE, until

SHORT = "&MaxDiscoverAttempts=2&DiscoveryInterval=10"
GONE = "127.0.0.1:9"


@pytest.fixture
def cluster(server: EmbeddedProcess) -> Iterator[GrpcCluster]:
    with GrpcCluster(server.address) as cluster:
        yield cluster


def _append(client: EventStoreDB, stream: str | None = None) -> str:
    stream = stream or f"Account-{uuid4()}"
    event = NewEvent(type="Deposited", data=b"{}")
    client.append_to_stream(stream, current_version=StreamState.ANY, events=[event])
    return stream


def _client_of(
    opened: ExitStack, uri: str, *, discovery_timeout: float = DISCOVERY_TIMEOUT
) -> EventStoreDB:
    client = EventStoreDB(uri, discovery_timeout=discovery_timeout)
    return opened.enter_context(closing(client))


def _bank_of(cluster: GrpcCluster, opened: ExitStack, options: str = "") -> Bank:
    app = Bank(
        env={
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": cluster.uri + options,
            "EVENTSTOREDB_STREAM_PREFIX": f"B{uuid4().hex}",
        }
    )
    opened.callback(app.close)
    return app


def _elect_later(cluster: GrpcCluster, opened: ExitStack, number: int, *, asked: int) -> None:
    """Has that node lead, and node 0 be dead, once node 1 was asked so often for the leader."""
    enough = cluster.nodes[1].calls("Gossip/Read") + asked

    def elect() -> None:
        until(lambda: cluster.nodes[1].calls("Gossip/Read") >= enough)
        cluster.alive[0] = False
        cluster.elect(number)

    opened.callback(begun(elect))


# --- which node -----------------------------------------------------------------


@pytest.mark.parametrize("leader", [0, 1, 2])
def test_the_leader_is_used_wherever_it_stands(
    cluster: GrpcCluster, opened: ExitStack, leader: int
) -> None:
    cluster.elect(leader)

    client = _client_of(opened, cluster.uri)

    assert client.connection_target == cluster.nodes[leader].address
    assert client.get_stream(_append(client))


def test_a_dead_leader_is_no_second_one(cluster: GrpcCluster, opened: ExitStack) -> None:
    cluster.kill(0)
    cluster.elect(1)
    assert cluster.states == [LEADER, LEADER, FOLLOWER]

    client = _client_of(opened, cluster.uri)

    assert client.connection_target == cluster.nodes[1].address
    assert client.get_stream(_append(client))


@pytest.mark.parametrize("down", [0, 1, 2])
def test_a_target_that_is_down_is_left_out(
    cluster: GrpcCluster, opened: ExitStack, down: int
) -> None:
    targets = cluster.targets.split(",")
    targets.insert(down, GONE)

    client = _client_of(opened, f"esdb://{','.join(targets)}?Tls=false")

    assert client.connection_target == cluster.leader


def test_a_target_that_does_not_answer_gossip_holds_up_nobody(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    cluster.nodes[0].on("Gossip/Read", deaf)

    # As long as it may be silent, an answer of another one is enough.
    client = _client_of(opened, f"{cluster.uri}&GossipTimeout=3600", discovery_timeout=3600.0)

    assert client.connection_target == cluster.leader


def test_a_name_is_enough(cluster: GrpcCluster, opened: ExitStack) -> None:
    cluster.elect(2)

    client = _client_of(opened, f"esdb+discover://{cluster.nodes[0].address}?Tls=false")

    assert client.connection_target == cluster.nodes[2].address
    _append(client)


@pytest.mark.parametrize("scheme", ["esdb+discover", "esdb"])
def test_a_single_node_is_used_where_it_was_found(
    server: EmbeddedProcess, opened: ExitStack, scheme: str
) -> None:
    proxy = opened.enter_context(GrpcProxy(server.address))
    proxy.on("Gossip/Read", answer(gossip(("inside.invalid:2113", LEADER, True))))
    targets = f"{proxy.address},{GONE}" if scheme == "esdb" else proxy.address

    client = _client_of(opened, f"{scheme}://{targets}?Tls=false")

    assert client.connection_target == proxy.address
    _append(client)


def test_a_dead_follower_is_not_read_from(cluster: GrpcCluster, opened: ExitStack) -> None:
    cluster.kill(1)

    for _ in range(5):
        client = _client_of(opened, f"{cluster.uri}&NodePreference=follower")
        assert client.connection_target == cluster.nodes[2].address


def test_a_preference_is_a_wish(server: EmbeddedProcess, opened: ExitStack) -> None:
    alone = opened.enter_context(GrpcCluster(server.address, LEADER))
    with_replica = opened.enter_context(GrpcCluster(server.address, LEADER, FOLLOWER, REPLICA))
    addresses = [node.address for node in with_replica.nodes]

    for preference in ("follower", "random", "readonlyreplica"):
        uri = f"esdb+discover://{alone.targets}?Tls=false&NodePreference={preference}"
        assert _client_of(opened, uri).connection_target == alone.targets
    chosen = _client_of(opened, f"{with_replica.uri}&NodePreference=readonlyreplica")
    assert chosen.connection_target == addresses[2]
    with_replica.kill(2)
    chosen = _client_of(opened, f"{with_replica.uri}&NodePreference=readonlyreplica")
    assert chosen.connection_target in addresses[:2]


# --- while there is none ----------------------------------------------------------


def test_an_election_is_waited_for(cluster: GrpcCluster, opened: ExitStack) -> None:
    cluster.states[0] = CANDIDATE
    _elect_later(cluster, opened, 1, asked=25)  # more than ten attempts

    client = _client_of(opened, f"{cluster.uri}&DiscoveryInterval=10", discovery_timeout=DEADLINE)

    assert client.connection_target == cluster.nodes[1].address


def test_two_leaders_that_are_alive_are_an_election(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    cluster.states = [LEADER, LEADER, FOLLOWER]

    with pytest.raises(NoMemberError, match="one leader among its members"):
        EventStoreDB(cluster.uri + SHORT)


def test_the_error_names_the_members_and_their_states(cluster: GrpcCluster) -> None:
    cluster.states = [LEADER, FOLLOWER, 77]
    cluster.kill(0)
    first, second, third = (node.address for node in cluster.nodes)

    with pytest.raises(installed.DiscoveryFailed) as caught:
        EventStoreDB(cluster.uri + SHORT)

    text = str(caught.value)
    assert f"{first} Leader dead, {second} Follower alive, {third} state 77 alive" in text
    page = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")
    quoted = "the cluster has not one leader among its members: node1:2113 Leader dead, node2:2113"
    assert quoted in page
    assert text.startswith(quoted.partition("node1")[0])
    assert f"{first} does not answer Gossip (UNAVAILABLE" in text


def test_members_that_are_not_told_are_named_as_missing(
    cluster: GrpcCluster,
) -> None:
    for node in cluster.nodes:
        node.on("Gossip/Read", answer(gossip()))

    with pytest.raises(NoMemberError, match="one leader among its members: none"):
        EventStoreDB(cluster.uri + SHORT)


def test_nodes_that_refuse_gossip_are_named(cluster: GrpcCluster) -> None:
    for node in cluster.nodes:
        node.on("Gossip/Read", refuse(grpc.StatusCode.UNAUTHENTICATED, "no\nway"))

    with pytest.raises(
        installed.DiscoveryFailed, match=r"UNAUTHENTICATED: no way\); 127"
    ) as caught:
        EventStoreDB(cluster.uri + SHORT)

    assert not isinstance(caught.value, NoMemberError)


def test_max_discover_attempts_is_kept(cluster: GrpcCluster) -> None:
    cluster.states[0] = CANDIDATE

    with pytest.raises(NoMemberError):
        EventStoreDB(
            f"{cluster.uri}&MaxDiscoverAttempts=3&DiscoveryInterval=1", discovery_timeout=3600.0
        )

    assert cluster.nodes[0].calls("Gossip/Read") == 3


# --- connect() ----------------------------------------------------------------------


def _refused(uri: str, *, timeout: float = 3.0) -> str:
    with pytest.raises(OperationalError) as caught, ReservedPort() as redis:
        esnb.connect(uri, redis=f"redis://127.0.0.1:{redis.number}", timeout=timeout)
    text = str(caught.value)
    assert "\n" not in text
    return text.partition("; Redis at")[0]


def test_connect_says_what_the_members_are_and_nothing_of_ports(cluster: GrpcCluster) -> None:
    cluster.kill(0)

    text = _refused(cluster.uri)

    assert "cannot be used within 3 s" in text
    assert f"{cluster.nodes[0].address} Leader dead" in text
    assert f"{cluster.nodes[1].address} Follower alive" in text
    assert "election" in text
    assert "TLS" not in text
    assert "port" not in text


@pytest.mark.parametrize("is_deaf", [True, False])
def test_connect_names_a_member_that_cannot_be_reached(cluster: GrpcCluster, is_deaf: bool) -> None:
    named = GONE
    if is_deaf:
        named = cluster.nodes[2].address
        cluster.nodes[2].on("", deaf)
    told = gossip((cluster.nodes[0].address, FOLLOWER, True), (named, LEADER, True))
    for node in cluster.nodes:
        node.on("Gossip/Read", answer(told))

    text = _refused(f"esdb://{cluster.nodes[0].address},{cluster.nodes[1].address}?Tls=false")

    assert f"names {named} as the node to use" in text
    assert "TLS" not in text


def test_connect_says_nothing_of_ports_where_the_leader_is_frozen(cluster: GrpcCluster) -> None:
    cluster.nodes[0].on("Streams", deaf)

    text = _refused(cluster.uri)

    assert f"names {cluster.nodes[0].address} as the node to use" in text
    assert "TLS" not in text


# --- in the middle --------------------------------------------------------------------


def test_an_application_goes_on_with_the_new_leader(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()

    cluster.kill(0)
    cluster.elect(1)
    app.deposit(account, 1)
    cluster.elect(2)  # this time the old one goes on, and follows
    app.deposit(account, 2)

    assert app.repository.get(account).version == 3
    assert len(app.recorder.select_notifications(1, 10_000)) >= 3


def test_reads_go_on_with_the_new_leader(cluster: GrpcCluster, opened: ExitStack) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()

    cluster.elect(1)  # the connection stays, to a node that leads no more

    assert app.repository.get(account).version == 1
    assert app.recorder.max_notification_id() is not None


def test_a_save_waits_for_the_election(cluster: GrpcCluster, opened: ExitStack) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()
    cluster.kill(0)
    _elect_later(cluster, opened, 2, asked=2)

    app.deposit(account, 1)

    assert app.repository.get(account).version == 2


def test_a_subscription_goes_on_with_the_new_leader(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()
    with app.recorder.subscribe(app.recorder.max_notification_id()) as subscription:
        cluster.elect(1)
        for node in cluster.nodes:
            node.cut()
        app.deposit(account, 1)

        assert next(subscription).originator_version == 2


@pytest.mark.parametrize("is_reset", [True, False])
@pytest.mark.parametrize("reads", [True, False])
def test_a_dead_leader_that_the_others_still_think_alive_is_waited_out(
    cluster: GrpcCluster, opened: ExitStack, is_reset: bool, reads: bool
) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()
    fresh: Account = app.repository.get(account)
    fresh.deposit(1)
    if is_reset:
        cluster.nodes[0].connections.reset()
    else:
        cluster.nodes[0].stop()
    _elect_later(cluster, opened, 1, asked=3)

    if reads:
        assert app.repository.get(account).version == 1
    app.save(fresh)

    assert app.repository.get(account).version == 2
    assert list(esnb.events(app)["version"]) == [1, 2]


def test_a_leader_that_cannot_be_reached_is_named(cluster: GrpcCluster, opened: ExitStack) -> None:
    told = gossip((cluster.nodes[1].address, FOLLOWER, True), (GONE, LEADER, True))
    for node in cluster.nodes:
        node.on("Gossip/Read", answer(told))
    app = _bank_of(cluster, opened, SHORT)

    with pytest.raises(OperationalError, match=f"names {GONE} as the node to use") as caught:
        app.open()

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("preference", ["follower", "random"])
def test_a_node_that_cannot_be_reached_is_not_read_from(
    cluster: GrpcCluster, opened: ExitStack, preference: str
) -> None:
    told = gossip(
        (cluster.nodes[0].address, LEADER, True),
        (GONE, FOLLOWER, True),
        (cluster.nodes[2].address, FOLLOWER, True),
    )
    for node in cluster.nodes:
        node.on("Gossip/Read", answer(told))

    for _ in range(5):
        client = _client_of(opened, f"{cluster.uri}&NodePreference={preference}")
        assert client.connection_target != GONE


def _garbage(call: ProxiedCall) -> Iterator[bytes]:
    del call
    yield b"\xff\xff\xffno message"


@pytest.mark.parametrize("babbling", [[0], [1], [1, 2]])
def test_nodes_that_answer_garbage_are_left_out(
    cluster: GrpcCluster, opened: ExitStack, babbling: list[int]
) -> None:
    for number in babbling:
        cluster.nodes[number].on("Gossip/Read", _garbage)

    client = _client_of(opened, cluster.uri)

    assert client.connection_target == cluster.leader
    assert client.get_stream(_append(client))


def test_a_node_that_lies_of_the_leader_is_put_right_by_the_one_it_names(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    first, second, third = (node.address for node in cluster.nodes)
    lie = gossip((first, FOLLOWER, True), (second, LEADER, True), (third, FOLLOWER, True))
    cluster.nodes[0].on("Gossip/Read", deaf)
    for node in cluster.nodes[1:]:
        node.on("Gossip/Read", answer(lie))

    client = _client_of(opened, cluster.uri)

    assert client.get_stream(_append(client))
    assert client.connection_target == first


# --- what was saved as the leader changed -------------------------------------------------


def _then(cluster: GrpcCluster, happens: Callable[[], object]) -> Behaviour:
    """Has the server do what is asked; then something happens, and nobody hears of it."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        for _ in call.forward():
            pass
        happens()
        cluster.elect(1)
        call.refuse(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        yield from ()

    return behave


@pytest.mark.parametrize("end", ["resigned", "reset", "frozen"])
def test_what_the_old_leader_had_stored_is_stored_once(
    cluster: GrpcCluster, opened: ExitStack, end: str
) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()
    fresh: Account = app.repository.get(account)
    for _ in range(3):
        fresh.deposit(1)
    old = cluster.nodes[0]
    ends: dict[str, Callable[[], object]] = {
        "resigned": lambda: None,
        "reset": lambda: (cluster.alive.__setitem__(0, False), old.connections.reset()),
        "frozen": lambda: (cluster.alive.__setitem__(0, False), old.connections.freeze()),
    }
    old.on("Append", _then(cluster, ends[end]), times=1)

    recorded = app.save(fresh)

    assert len({each.notification.id for each in recorded}) == 3
    assert list(esnb.events(app)["version"]) == [1, 2, 3, 4]
    app.deposit(account, 1)
    assert app.repository.get(account).version == 5


def test_a_conflict_is_one_under_the_new_leader_too(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()
    mine: Account = app.repository.get(account)
    theirs: Account = app.repository.get(account)
    theirs.deposit(1)
    app.save(theirs)
    mine.deposit(2)
    cluster.kill(0)
    cluster.elect(1)

    with pytest.raises(IntegrityError):
        app.save(mine)

    assert list(esnb.events(app)["version"]) == [1, 2]


def test_parked_events_are_replayed_under_the_new_leader(
    cluster: GrpcCluster, opened: ExitStack
) -> None:
    app = _bank_of(cluster, opened)
    account = app.open()
    is_broken = [True]
    handled: list[int] = []

    def handle(domain_event: Any, recorded: Any) -> None:
        if is_broken[0]:
            raise ValueError("out of order")
        handled.append(domain_event.originator_version)

    with PersistentRunner(app, "g", handle, remember=0, retries=0) as runner:
        runner.wait(timeout=DEADLINE)
        assert runner.status().parked_in_group == 1
        is_broken[0] = False
        cluster.kill(0)
        cluster.elect(1)

        runner.replay_parked()
        app.deposit(account, 1)
        runner.wait(timeout=DEADLINE)
        until(lambda: sorted(handled) == [1, 2])
        assert runner.status().error is None
