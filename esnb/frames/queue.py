"""A BullMQ queue, one row per job, read from where BullMQ keeps it."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pandas as pd

from esnb.clients.bullmq import queue_root
from esnb.clients.uri import guarded_argument
from esnb.frames.schema import build
from esnb.sources.columns import Schema
from esnb.sources.jobs import jobs, jobs_in_pages
from esnb.sources.numbers import end_of
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.redis_client import answering, redis_of
from esnb.tables.kind import Kind

QUEUE: Schema = {
    "id": "string",
    "name": "string",
    "state": "string",
    "attempts": "Int64",
    "added": "time",
    "due": "time",
    "started": "time",
    "finished": "time",
    "age_seconds": "Float64",
    "priority": "Int64",
    "progress": "object",
    "reason": "string",
    "result": "object",
    "data": "object",
    "correlation_id": "string",
}
JOB = Kind(
    "job",
    strong="name",
    secondary=frozenset({"due", "started", "finished", "priority", "correlation_id"}),
    payloads=frozenset({"data", "result"}),
)


def queue(
    source: Any,
    name: str,
    *,
    limit: int | None = None,
    last: int | None = None,
    prefix: str = "bull",
    redact: Redact | None = None,
) -> pd.DataFrame:
    """The jobs of a BullMQ queue, whoever added them or works on them.

    `source` is the `Stores` that `esnb.connect()` returns, or a redis-py client.
    One row per job, by state, and within one state in the order of the queue.
    `limit` shows at most so many, from the first on; `last` the last so many
    (those completed last). `frame.attrs["truncated"]` is then True when there
    are more, and a job that moves during the read may be missed. `redact` hides
    fields of data, progress and result, as in `esnb.events`; in data a dotted
    path may begin at the payload of an outbox's job. Of reasons, whose text may
    contain any value, only the kind of error is shown, if one is named; text
    that is the whole of data, progress or result is hidden.

    Columns: `id`, `name`, `state` (string: `active`, `waiting`, `paused`: waits
    in a paused queue, `prioritized`, `delayed`, `waiting-children`, `failed` or
    `completed`), `attempts` (Int64: those made so far), `added`, `due` (of a
    delayed job), `started`, `finished` (datetime64[us, UTC]), `age_seconds`
    (Float64: since it was added), `priority` (Int64), `progress` (object),
    `reason` (string: why the last failed attempt failed), `result` and `data`
    (object: decoded JSON, or the text where it is not JSON) and `correlation_id`
    (string: of an outbox's jobs). A queue that does not exist is empty; jobs
    that leave it during the read are left out. For a job whose data are gone
    (deleted or evicted) though its id is in the queue, `id`, `state` and `due`
    are known.

    Raises TypeError for any other source, for a name that is not text and for a
    `limit` or `last` that is not a whole number, ValueError for a name with half
    of a surrogate pair, for a negative number and for both numbers together, and
    OperationalError when Redis does not answer.

    >>> import esnb
    >>> with esnb.connect(embedded=True) as stores:
    ...     len(esnb.queue(stores, "mails"))
    0
    """
    source = guarded_argument(source)
    root, client = queue_root(name, prefix), redis_of(source)
    size, newest = end_of(limit, last)
    redaction = Redaction(redact)
    with answering(client):
        if size is None:
            rows = list(jobs(client, root))
        else:
            # One more tells whether there are more.
            rows = list(islice(jobs_in_pages(client, root, newest=newest), size + 1))
    truncated = size is not None and len(rows) > size
    rows = rows[:size]
    if newest:
        rows.reverse()
    columns = {column: [getattr(row, column) for row in rows] for column in QUEUE}
    if redaction:
        columns["data"] = [_hidden(value, redaction) for value in columns["data"]]
        for name in ("progress", "result"):
            columns[name] = list(map(redaction.result, columns[name]))
        columns["reason"] = list(map(redaction.message, columns["reason"]))
    frame = build(JOB, QUEUE, columns)
    if truncated:
        frame.attrs["truncated"] = True
    return frame


def _hidden(data: Any, redaction: Redaction) -> Any:
    """A job's data without what is hidden, by paths from their top and from the payload's."""
    found = redaction.data(data)
    if not isinstance(found, dict) or "payload" not in found:
        return found
    return {**found, "payload": redaction.data(found["payload"])}
