"""BullMQ's Python package, imported at its first use."""

from __future__ import annotations

from typing import Any

import redis.asyncio

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


def described_error(error: BaseException, url: str) -> str:
    """An error in one line, without passwords."""
    if isinstance(error, redis.RedisError):
        return str(translate(error, url))
    return f"{type(error).__name__}: {error}".rstrip(": ")
