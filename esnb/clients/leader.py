"""Where the leader is, by the node that refuses what only the leader does."""

from __future__ import annotations

from esnb._client import NodeIsNotLeader


def leader_of(error: BaseException) -> str | None:
    """The leader's `host:port` in a refusal; None for other errors, and while there is none."""
    if not isinstance(error, NodeIsNotLeader):
        return None
    host, port = getattr(error, "host", None), getattr(error, "port", None)
    if host and port:
        return f"{host}:{port}"
    target = getattr(error, "leader_grpc_target", None)  # esdbclient's
    return target if target and target.strip(":") else None
