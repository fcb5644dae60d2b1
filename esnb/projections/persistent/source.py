"""What a group is over: an application's own events, or those of a client's server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.application import Application

from esnb.projections.persistent.links import CATEGORY

ALL = "$all"
"""How a group over all streams is asked for."""


@dataclass(frozen=True)
class SubscriptionSource:
    """The events that a group is to deliver."""

    name: str
    """The application's, the stream's, or `$all`."""
    client: Any
    stream: str | None
    """None: `$all`, of which `patterns` says what."""
    patterns: Sequence[str]
    category: Any = None
    """The application's, of which the client reads the events."""
    is_chosen: bool = True
    """Whether the stream was asked for, not found."""


def source_of(given: Any, stream: str | None, patterns: Sequence[str]) -> SubscriptionSource:
    """The source that an application is, or a client with a stream or patterns.

    Raises ValueError for `stream` and `patterns` that exclude each other and for
    an application whose streams have no category, and TypeError for what has no
    persistent subscriptions.
    """
    is_of_all = stream == ALL
    if stream is not None and not is_of_all and patterns:
        raise ValueError("stream and patterns exclude each other: a stream has no others in it")
    if isinstance(given, Application):
        return _of_application(given, stream, patterns)
    if isinstance(given, type) or not callable(getattr(given, "read_subscription_to_all", None)):
        raise TypeError(
            f"no source of persistent subscriptions: {type(given).__qualname__}; pass an "
            "eventsourcing Application or an EventStoreDB client (stores.eventstoredb)"
        )
    return SubscriptionSource(stream or ALL, given, None if is_of_all else stream, list(patterns))


def _of_application(
    given: Application[Any], stream: str | None, patterns: Sequence[str]
) -> SubscriptionSource:
    category = getattr(given.recorder, "category", None)
    if category is None:
        raise TypeError(
            f"application {given.name!r} does not keep its events in EventStoreDB, which "
            "has the persistent subscriptions: use a CatchUpRunner, or give it the "
            "environment of esnb.connect()"
        )
    if patterns:
        raise ValueError("patterns are for clients: an application has its own")
    naming = category.naming
    if stream is None and not naming.prefix:
        raise ValueError(
            f"the streams of application {given.name!r} have no prefix "
            "(EVENTSTOREDB_STREAM_PREFIX is empty), so they form no category whose stream a "
            f"group could follow: pass stream= with a stream that has its events, or "
            f"stream={ALL!r}; a real server's groups on $all lose events that nobody has taken"
        )
    followed = None if stream == ALL else stream or f"{CATEGORY}{naming.prefix}"
    return SubscriptionSource(
        given.name, category.client, followed, [naming.pattern], category, stream is not None
    )
