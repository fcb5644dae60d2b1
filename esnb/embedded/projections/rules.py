"""What each system projection emits for an event.

As in EventStoreDB's `EventStore.Projections.Core/Standard`, told by its
recorded answers in `tests/conformance` where these show it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from esnb.embedded.projections.category import category_of
from esnb.embedded.projections.source_event import SourceEvent
from esnb.embedded.storage.record import LINK

STREAM_REFERENCE = "$@"
CORRELATION = "$correlationId"
_DELETED = b',"$deleted":-1'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Emission(NamedTuple):
    """An event for a projection's stream. `extra`: further metadata, as JSON after a comma."""

    stream: str
    type: str
    data: bytes
    extra: bytes = b""


Rule = Callable[[SourceEvent], Emission | None]


class BadQuery(ValueError):
    """The query of a system projection cannot be used; the text says why."""


def by_category(query: str) -> Rule:
    """`$ce-CATEGORY`: a link to each event of the category's streams, and to their ends."""
    category = category_of(query)

    def rule(event: SourceEvent) -> Emission | None:
        stream = event.stream.original if event.deletes else event.stream.name
        name = category(stream)
        if name is None:
            return None
        extra = b',"$o":' + json_text(stream) + (_DELETED if event.deletes else b"")
        return Emission(f"$ce-{name}", LINK, event.link, extra)

    return rule


def by_event_type(query: str) -> Rule:
    """`$et-TYPE`: a link to each event of a type; `$et-$deleted` has the streams' ends.

    The links to metadata events name the stream, not its metastream, as
    EventStoreDB's do.
    """
    _require_no_query(query, "$by_event_type")

    def rule(event: SourceEvent) -> Emission | None:
        if event.type == LINK:
            return None
        type = "$deleted" if event.deletes else event.type
        target = b"%d@%s" % (event.record.revision, event.stream.original.encode())
        return Emission(f"$et-{type}", LINK, target, _DELETED if event.deletes else b"")

    return rule


def streams(query: str) -> Rule:
    """`$streams`: a link to the first event of each stream."""
    _require_no_query(query, "$streams")

    def rule(event: SourceEvent) -> Emission | None:
        if event.record.revision:
            return None
        return Emission("$streams", LINK, b"0@" + event.stream.name.encode())

    return rule


def stream_by_category(query: str) -> Rule:
    """`$category-CATEGORY`: a reference to each stream of the category."""
    category = category_of(query)

    def rule(event: SourceEvent) -> Emission | None:
        name = None if event.record.revision else category(event.stream.name)
        if name is None:
            return None
        return Emission(f"$category-{name}", STREAM_REFERENCE, event.stream.name.encode())

    return rule


def by_correlation_id(query: str) -> Rule:
    """`$bc-ID`: a link to each event whose metadata have the correlation id.

    The query may name another property: `{"correlationIdProperty": "$myId"}`.
    """
    key = _correlation_property(query)
    mark = key.encode()

    def rule(event: SourceEvent) -> Emission | None:
        if event.type == LINK or not event.mentions(mark):
            return None
        found = event.metadata.get(key)
        if not isinstance(found, str | int | float):
            return None
        extra = b',"$eventTimestamp":"%s"' % _time(event.record.created).encode()
        # JSON can hold halves of characters, a stream's name cannot.
        name = str(found).encode("utf-8", "replace").decode()
        return Emission(f"$bc-{name}", LINK, event.link, extra)

    return rule


def json_text(text: str) -> bytes:
    """`text` as a JSON string."""
    return json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")


def _time(created: int) -> str:
    moment = _EPOCH + timedelta(microseconds=created // 10)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _require_no_query(query: str, name: str) -> None:
    if query.strip():
        raise BadQuery(f"{name} takes no query: {query!r}")


def _correlation_property(query: str) -> str:
    if not query.strip():
        return CORRELATION
    try:
        key = json.loads(query)["correlationIdProperty"]
        key.encode()
    except (AttributeError, ValueError, KeyError, TypeError, RecursionError):
        key = None
    if not isinstance(key, str) or not key:
        raise BadQuery(
            f"the query of $by_correlation_id is {query!r}: "
            'nothing or {"correlationIdProperty": "$correlationId"} is needed'
        )
    return key
