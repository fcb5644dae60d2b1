"""Keeps what stays on this machine off HTTP proxies."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

_PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
"""Those that gRPC obeys, loopback addresses included."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def bypass_proxies_for_loopback(environ: MutableMapping[str, str] = os.environ) -> None:
    """Has gRPC reach loopback addresses directly when the environment names a proxy.

    Sets `no_grpc_proxy`, which only gRPC reads and which it prefers to
    `no_proxy`, to what was exempt already and the loopback addresses.
    """
    if not any(environ.get(name) for name in _PROXY_VARIABLES):
        return
    exempt = environ.get("no_grpc_proxy") or environ.get("no_proxy") or ""
    entries = [entry.strip() for entry in exempt.split(",") if entry.strip()]
    missing = [host for host in _LOOPBACK if host not in entries]
    if missing:
        environ["no_grpc_proxy"] = ",".join([*entries, *missing])
