"""A Redis that is asked by a frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote


@contextmanager
def answering(client: Any) -> Iterator[None]:
    """A block that asks Redis; the library's errors, with the server named, for redis-py's."""
    from esnb.redis.errors import translated  # brings redis-py, as the client has already

    options = client.get_connection_kwargs()
    if "path" in options:
        name = options.get("client_name")
        url = f"unix://{quote(options['path'])}{f'?client_name={name}' if name else ''}"
    elif "host" in options:
        url = f"redis://{options['host']}:{options.get('port', 6379)}/{options.get('db') or 0}"
    else:
        url = "redis://?cluster=true"
    with translated(url):
        yield
