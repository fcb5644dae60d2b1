"""A client's RecordedEvent: its payload decoded, and what stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from esnb.drawing.values import stamp
from esnb.sources.payload import decode_announced, decode_or_keep, json_decoder
from esnb.summaries.recording import BOOKKEEPING
from esnb.summaries.summary import Section, Summary, SummaryRow, Words
from esnb.topics import TOPIC, topic_in, wire_type

if TYPE_CHECKING:
    from esnb.clients.installed import RecordedEvent


def of_recorded_event(event: RecordedEvent) -> Summary:
    """The event as the server has it; a payload that cannot be read as its bytes."""
    metadata, _ = decode_or_keep(json_decoder(transcoded=False), event.metadata)
    is_of_library = type(metadata) is dict and TOPIC in metadata
    data, problem = decode_announced(event.data, event.content_type, is_of_library)
    return Summary(
        wire_type(event.type) if topic_in(metadata, event.type) is None else event.type,
        event.stream_name,
        f"revision {event.stream_position:,}",
        [
            Section(
                "Action",
                problem or "the event and its data",
                _fields(_of_domain(data) if is_of_library else data),
                "no data",
            ),
            Section("Metadata", "what was stored beside it", _fields(metadata)),
            Section("Envelope", "what the server knows of it", list(_envelope(event))),
        ],
    )


def _of_domain(data: Any) -> Any:
    """The data without what the library keeps with them, and the summary says elsewhere."""
    return {k: v for k, v in data.items() if k not in BOOKKEEPING} if type(data) is dict else data


def _fields(found: Any) -> list[SummaryRow]:
    if found is None or found == {}:
        return []
    if isinstance(found, dict):
        return [SummaryRow(name, value) for name, value in found.items()]
    return [SummaryRow("", found)]


def _envelope(event: RecordedEvent) -> list[SummaryRow]:
    found = {
        "event id": event.id,
        "position": event.commit_position,
        "content type": Words(event.content_type or ""),
        "recorded": event.recorded_at and Words(stamp(event.recorded_at)),
        "link": event.link
        and Words(f"{event.link.stream_name}, revision {event.link.stream_position:,}"),
    }
    return [SummaryRow(name, value) for name, value in found.items() if value not in (None, "")]
