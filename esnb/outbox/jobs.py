"""BullMQ's Python package, imported at its first use."""

from __future__ import annotations

from typing import Any

import redis.asyncio
from eventsourcing.persistence import NotSupportedError

from esnb.clients.redis import split_cluster
from esnb.clients.uri import display_uri, masked_error
from esnb.redis.errors import translate


def bullmq() -> Any:
    """The package `bullmq`; raises ModuleNotFoundError that says how to get it."""
    try:
        import bullmq
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "queues need the package bullmq: pip install 'esnb[queue]'", name="bullmq"
        ) from error
    return bullmq


def msgpack() -> Any:
    """The package `msgpack`, which `bullmq` brings: what Redis' scripts unpack."""
    import msgpack

    return msgpack


def async_client(url: str, *, socket_timeout: float | None) -> redis.asyncio.Redis:
    """A client for BullMQ's classes: it answers in text, from a pool of connections.

    Workers block, so theirs has no timeout.
    """
    return redis.asyncio.Redis.from_url(
        url, decode_responses=True, socket_timeout=socket_timeout, socket_connect_timeout=5
    )


def check_single_server(url: str, *, is_cluster: bool = False) -> None:
    """Raises NotSupportedError for a Redis Cluster: queues need one server.

    A URL may say that it is one (`?cluster=true`), else its server does.
    """
    if is_cluster or split_cluster(url)[1]:
        raise NotSupportedError(
            f"Redis at {display_uri(url)} is a cluster, and an atomic step cannot cross its slots: an outbox "
            "record and its job are written in one step. Give the outbox and its workers a single "
            'server (primary and replicas, if you like): Outbox({**stores.env, "REDIS_URL": '
            '"redis://host:6379"}, application). Views and snapshots may stay in the cluster'
        )


def error_text(error: BaseException, url: str) -> str:
    """An error in one line, without passwords."""
    if isinstance(error, redis.RedisError):
        return str(translate(error, url))
    return masked_error(error)
