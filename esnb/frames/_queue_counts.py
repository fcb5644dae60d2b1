"""How many jobs a BullMQ queue has in each state, without reading the jobs."""

from __future__ import annotations

from typing import Any

from esnb.frames._queue import redis_of
from esnb.frames._redis import answering

_LISTS = {"waiting": "wait", "paused": "paused", "active": "active"}
_SETS = ("prioritized", "delayed", "failed", "completed")


def queue_counts(source: Any, name: str, *, prefix: str = "bull") -> dict[str, int]:
    """Jobs by state, as `esnb.queue` names the states.

    Sources and errors as those of `esnb.queue`. A queue that does not exist has none.
    """
    root = f"{prefix}:{name}"
    client = redis_of(source)
    with answering(client), client.pipeline(transaction=True) as pipe:
        for key in _LISTS.values():
            pipe.llen(f"{root}:{key}")
        for key in _SETS:
            pipe.zcard(f"{root}:{key}")
        found = pipe.execute()
    return dict(zip([*_LISTS, *_SETS], map(int, found), strict=True))
