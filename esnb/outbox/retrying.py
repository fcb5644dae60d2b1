"""The failed jobs of a BullMQ queue, put back among those that wait."""

from __future__ import annotations

import time
from typing import Any

import redis.asyncio

from esnb.outbox.jobs import bullmq

_BATCH = 1000
"""Jobs that one call of BullMQ's script moves: Redis does nothing else meanwhile."""
_COMMAND = "moveJobsToWait"


def retry_failed(client: Any, queue: str, prefix: str = "bull") -> None:
    """Moves every job that has failed by now to those that wait, as BullMQ's `retryJobs` does.

    `client` is a redis-py client. The step is BullMQ's own Lua, with the keys
    that its package gives it, run by this client: no second connection, and no
    event loop. A job keeps its count of attempts. Raises ModuleNotFoundError
    without the package `bullmq`, and redis-py's errors.
    """
    # It is asked for keys and arguments only, and connects to nothing.
    unused = redis.asyncio.Redis()
    scripts = bullmq().Queue(queue, {"connection": unused, "prefix": prefix}).scripts
    until = round(time.time() * 1000)  # not those that fail again meanwhile
    keys, arguments = scripts.moveJobsToWaitArgs("failed", _BATCH, until)
    lua = scripts.commands[_COMMAND].script
    while client.eval(lua, len(keys), *keys, *arguments):
        pass
