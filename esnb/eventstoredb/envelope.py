"""How a domain event travels: its type, content type and metadata on the wire.

State that is JSON is stored as JSON, so that projections, the admin page and
other languages read it; anything else (compressed, encrypted, or JSON with
Python's NaN and Infinity, which strict parsers refuse) as octet-stream. The
metadata are JSON in either case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NoReturn
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from esnb import topics
from esnb.clients.installed import NewEvent, RecordedEvent
from esnb.correlation import Correlation
from esnb.eventstoredb.records import StreamEvent, StreamNotification

TOPIC = "topic"
APPLICATION = "application"
CORRELATION_ID = "$correlationId"
CAUSATION_ID = "$causationId"

JSON: Literal["application/json"] = "application/json"
OCTETS: Literal["application/octet-stream"] = "application/octet-stream"


def enclose(
    stored: StoredEvent,
    *,
    application: str,
    correlation: Correlation | None = None,
    extra: Mapping[str, Any] | None = None,
) -> NewEvent:
    """The event to append for `stored`, with a new random id.

    The id must not be made from aggregate and version: the server takes an
    append of known ids for a repeat and reports success, where a conflict is
    to be reported.
    """
    metadata: dict[str, Any] = {TOPIC: stored.topic, APPLICATION: application}
    if correlation is not None:
        metadata[CORRELATION_ID] = correlation.correlation_id
        if correlation.causation_id is not None:
            metadata[CAUSATION_ID] = correlation.causation_id
    if extra:
        metadata.update(extra)
    return NewEvent(
        type=topics.short_type(stored.topic),
        data=stored.state,
        metadata=json.dumps(metadata, separators=(",", ":"), ensure_ascii=False).encode(),
        content_type=JSON if is_json(stored.state) else OCTETS,
    )


def stream_event(
    recorded: RecordedEvent, originator_id: UUID | str, originator_version: int
) -> StreamEvent:
    """The stored event that `recorded` carries."""
    metadata = read_metadata(recorded.metadata)
    return StreamEvent(
        originator_id=originator_id,
        originator_version=originator_version,
        topic=topic_in(recorded.type, metadata),
        state=recorded.data,
        event_id=recorded.id,
        recorded=recorded.recorded_at,
        metadata=metadata,
        position=recorded.commit_position,
    )


def notification(
    recorded: RecordedEvent, originator_id: UUID | str, originator_version: int
) -> StreamNotification:
    """The notification that `recorded`, read from `$all`, carries."""
    assert recorded.commit_position is not None
    metadata = read_metadata(recorded.metadata)
    return StreamNotification(
        id=recorded.commit_position,
        originator_id=originator_id,
        originator_version=originator_version,
        topic=topic_in(recorded.type, metadata),
        state=recorded.data,
        event_id=recorded.id,
        recorded=recorded.recorded_at,
        metadata=metadata,
    )


def topic_in(event_type: str, metadata: Mapping[str, Any]) -> str:
    """An event's topic: from its metadata when they are ours, else by its type."""
    topic = metadata.get(TOPIC)
    if isinstance(topic, str) and topics.matches(topic, event_type):
        return topic
    return topics.topic_of(event_type)


def is_of_server(recorded: RecordedEvent) -> bool:
    """Whether EventStoreDB wrote it, or keeps its type for itself: no event of an application.

    A tombstone (`$streamDeleted`), a link (`$>`), and any other type that begins
    with `$`, unless it is the topic that the event's own metadata name.
    """
    if not recorded.type.startswith("$"):
        return False
    topic = read_metadata(recorded.metadata).get(TOPIC)
    return not isinstance(topic, str) or not topics.matches(topic, recorded.type)


def read_metadata(data: bytes) -> Mapping[str, Any]:
    """Metadata as a mapping; empty where they are not a JSON object."""
    if not data:
        return {}
    try:
        metadata = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}


def is_json(data: bytes) -> bool:
    """Whether a strict parser reads `data` as JSON.

    >>> is_json(b'{"price": 10}'), is_json(b'{"price": NaN}'), is_json(b"\\x78\\x9c")
    (True, False, False)
    """
    try:
        _STRICT.decode(data.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant)
