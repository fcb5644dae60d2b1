"""How many jobs a BullMQ queue has in each state, without reading the jobs."""

from __future__ import annotations

from typing import Any

from esnb.clients.bullmq import job_counts, queue_root
from esnb.frames.queue import redis_of
from esnb.frames.redis import answering


def queue_counts(source: Any, name: str, *, prefix: str = "bull") -> dict[str, int]:
    """Jobs by state, as `esnb.queue` names the states and shows the jobs.

    Sources and errors as those of `esnb.queue`. A queue that does not exist has none.
    """
    root, client = queue_root(name, prefix), redis_of(source)
    with answering(client):
        return job_counts(client, root)
