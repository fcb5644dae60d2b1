"""The Redis of a source, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from esnb.sources.source import describe_source


def redis_of(source: Any) -> Any:
    """The Redis client of `source`; TypeError where there is none."""
    client = source if hasattr(source, "pipeline") else getattr(source, "redis", None)
    if isinstance(source, type) or not hasattr(client, "pipeline"):
        raise TypeError(
            f"no queues: {describe_source(source)}; pass the Stores that esnb.connect() returns, or a "
            "redis-py client"
        )
    return client


@contextmanager
def answering(client: Any) -> Iterator[None]:
    """A block that asks Redis; turns redis-py's errors into the library's, with the server named."""
    from esnb.redis.errors import translated  # brings redis-py, as the client has already

    with translated(_url(client)):
        yield


def _url(client: Any) -> str:
    """Where a client connects to, without the password that its options hold."""
    options = client.get_connection_kwargs()
    if "path" in options:
        name = options.get("client_name")
        return f"unix://{quote(options['path'])}{f'?client_name={name}' if name else ''}"
    if "host" in options:
        return f"redis://{options['host']}:{options.get('port', 6379)}/{options.get('db') or 0}"
    return "redis://?cluster=true"
