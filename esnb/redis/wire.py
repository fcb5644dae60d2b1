"""The short way to Redis that commits take."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import redis

from esnb.redis.scripts import Script


def packed(parts: Sequence[bytes]) -> bytes:
    """A command in the Redis protocol.

    >>> packed([b"GET", b"key"])
    b'*2\\r\\n$3\\r\\nGET\\r\\n$3\\r\\nkey\\r\\n'
    """
    pieces = [b"*%d\r\n" % len(parts)]
    for part in parts:
        pieces += (b"$%d\r\n" % len(part), part, b"\r\n")
    return b"".join(pieces)


class Wire:
    """One of a client's connections, held, for one script.

    Taking a connection from redis-py's pool and giving it back costs about as
    much as the round trip on a unix socket itself; a commit is one round trip
    and should cost no more. While one thread uses it, others take the client's
    ordinary way.
    """

    def __init__(self, client: redis.Redis, script: Script) -> None:
        self._client: Any = client
        self._script = script
        self._digest = script.digest.encode()
        self._connection: Any = None
        self._lock = threading.Lock()

    def run(self, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Any:
        """The script's answer. As with the client, a lost connection is opened
        again and the command sent again, so it must bear being run twice."""
        if not self._lock.acquire(blocking=False):
            return self._script.run(self._client, keys, arguments)
        try:
            return self._run(keys, arguments)
        except redis.exceptions.NoScriptError:
            return self._script.run(self._client, keys, arguments)
        finally:
            self._lock.release()

    def _run(self, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Any:
        command = packed([b"EVALSHA", self._digest, b"%d" % len(keys), *keys, *arguments])
        connection = self._connection
        if connection is None:
            connection = self._connection = self._client.connection_pool.get_connection()

        def exchange() -> Any:
            try:
                connection.send_packed_command([command])
                return connection.read_response()
            except redis.ResponseError:
                raise
            except BaseException:
                # An answer that was not read would be taken for the next one's.
                connection.disconnect()
                raise

        return connection.retry.call_with_retry(exchange, lambda *_: connection.disconnect())
