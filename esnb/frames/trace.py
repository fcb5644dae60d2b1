"""One flow through events, outboxes and queues, as a causation tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import pandas as pd

from esnb.clients.uri import guarded_argument
from esnb.correlation import CAUSATION_ID
from esnb.frames.schema import build
from esnb.sources.columns import Schema
from esnb.sources.jobs import job
from esnb.sources.moments import own_time
from esnb.sources.numbers import count
from esnb.sources.record import EventSource
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.redis_client import answering
from esnb.sources.source import source_of
from esnb.tables.kind import Kind

TRACE: Schema = {
    "tree": "string",
    "kind": "string",
    "type": "string",
    "place": "string",
    "version": "Int64",
    "state": "string",
    "depth": "Int64",
    "time": "time",
    "id": "string",
    "parent": "string",
    "correlation_id": "string",
    "error": "string",
}
STATION = Kind(
    "station",
    strong="tree",
    secondary=frozenset({"type", "depth", "id", "parent", "correlation_id"}),
)


@dataclass
class Hop:
    """One station of a flow."""

    kind: str
    id: str
    parent: str | None
    type: str | None
    place: str
    version: int | None = None
    state: str | None = None
    time: datetime | None = None
    error: str | None = None
    after: list[Hop] = field(default_factory=list)


def trace(
    source: Any,
    correlation_id: object,
    *,
    limit: int | None = None,
    prefix: str = "bull",
    progress: bool | None = None,
    redact: Redact | None = None,
) -> pd.DataFrame:
    """All that happened under one correlation id, each below what caused it.

    `source` is the `Stores` that `esnb.connect()` returns: events, outbox records
    and BullMQ jobs (under `prefix`) then make one tree; or an Application or an
    EventStoreDB client: the tree then has events only. An event that was recorded
    without a correlation id begins a flow of its own, whose id is the event's.

    The beginning of a UUID, 8 digits at least, is enough where it is that of one
    flow only; ValueError lists them where it is not.

    Columns: `tree` (string: the type, drawn as a tree), `kind` (string: `event`,
    `outbox` or `job`), `type`, `place` (string: the stream, the outbox's or the
    queue's name), `version` (Int64: of the aggregate), `state` (string: the
    record's or the job's; `gone` for a job that was removed, `missing` for an
    event of which only the link to it is left), `depth` (Int64, from 0), `time`
    (datetime64[us, UTC]: when the event was recorded, the record made, the job
    added), `id`, `parent` (string: an outbox record has its event's id, a job
    `ev-` followed by it), `correlation_id` and `error` (string). Empty for an id
    that no event has.

    On a server that runs the projection `$by_correlation_id` (with its default,
    `$correlationId`) only the flow's own events are read, except for the event
    that began the flow by its own id: that one, and the events of other sources,
    are found by reading the whole sequence. `limit` shows at most so many
    events, from the first on; `frame.attrs["truncated"]` is True when there are
    more. With `redact`, the names of fields that are hidden elsewhere, only the
    kind of an error is shown: its text may contain any value.

    Raises TypeError for any other source, a missing id and a limit that is not a
    whole number, ValueError for a negative one, and the stores' errors.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> with esnb.connect(embedded=True) as stores:
    ...     app = stores.application(Application)
    ...     with esnb.correlate("order-17"):
    ...         _ = app.save(Aggregate())
    ...     esnb.trace(stores, "order-17")[["tree", "kind"]]
    tree               kind
    Aggregate.Created  event
    1 station
    """
    source = guarded_argument(source)
    if correlation_id is None:
        raise TypeError(
            "correlation_id is None: pass the id of a flow, from esnb.correlate() or from the "
            "metadata '$correlationId' of an event, or the id of the event that began it"
        )
    wanted = str(correlation_id)
    most, redaction = count(limit, "limit"), Redaction(redact)
    wanted, hops = _found(source_of(source), wanted, most, progress)
    truncated = most is not None and len(hops) > most
    hops = hops[:most]
    if hasattr(source, "redis") and hasattr(source, "env"):
        with answering(source.redis):
            hops += _outboxes(source, wanted, [hop.id for hop in hops], prefix)
    rows = list(_drawn(_roots(hops)))
    columns: dict[str, list[Any]] = {
        name: [getattr(hop, name) for _, _, hop in rows]
        for name in TRACE
        if name not in ("tree", "depth", "correlation_id")
    }
    columns["error"] = list(map(redaction.message, columns["error"]))
    columns["tree"] = [text for text, _, _ in rows]
    columns["depth"] = [depth for _, depth, _ in rows]
    columns["correlation_id"] = [wanted] * len(rows)
    frame = build(STATION, TRACE, columns)
    if truncated:
        frame.attrs["truncated"] = True
    return frame


# --- its stations -------------------------------------------------------------------


def _found(
    source: EventSource, wanted: str, most: int | None, progress: bool | None
) -> tuple[str, list[Hop]]:
    """The whole id, and its events: one more than wanted, where there are more."""
    from esnb.sources.correlated import whole_flow_id

    end = None if most is None else most + 1
    hops = list(islice(_events(source, wanted, progress), end))
    if not hops:
        whole = whole_flow_id(source, wanted, progress)
        if whole != wanted:
            return whole, list(islice(_events(source, whole, progress), end))
    return wanted, hops


def _events(source: EventSource, wanted: str, progress: bool | None) -> Iterator[Hop]:
    from esnb.sources.correlated import correlated  # brings gRPC

    for record in correlated(source, wanted, progress):
        metadata = record.metadata if isinstance(record.metadata, Mapping) else {}
        data, error = source.decode(record)
        cause = metadata.get(CAUSATION_ID)
        yield Hop(
            "event",
            str(record.event_id or f"{record.stream}/{record.version}"),
            None if cause is None else str(cause),
            record.type,
            record.stream,
            record.version,
            "missing" if record.is_missing else "recorded",
            record.recorded or own_time(data),
            error,
        )


def _outboxes(stores: Any, wanted: str, event_ids: list[str], prefix: str) -> Iterator[Hop]:
    """The records of these events in every outbox, and their jobs."""
    from esnb.outbox.finding import records_by_outbox

    ids = list(dict.fromkeys(id for id in (*event_ids, wanted) if _is_uuid(id)))
    for outbox, records in records_by_outbox(stores.redis, stores.env, ids):
        for record in records:
            if record.headers.get("correlation_id") != wanted:
                continue
            yield Hop(
                "outbox",
                f"{outbox}/{record.id}",
                record.id,
                record.type,
                outbox,
                record.version,
                record.state,
                record.created,
                record.error,
            )
            for queue in record.queues:
                found = job(stores.redis, f"{prefix}:{queue}", record.job_id)
                yield Hop(
                    "job",
                    record.job_id,
                    f"{outbox}/{record.id}",
                    record.type,
                    queue,
                    record.version,
                    "gone" if found is None else found.state,
                    None if found is None else found.added,
                    None if found is None or found.state == "completed" else found.reason,
                )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- its tree -------------------------------------------------------------------------


def _roots(hops: list[Hop]) -> list[Hop]:
    """Hangs every hop below its cause; what has none among them is a root."""
    by_id: dict[str, Hop] = {}
    for hop in hops:
        by_id.setdefault(hop.id, hop)
    roots = []
    for hop in hops:
        cause = by_id.get(hop.parent) if hop.parent is not None else None
        if cause is None or _leads_back(hop, by_id):
            roots.append(hop)
        else:
            cause.after.append(hop)
    return roots


def _leads_back(hop: Hop, by_id: Mapping[str, Hop]) -> bool:
    """Whether its causes go round in a circle, as anybody's metadata may."""
    seen: set[str] = set()
    at: Hop | None = hop
    while at is not None and at.parent is not None:
        if at.id in seen:
            return True
        seen.add(at.id)
        at = by_id.get(at.parent)
    return False


def _drawn(roots: list[Hop]) -> Iterator[tuple[str, int, Hop]]:
    """Each hop with its line of the tree and its depth, causes first."""
    pending = [(root, "", "", 0) for root in reversed(roots)]
    while pending:
        hop, lead, below, depth = pending.pop()
        yield lead + (hop.type or ""), depth, hop
        last = len(hop.after) - 1
        pending += [
            (each, f"{below}└─ ", f"{below}   ", depth + 1)
            if index == last
            else (each, f"{below}├─ ", f"{below}│  ", depth + 1)
            for index, each in reversed(list(enumerate(hop.after)))
        ]
