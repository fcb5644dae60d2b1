"""The leader of a cluster: what only it does, and where it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from esnb.clients.installed import NodeIsNotLeader

AT_LEADER: Final = (
    "append_events",
    "append_records",
    "append_to_stream",
    "multi_append_to_stream",
    "delete_stream",
    "tombstone_stream",
    "create_subscription_to_all",
    "create_subscription_to_stream",
    "read_subscription_to_all",
    "read_subscription_to_stream",
    "update_subscription_to_all",
    "update_subscription_to_stream",
    "delete_subscription",
    "get_subscription_info",
    "list_subscriptions",
    "list_subscriptions_to_stream",
    "replay_parked_events",
    "create_projection",
    "update_projection",
    "delete_projection",
    "enable_projection",
    "disable_projection",
    "abort_projection",
    "reset_projection",
    "get_projection_state",
    "get_projection_statistics",
    "list_all_projection_statistics",
    "list_continuous_projection_statistics",
    "restart_projections_subsystem",
)
"""The methods of the two clients, whatever `NodePreference` says: other nodes refuse these calls."""

AT_PREFERRED: Final = (
    "get_stream",
    "get_stream_metadata",
    "get_current_version",
    "get_commit_position",
    "subscribe_to_all",
    "subscribe_to_stream",
)
"""The methods that read at once. A node that is asked as the leader, and is not, refuses these, too."""

_PREFERENCE = re.compile(r"(?i)(?<=[?&])(nodepreference=)[^&]*")


def preferring_leader(uri: str) -> str:
    """The connection string, for the leader.

    >>> preferring_leader("esdb://a,b?nodePreference=follower&Tls=false")
    'esdb://a,b?nodePreference=leader&Tls=false'
    """
    return _PREFERENCE.sub(r"\1leader", uri)


def leader_of(error: BaseException) -> str | None:
    """The leader's `host:port` in a refusal; None for other errors, and while there is none."""
    if not isinstance(error, NodeIsNotLeader):
        return None
    host, port = getattr(error, "host", None), getattr(error, "port", None)
    if host and port:
        return f"{host}:{port}"
    target = getattr(error, "leader_grpc_target", None)  # esdbclient's
    return target if target and target.strip(":") else None


def not_leader(error: BaseException) -> str:
    """What to tell the user of a node's refusal."""
    leader = leader_of(error)
    which = "" if leader is None else f", which is {leader}"
    return (
        f"the node that was asked is not the leader of its cluster{which}: name all nodes in the "
        "connection string (esdb://first,second,third), or one name for them (esdb+discover://), "
        "so that the leader is found"
    )


def at_leader(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` of a client, called at the leader."""
    follow = follow_leader(method)

    @wraps(method)
    def call(client: Any, *args: Any, **kwargs: Any) -> Any:
        return follow(client.leader, *args, **kwargs)

    return call


def follow_leader(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method` of a client, called again at the leader where a node says that another node is the leader."""

    @wraps(method)
    def call(client: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(client, *args, **kwargs)
        except NodeIsNotLeader as error:
            leader = leader_of(error)
            if leader is None:
                raise
        client.reconnect(leader)
        return method(client, *args, **kwargs)

    return call
