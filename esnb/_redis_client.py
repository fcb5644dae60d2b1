"""The Redis client that the stores hand out."""

from __future__ import annotations

from redis import Redis


def redis_client(url: str) -> Redis:
    """An ordinary client, which gives bytes, and on which blocking commands may block.

    redis-py 8 would give up reading after 5 s, and try again. An option in the
    URL (`?socket_timeout=30`) has precedence.
    """
    return Redis.from_url(url, socket_timeout=None, socket_connect_timeout=5)
