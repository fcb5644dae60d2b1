"""How a domain event travels: its type, content type and metadata on the wire.

State that is JSON is stored as JSON, so that projections, the admin page and
other languages read it; anything else (compressed, encrypted, or JSON with
Python's NaN and Infinity, which strict parsers refuse) as octet-stream. The
metadata are JSON in either case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from esnb import topics
from esnb.clients.installed import NewEvent, RecordedEvent
from esnb.correlation import CAUSATION_ID, CORRELATION_ID, Correlation
from esnb.eventstoredb.records import StreamEvent, StreamNotification
from esnb.new_id import new_id
from esnb.topics import TOPIC
from esnb.values.strict_json import JSON, OCTETS, is_json

APPLICATION = "application"


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
    return new_event(
        topics.short_type(stored.topic),
        stored.state,
        write_metadata(metadata),
        is_json(stored.state),
    )


def new_event(
    event_type: str,
    state: bytes,
    metadata: bytes,
    announces_json: bool,
    id: UUID | None = None,
) -> NewEvent:
    """The event to append, with a random id unless `id` is given."""
    return NewEvent(
        type=event_type,
        data=state,
        metadata=metadata,
        content_type=JSON if announces_json else OCTETS,
        id=id or new_id("event"),
    )


def write_metadata(metadata: Mapping[str, Any]) -> bytes:
    """Metadata as JSON; a lone surrogate as the escape that alone can name it."""
    text = json.dumps(metadata, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(metadata, separators=(",", ":")).encode()


def stream_event(
    recorded: RecordedEvent, originator_id: UUID | str, originator_version: int
) -> StreamEvent:
    """The stored event that `recorded` carries."""
    return StreamEvent(
        position=recorded.commit_position,
        **_open(recorded, originator_id, originator_version),
    )


def notification(
    recorded: RecordedEvent, originator_id: UUID | str, originator_version: int
) -> StreamNotification:
    """The notification that `recorded`, read from `$all`, carries."""
    assert recorded.commit_position is not None
    return StreamNotification(
        id=recorded.commit_position,
        **_open(recorded, originator_id, originator_version),
    )


def _open(
    recorded: RecordedEvent, originator_id: UUID | str, originator_version: int
) -> dict[str, Any]:
    """What both have of an event, by the names of their fields."""
    metadata = read_metadata(recorded.metadata)
    return {
        "originator_id": originator_id,
        "originator_version": originator_version,
        "topic": topic_of(recorded.type, metadata),
        "state": recorded.data,
        "event_id": recorded.id,
        "recorded": recorded.recorded_at,
        "metadata": metadata,
    }


def topic_of(event_type: str, metadata: Mapping[str, Any]) -> str:
    """An event's topic: from its metadata when they are ours, else by its type."""
    return topics.topic_in(metadata, event_type) or topics.topic_of(event_type)


def is_of_server(recorded: RecordedEvent) -> bool:
    """Whether EventStoreDB wrote it, or keeps its type for itself: no event of an application.

    A tombstone (`$streamDeleted`), a link (`$>`), and any other type that begins
    with `$`, unless it is the topic that the event's own metadata name.
    """
    if not recorded.type.startswith("$"):
        return False
    return topics.topic_in(read_metadata(recorded.metadata), recorded.type) is None


def read_metadata(data: bytes) -> Mapping[str, Any]:
    """Metadata as a mapping; empty where they are not a JSON object."""
    if not data:
        return {}
    try:
        metadata = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
