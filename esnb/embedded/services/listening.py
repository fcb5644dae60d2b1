"""Where the server listens, and by which name a caller knows it."""

from __future__ import annotations

import socket
from contextlib import suppress

import grpc

LOOPBACK = "127.0.0.1"
NAME = "localhost"


class PortUnusable(Exception):
    """Another program has the port, or the host is not of this machine."""


def listen(server: grpc.aio.Server, host: str, port: int) -> int:
    """Have the server listen there; returns the port, which is a free one for 0.

    On the machine itself also over IPv6, where there is such a thing: that is
    what gRPC tries first for `localhost`. Raises `PortUnusable`.
    """
    local = host in (LOOPBACK, NAME)
    try:
        port = server.add_insecure_port(f"{LOOPBACK if local else host}:{port}")
    except RuntimeError as error:
        raise PortUnusable(f"cannot listen on {host}:{port}: {error}") from error
    if local and _is_free("::1", port):
        with suppress(RuntimeError):  # taken since: who dials an address in IPv4 is served
            server.add_insecure_port(f"[::1]:{port}")
    return port


def advertised_host(host: str, peer: str) -> str:
    """The host of the server for a caller: one that came over IPv6 dialled no IPv4 address."""
    return NAME if host == LOOPBACK and peer.startswith("ipv6:") else host


def _is_free(address: str, port: int) -> bool:
    """Whether a server could listen there; gRPC would tell stderr that it cannot."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return False
    return True
