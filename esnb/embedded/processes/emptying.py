"""Empties running embedded servers."""

from __future__ import annotations

import redis
from eventsourcing.persistence import OperationalError

import esnb.clients.installed  # noqa: F401 - before gRPC, which reads its settings when it is imported
from esnb.embedded.services.development_service import RESET


def empty_redis(url: str, timeout: float) -> None:
    """Deletes every key of every database; raises `OperationalError` when it does not answer."""
    try:
        with redis.Redis.from_url(url, socket_timeout=timeout) as client:
            client.flushall()
    except redis.RedisError as error:
        raise OperationalError(f"the embedded Redis cannot be emptied: {error}") from error


def empty_eventstoredb(port: int, timeout: float) -> None:
    """Makes it as new, its open subscriptions end; raises `OperationalError` likewise."""
    import grpc

    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            channel.unary_unary(RESET)(b"", timeout=timeout)
    except grpc.RpcError as error:
        raise OperationalError(f"the embedded EventStoreDB cannot be emptied: {error}") from error
