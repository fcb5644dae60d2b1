"""Where BullMQ keeps a queue's jobs in Redis.

The layout is what Node's and Python's packages share: lists and sorted sets of
job ids, and a hash for each job.
"""

from __future__ import annotations

from typing import Any, Final

LISTS: Final = {"active": "active", "waiting": "wait", "paused": "paused"}
"""States whose jobs stand in a list, and the lists' keys."""
SETS: Final = ("prioritized", "delayed", "waiting-children", "failed", "completed")
"""States whose jobs stand in a sorted set with that key."""


def queue_root(name: str, prefix: str = "bull") -> str:
    """What the keys of a queue begin with.

    Raises TypeError for a name that is not text, and ValueError for one that
    cannot be written in UTF-8.
    """
    if not isinstance(name, str):
        raise TypeError(f"a queue is named by text, not by {type(name).__qualname__}")
    root = f"{prefix}:{name}"
    try:
        root.encode()
    except UnicodeEncodeError:
        raise ValueError(
            f"{name!a} cannot name a queue: it contains half of a surrogate pair, which UTF-8 cannot encode"
        ) from None
    return root


def job_counts(client: Any, root: str) -> dict[str, int]:
    """Jobs by state of the queue whose keys begin with `root`, without reading the jobs.

    All of one moment. A queue that does not exist has none. Raises redis-py's errors.
    """
    with client.pipeline(transaction=True) as pipe:
        pipe.hexists(f"{root}:meta", "paused")
        pipe.lindex(f"{root}:wait", 0)
        pipe.lindex(f"{root}:wait", -1)
        for key in LISTS.values():
            pipe.llen(f"{root}:{key}")
        for key in SETS:
            pipe.zcard(f"{root}:{key}")
        is_paused, first, last, *found = pipe.execute()
    counts = dict(zip([*LISTS, *SETS], map(int, found), strict=True))
    counts["waiting"] -= sum(end is not None and is_marker(end) for end in {first, last})
    if is_paused:
        counts["paused"], counts["waiting"] = counts["paused"] + counts["waiting"], 0
    return counts


def is_marker(id: bytes | str) -> bool:
    """Whether it stands among the ids of jobs that wait only to wake workers, as in BullMQ 3 and 4."""
    return id[:2] in (b"0:", "0:")
