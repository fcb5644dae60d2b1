"""Persistent subscriptions: the groups of consumers that a server knows, and how they are doing."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd
from eventsourcing.application import Application

from esnb.clients.position import place
from esnb.clients.silence import SILENT
from esnb.clients.uri import described as described_uri
from esnb.clients.uri import guarded, guarded_argument
from esnb.frames.schema import build_rows
from esnb.sources.columns import Schema
from esnb.sources.source import described, is_client
from esnb.threads.question import Question, UnansweredError, not_known_since

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
TIMEOUT = 5.0
"""Seconds that the server is given to answer, twice: its client asks again once."""
_questions: WeakKeyDictionary[Any, Question[list[Any]]] = WeakKeyDictionary()
"""To each server that was asked for its groups."""


def subscriptions(source: Any) -> pd.DataFrame:
    """A row for each group of a server's persistent subscriptions, by stream and group.

    `source` is an EventStoreDB client, the `Stores` that `esnb.connect()`
    gives, or an application of esnb's.

    Columns: `stream` (string; `$all` for a group over all events), `group`,
    `status` (string: `Live`, or `Behind` while it catches up), `checkpoint`
    (Int64: the last event that the group need not see again, a revision or, of
    `$all`, a commit position; missing before the first), `last_known` (Int64:
    the last event that it has seen recorded), `lag` (Int64: events of a stream
    between the two; of `$all` 0 when there are none, else missing), `in_flight`
    (Int64: with consumers), `retrying`, `parked` (Int64), `events` (Int64: sent
    so far), `rate_per_s` (Float64), `strategy`, `start_from` (string),
    `message_timeout` (Float64: seconds until an event is tried again) and
    `max_retries` (Int64: until it is parked). What is counted, and when, is the
    server's: it writes checkpoints now and then, so a lag may outlast the work.

    Raises TypeError for another source, OperationalError when the server does
    not answer within a second (then it says since when the groups are not
    known), and the client's own errors (rights).

    >>> import esnb
    >>> with esnb.connect(embedded=True) as stores:
    ...     stores.eventstoredb.create_subscription_to_all("mailing")
    ...     esnb.subscriptions(stores)[["stream", "group", "parked"]]
      stream    group  parked
    0   $all  mailing       0
    """
    source = guarded_argument(source)
    infos = sorted(_infos(_client(source)), key=lambda info: (info.event_source, info.group_name))
    return build_rows(SUBSCRIPTIONS, map(_row, infos))


def replay_parked(source: Any, stream: str, group: str) -> None:
    """Has the parked events of a group handled again.

    `stream` and `group` as the columns of `subscriptions` have them. Raises
    TypeError for another source, LookupError for a group that is missing,
    OperationalError when the server does not answer, and the client's own
    errors (rights).
    """
    from esnb.clients.errors import answered  # brings gRPC, as the client has already
    from esnb.clients.installed import NotFound

    client = _client(source)
    name = None if stream == "$all" else stream
    try:
        with answered(client):
            client.replay_parked_events(group, name, timeout=TIMEOUT)
    except NotFound:
        raise LookupError(f"the server has no group {stream}::{group}: it was deleted") from None


def _client(source: Any) -> Any:
    if isinstance(source, Application):
        lease = getattr(getattr(source.recorder, "category", None), "lease", None)
        client = None if lease is None else lease.client
    else:
        client = source if is_client(source) else getattr(source, "eventstoredb", None)
    if client is None or isinstance(source, type):
        raise TypeError(
            f"no persistent subscriptions: {described(source)}; give an EventStoreDB client, the "
            "Stores that esnb.connect() gives, or an application that keeps its events there"
        )
    return client


def _row(info: Any) -> tuple[Any, ...]:
    checkpoint = place(info.last_checkpointed_event_position)
    last_known = place(info.last_known_event_position)
    return (
        info.event_source,
        info.group_name,
        info.status,
        checkpoint,
        last_known,
        _lag(info.event_source, checkpoint, last_known, place(info.start_from)),
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


def _infos(client: Any) -> list[Any]:
    from esnb.clients.errors import answered  # brings gRPC, as the client has already
    from esnb.clients.installed import NotFound

    question = _questions.setdefault(client, Question("EventStoreDB, about its groups"))

    def listed() -> list[Any]:
        try:
            with answered(client):
                return list(client.list_subscriptions(timeout=TIMEOUT))
        except NotFound:  # how some servers say that there are none
            return []

    try:
        return question.put(listed)()
    except UnansweredError as error:
        server = f"EventStoreDB at {described_uri(guarded(client.connection_spec.uri))}"
        raise UnansweredError(
            f"{server} {SILENT}; its groups are {not_known_since(question.since)}"
        ) from error


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
