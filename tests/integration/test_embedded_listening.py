"""Where the embedded server listens, and how it calls itself to clients that ask."""

from __future__ import annotations

import socket

import grpc
import pytest

from esnb.clients.installed import gossip_pb2, shared_pb2
from esnb.embedded.services.listening import PortUnusable
from tests.embedded_server import start_server

LOOPBACKS = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


def machines_own() -> list[str]:
    """The loopback addresses of this machine: some have no IPv6."""
    found = []
    for family, address in LOOPBACKS:
        try:
            with socket.socket(family) as probe:
                probe.bind((address, 0))
        except OSError:
            continue
        found.append(address)
    return found


def advertised(target: str) -> str:
    """The host that Gossip names to a client that dialled `target`."""
    with grpc.insecure_channel(target) as channel:
        read = channel.unary_unary(
            "/event_store.client.gossip.Gossip/Read",
            request_serializer=shared_pb2.Empty.SerializeToString,
            response_deserializer=gossip_pb2.ClusterInfo.FromString,
        )
        (member,) = read(shared_pb2.Empty(), timeout=10).members
    return str(member.http_end_point.address)


def test_every_loopback_is_served_and_told_a_name_of_its_own() -> None:
    names = {"127.0.0.1": "127.0.0.1", "::1": "localhost"}
    with start_server() as server:
        for address in machines_own():
            target = f"[{address}]" if ":" in address else address
            assert advertised(f"{target}:{server.port}") == names[address]


def test_host_that_was_given_is_advertised() -> None:
    with start_server(host="localhost") as server:
        assert advertised(f"127.0.0.1:{server.port}") == "localhost"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_port_that_another_program_has_is_refused(host: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortUnusable, match=f"cannot listen on {host}:{port}"):
            start_server(host=host, port=port)


def test_port_that_another_program_has_over_ipv6_only_is_shared() -> None:
    with start_server() as first:
        port = first.port
    others = []
    for family, address in LOOPBACKS[1:]:
        if address in machines_own():
            other = socket.socket(family)
            other.bind((address, port))
            other.listen()
            others.append(other)
    with start_server(port=port) as server:
        assert advertised(f"127.0.0.1:{server.port}") == "127.0.0.1"
    for other in others:
        other.close()
