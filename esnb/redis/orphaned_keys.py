"""Keys that a view has lost sight of.

Redis may evict a view's bookkeeping (`maxmemory` with a policy other than
`noeviction`) and keep keys with its data. A view that began again on top of
them would be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from esnb.clients.uri import display_uri
from esnb.redis.connection import Connection
from esnb.redis.errors import ViewDamagedError
from esnb.redis.namespace import Namespace


def refuse_orphaned_keys(connection: Connection, namespace: Namespace) -> None:
    """Raises ViewDamagedError when keys are left of a view without bookkeeping.

    Goes through all keys of the server once, 5,000 at a time, so it is for the
    first commit of a view only.
    """
    for key in _orphaned_keys(connection, namespace, ""):
        raise ViewDamagedError(
            f"key {key!r} is left of view {namespace.name!r} in Redis at "
            f"{display_uri(connection.url)}, whose checkpoint is gone: evicted under maxmemory "
            "(set maxmemory-policy to noeviction) or deleted by another client. Nothing was "
            "applied: rebuild the view"
        )


def delete_orphaned_keys(connection: Connection, namespace: Namespace) -> None:
    """Deletes the keys that are named like the view's and that it does not know."""
    for _ in _orphaned_keys(connection, namespace, "delete"):
        pass


def _orphaned_keys(connection: Connection, namespace: Namespace, action: str) -> Iterator[str]:
    pattern = re.sub(r"([*?\[\]\\^])", r"\\\1", namespace.root) + ":*"
    cursor: bytes = b"0"
    while True:
        cursor, found = connection.run(
            "orphaned_keys", [namespace.tracking, namespace.registry], [cursor, pattern, action]
        )
        yield from (key.decode("utf-8", "backslashreplace") for key in found)
        if cursor == b"0":
            return
