"""What a group is over: an application's own events, or those of a client's server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.application import Application


@dataclass(frozen=True)
class Source:
    """The events that a group is to deliver."""

    name: str
    """The application's, the stream's, or `$all`."""
    client: Any
    patterns: Sequence[str]
    category: Any = None
    """The application's, of which the client reads the events."""


def source_of(given: Any, stream: str | None, patterns: Sequence[str]) -> Source:
    """The source that an application is, or a client with a stream or patterns.

    Raises ValueError for `stream` and `patterns` that exclude each other, and
    TypeError for what has no persistent subscriptions.
    """
    if stream is not None and patterns:
        raise ValueError("stream and patterns exclude each other: a stream has no others in it")
    if isinstance(given, Application):
        category = getattr(given.recorder, "category", None)
        if category is None:
            raise TypeError(
                f"application {given.name!r} does not keep its events in EventStoreDB, which "
                "has the persistent subscriptions: use a CatchUpRunner, or give it the "
                "environment of esnb.connect()"
            )
        if stream is not None or patterns:
            raise ValueError("stream and patterns are for clients: an application has its own")
        return Source(given.name, category.client, [category.naming.pattern], category)
    if isinstance(given, type) or not callable(getattr(given, "read_subscription_to_all", None)):
        raise TypeError(
            f"no source of persistent subscriptions: {type(given).__qualname__}; give an "
            "eventsourcing Application or an EventStoreDB client (stores.eventstoredb)"
        )
    return Source(stream or "$all", given, list(patterns))
