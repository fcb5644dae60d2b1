"""The groups of a server's persistent subscriptions."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from eventsourcing.application import Application

from esnb.clients.silence import SILENT
from esnb.clients.uri import display_uri, guarded
from esnb.sources.source import describe_source, is_client
from esnb.threads.question import Question, UnansweredError, not_known_since

TIMEOUT = 5.0
"""Seconds that the server is given to answer, twice: its client asks again once."""
_questions: WeakKeyDictionary[Any, Question[list[Any]]] = WeakKeyDictionary()
"""One for each server that was asked for its groups."""


def groups(source: Any) -> list[Any]:
    """What the server of `source` reports of each group: the client's `SubscriptionInfo`s.

    `source` is an EventStoreDB client, the `Stores` that `esnb.connect()`
    returns, or an application that keeps its events in EventStoreDB. Raises
    TypeError for any other source, OperationalError when the server does not
    answer within a second, and the client's own errors (missing rights).
    """
    from esnb.clients.errors import answered
    from esnb.clients.installed import NotFound  # brings gRPC, as the client has already

    client = _client(source)
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
        server = f"EventStoreDB at {display_uri(guarded(client.connection_spec.uri))}"
        raise UnansweredError(
            f"{server} {SILENT}; its groups are {not_known_since(question.since)}"
        ) from error


def replay_parked(source: Any, stream: str, group: str) -> None:
    """Has the parked events of a group handled again.

    `stream` and `group` as in the columns of `subscriptions`. Raises TypeError
    for any other source, LookupError for a group that is missing,
    OperationalError when the server does not answer, and the client's own
    errors (missing rights).
    """
    from esnb.clients.errors import answered
    from esnb.clients.installed import NotFound  # brings gRPC, as the client has already

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
            f"no persistent subscriptions: {describe_source(source)}; pass an EventStoreDB client, the "
            "Stores that esnb.connect() returns, or an application that keeps its events there"
        )
    return client
