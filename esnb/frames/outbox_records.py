"""What an outbox holds, one row per record."""

from __future__ import annotations

from typing import Any

import pandas as pd

from esnb.clients.uri import guarded_argument
from esnb.frames.schema import build
from esnb.sources.columns import Schema
from esnb.sources.numbers import end_of
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import describe_source
from esnb.tables.kind import Kind

OUTBOX_RECORDS: Schema = {
    "id": "string",
    "aggregate_id": "string",
    "version": "Int64",
    "type": "string",
    "state": "string",
    "attempts": "Int64",
    "created": "time",
    "settled": "time",
    "next_attempt": "time",
    "error": "string",
    "queues": "string",
    "correlation_id": "string",
    "causation_id": "string",
    "payload": "object",
    "headers": "object",
    "position": "Int64",
    "topic": "string",
}
RECORD = Kind(
    "record",
    strong="type",
    secondary=frozenset(
        {"id", "settled", "correlation_id", "causation_id", "headers", "position", "topic"}
    ),
    payloads=frozenset({"payload"}),
)


def outbox_records(
    outbox: Any,
    *,
    limit: int | None = None,
    last: int | None = None,
    redact: Redact | None = None,
) -> pd.DataFrame:
    """The records of an outbox, in the order of their events.

    `outbox` is an `esnb.outbox.Outbox`, its view, or a publisher. All records
    are read at one moment; with `limit` (at most so many, from the first on) or
    `last` (the last so many) they are read in pages, and
    `frame.attrs["truncated"]` is True when there are more. `redact` hides fields
    of payload and headers, as in `esnb.events`; of errors, whose text may
    contain any value, only the kind is shown.

    Columns: `id` (string: the event's id; the job's is `ev-` followed by it),
    `aggregate_id`, `version` (Int64), `type`, `state` (string: `pending`,
    `publishing`, `published`, `skipped`, `failed` or `dead`), `attempts`
    (Int64), `created`, `settled` (when it got its state), `next_attempt`
    (datetime64[us, UTC]), `error` (string: the last one), `queues` (string,
    separated by spaces), `correlation_id`, `causation_id` (string), `payload` and
    `headers` (object: plain JSON), `position` (Int64: the event's) and `topic`.
    Settled records are kept for a time only, which their publisher sets.

    Raises TypeError for what has no records and for a `limit` or `last` that is
    not a whole number, ValueError for a negative one or for both together, and
    the library's OperationalError when Redis does not answer.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> with esnb.connect(embedded=True) as stores:
    ...     len(esnb.outbox_records(esnb.outbox.Outbox(stores, Application)))
    0
    """
    outbox = guarded_argument(outbox)
    found = getattr(outbox, "outbox", outbox)
    view = getattr(found, "view", found)
    if isinstance(found, type) or not hasattr(view, "outermost"):
        raise TypeError(
            f"no outbox: {describe_source(outbox)}; pass an esnb.outbox.Outbox, its view or a publisher"
        )
    size, newest = end_of(limit, last)
    redaction = Redaction(redact)
    rows = view.records() if size is None else view.outermost(size, newest=newest)
    columns: dict[str, list[Any]] = {
        name: [getattr(row, name) for row in rows]
        for name in OUTBOX_RECORDS
        if name not in ("queues", "correlation_id", "causation_id")
    }
    columns["queues"] = [" ".join(row.queues) or None for row in rows]
    for name in ("correlation_id", "causation_id"):
        columns[name] = [row.headers.get(name) for row in rows]
    for name in ("payload", "headers"):
        columns[name] = list(map(redaction.data, columns[name]))
    columns["error"] = list(map(redaction.message, columns["error"]))
    frame = build(RECORD, OUTBOX_RECORDS, columns)
    if size is not None and view.count() > len(frame):
        frame.attrs["truncated"] = True
    return frame
