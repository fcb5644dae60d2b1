"""A cluster of doubles: proxies before one embedded server, which say that they are its nodes.

    with EmbeddedProcess() as server, GrpcCluster(server.address) as cluster:
        client = EventStoreDB(cluster.uri)
        cluster.kill(0)  # the others go on listing it: Leader, dead
        cluster.elect(1)
        cluster.freeze(1)  # takes connections, and answers nothing

A node that is not the leader refuses calls that require it, as EventStoreDB
does: NOT_FOUND, and in the trailers where the leader is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import grpc

from esnb.clients.installed import gossip_pb2
from tests.grpc_proxy import GrpcProxy, ProxiedCall, answer, forward

LEADER = gossip_pb2.MemberInfo.Leader
FOLLOWER = gossip_pb2.MemberInfo.Follower
REPLICA = gossip_pb2.MemberInfo.ReadOnlyReplica
CANDIDATE = gossip_pb2.MemberInfo.Unknown


def gossip(*members: tuple[str, int, bool]) -> Any:
    """An answer of Gossip's, of (`host:port`, state, is alive)."""
    info = gossip_pb2.ClusterInfo()
    for target, state, is_alive in members:
        host, _, port = target.rpartition(":")
        member = info.members.add(state=state, is_alive=is_alive)
        member.http_end_point.address, member.http_end_point.port = host, int(port)
    return info


class GrpcCluster:
    """Started when it is entered: the first node leads, the others follow."""

    def __init__(self, target: str, *states: int) -> None:
        self.states = list(states or (LEADER, FOLLOWER, FOLLOWER))
        self.alive = [True for _ in self.states]
        self.nodes = [GrpcProxy(target) for _ in self.states]
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for number, node in enumerate(self.nodes):
            self._stack.enter_context(node)
            self._behave(number, node)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    @property
    def targets(self) -> str:
        return ",".join(node.address for node in self.nodes)

    @property
    def uri(self) -> str:
        return f"esdb://{self.targets}?Tls=false"

    @property
    def leader(self) -> str | None:
        """The leader's `host:port`."""
        for node, state, alive in zip(self.nodes, self.states, self.alive, strict=True):
            if alive and state == LEADER:
                return node.address
        return None

    def elect(self, number: int) -> None:
        """Has that node lead, and a leader that is alive follow."""
        for other, state in enumerate(self.states):
            if state == LEADER and self.alive[other]:
                self.states[other] = FOLLOWER
        self.states[number] = LEADER

    def kill(self, number: int) -> None:
        """Ends a node; the others know that it is dead, and go on telling its last state."""
        self.alive[number] = False
        self.nodes[number].stop()

    def freeze(self, number: int) -> None:
        """Stops a node as SIGSTOP does; the others know that it is dead, and go on telling its
        last state."""
        self.alive[number] = False
        self.nodes[number].freeze()

    def thaw(self, number: int) -> None:
        """Has a node that was frozen go on, as a follower where another one leads meanwhile."""
        self.alive[number] = True
        if self.states.count(LEADER) > 1:
            self.states[number] = FOLLOWER
        self.nodes[number].thaw()

    def _behave(self, number: int, node: GrpcProxy) -> None:
        def require_leader(call: ProxiedCall) -> Iterator[bytes]:
            leader = self.leader
            if call.metadata.get("requires-leader") == "true" and leader != node.address:
                if leader is None:
                    call.refuse(grpc.StatusCode.UNAVAILABLE, "Server Is Not Ready")
                host, _, port = str(leader).rpartition(":")
                trailers = [("leader-endpoint-host", host), ("leader-endpoint-port", port)]
                call.refuse(grpc.StatusCode.NOT_FOUND, "Leader info available", trailers)
            return forward(call)

        def tell(call: ProxiedCall) -> Iterator[bytes]:
            targets = (each.address for each in self.nodes)
            return answer(gossip(*zip(targets, self.states, self.alive, strict=True)))(call)

        node.on("", require_leader)
        node.on("Gossip/Read", tell)
