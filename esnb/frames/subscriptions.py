"""Persistent subscriptions: the groups of consumers that a server knows, and how they are doing."""

from __future__ import annotations

from typing import Any

import pandas as pd

from esnb.clients.position import parse_position
from esnb.clients.uri import guarded_argument
from esnb.frames.schema import build_rows
from esnb.sources.columns import Schema
from esnb.sources.groups import groups
from esnb.tables.kind import Kind

SUBSCRIPTIONS: Schema = {
    "stream": "string",
    "group": "string",
    "status": "string",
    "checkpoint": "Int64",
    "last_known": "Int64",
    "lag": "Int64",
    "in_flight": "Int64",
    "retrying": "Int64",
    "parked": "Int64",
    "events": "Int64",
    "rate_per_s": "Float64",
    "strategy": "string",
    "start_from": "string",
    "message_timeout": "Float64",
    "max_retries": "Int64",
}
GROUP = Kind(
    "group",
    strong="group",
    secondary=frozenset(
        {"last_known", "strategy", "start_from", "message_timeout", "max_retries", "rate_per_s"}
    ),
)


def subscriptions(source: Any) -> pd.DataFrame:
    """One row per group of a server's persistent subscriptions, by stream and group.

    `source` is an EventStoreDB client, the `Stores` that `esnb.connect()`
    returns, or an application that keeps its events in EventStoreDB.

    Columns: `stream` (string; `$all` for a group over all events), `group`,
    `status` (string: `Live`, or `Behind` while it catches up), `checkpoint`
    (Int64: the last event that the group need not see again, a revision or, for
    `$all`, a commit position; missing before the first), `last_known` (Int64:
    the last event that it knows to be recorded), `lag` (Int64: events of a stream
    between the two; for `$all` 0 when there are none, else missing), `in_flight`
    (Int64: with consumers), `retrying`, `parked` (Int64), `events` (Int64: sent
    so far), `rate_per_s` (Float64), `strategy`, `start_from` (string),
    `message_timeout` (Float64: seconds until an event is tried again) and
    `max_retries` (Int64: until it is parked). The server decides what it counts,
    and when: it writes checkpoints now and then, so a lag may outlast the work.

    Raises TypeError for any other source, OperationalError when the server does
    not answer within a second (it says since when the groups are not known),
    and the client's own errors (missing rights).

    >>> import esnb
    >>> with esnb.connect(embedded=True) as stores:
    ...     stores.eventstoredb.create_subscription_to_all("mailing")
    ...     esnb.subscriptions(stores)[["stream", "group", "parked"]]
    stream  group    parked
    $all    mailing       0
    1 group
    """
    source = guarded_argument(source)
    found = sorted(groups(source), key=lambda info: (info.event_source, info.group_name))
    return build_rows(GROUP, SUBSCRIPTIONS, map(_row, found))


def _row(info: Any) -> tuple[Any, ...]:
    checkpoint = parse_position(info.last_checkpointed_event_position)
    last_known = parse_position(info.last_known_event_position)
    return (
        info.event_source,
        info.group_name,
        info.status,
        checkpoint,
        last_known,
        _lag(info.event_source, checkpoint, last_known, parse_position(info.start_from)),
        info.total_in_flight_messages,
        info.retry_buffer_count,
        info.parked_message_count,
        info.total_items,
        float(info.average_per_second),
        str(info.consumer_strategy),
        info.start_from,
        float(info.message_timeout),
        info.max_retry_count,
    )


def _lag(
    stream: str, checkpoint: int | None, last_known: int | None, start: int | None
) -> int | None:
    if last_known is None:
        return 0
    # A checkpoint passes events that the group's filter leaves out.
    if checkpoint is not None and checkpoint >= last_known:
        return 0
    if stream == "$all":
        return None
    return max(0, last_known - ((start or 0) - 1 if checkpoint is None else checkpoint))
