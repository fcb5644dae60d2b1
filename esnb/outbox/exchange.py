"""The short way to Redis of a publisher's scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from esnb.redis.scripts import Script
from esnb.redis.wire import packed


class Exchange:
    """One of an asyncio client's connections, held: a script goes over it in one piece.

    redis-py's own way takes each argument through several functions, which for
    a batch of jobs costs as much as all the rest. Nothing is sent twice: who
    gets an error does not know whether the script ran.
    """

    def __init__(self, client: Any) -> None:
        self._pool = client.connection_pool
        self._connection: Any = None

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[bytes]) -> Any:
        """The script's answer, its texts as bytes; in two round trips when Redis does not know it."""
        rest = [b"%d" % len(keys), *(key.encode() for key in keys), *arguments]
        try:
            return await self._ask([b"EVALSHA", script.digest.encode(), *rest])
        except redis.exceptions.NoScriptError:
            return await self._ask([b"EVAL", script.source.encode(), *rest])

    async def close(self) -> None:
        """Gives the connection back."""
        if self._connection is not None:
            await self._pool.release(self._connection)
            self._connection = None

    async def _ask(self, parts: Sequence[bytes]) -> Any:
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._pool.get_connection()
        try:
            await connection.send_packed_command([packed(parts)])
            return await connection.read_response(disable_decoding=True)
        except redis.ResponseError:
            raise
        except BaseException:
            # An answer that was not read would be taken for the next one's.
            await connection.disconnect()
            raise
