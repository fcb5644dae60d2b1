"""The events of one flow, without reading all others where the server can do that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from esnb.clients.installed import ClientError
from esnb.clients.position import parse_position
from esnb.correlation import CAUSATION_ID, CORRELATION_ID
from esnb.sources.ids import begins, is_beginning, only_one
from esnb.sources.progress_bar import track
from esnb.sources.record import EventSource, Record
from esnb.sources.server import ServerSource
from esnb.values.cell import encodable

PROJECTION = "$by_correlation_id"


def correlated(source: EventSource, wanted: str, progress: bool | None) -> Iterator[Record]:
    """The events with the correlation id `wanted`, and the one whose id it is, in order.

    A server that runs `$by_correlation_id` has links to them in one stream: that
    stream is read, then the log from the projection's checkpoint on. Other
    sources are read as a whole.
    """
    if isinstance(source, ServerSource) and encodable(wanted) == wanted:
        reached = _reached(source.client)
        if reached is not None:
            yield from _by_links(source, wanted, reached, progress)
            return
    yield from _scanned(source, wanted, None, progress)


def flow_of(record: Record) -> str | None:
    """The correlation id of an event; one that has none begins a flow of its own.

    None where the event has no id either, as in stores other than EventStoreDB.
    """
    metadata = record.metadata if isinstance(record.metadata, Mapping) else {}
    found = metadata.get(CORRELATION_ID) or record.event_id
    return None if found is None else str(found)


def whole_flow_id(source: EventSource, beginning: str, progress: bool | None) -> str:
    """The only flow's id that begins so; what begins none is returned as it is.

    Reads the whole sequence where it may be the beginning of a UUID. ValueError,
    which lists them, where several begin so.
    """
    wanted = beginning.strip().removesuffix("…")
    if not is_beginning(wanted):
        return beginning
    with source.events(None) as records:
        flows = dict.fromkeys(map(flow_of, track(records, unit="event", progress=progress)))
    found = [flow for flow in flows if flow is not None and begins(flow, wanted, is_id=False)]
    return only_one(found, wanted, f"flows in {source.name}") or beginning


def _scanned(
    source: EventSource, wanted: str, start: int | None, progress: bool | None
) -> Iterator[Record]:
    with source.events(start) as records:
        for record in track(records, unit="event", progress=progress):
            if flow_of(record) == wanted:
                yield record


def _reached(client: Any) -> int | None:
    """The position up to which the projection has written its links, if that is known."""
    try:
        found = client.get_projection_statistics(name=PROJECTION)
    except ClientError:  # there is no such projection, or it is not for this user
        return None
    is_up_to_date = found.status.startswith("Running") and not found.writes_in_progress
    return parse_position(found.position) if is_up_to_date else None


def _by_links(
    source: ServerSource, wanted: str, reached: int, progress: bool | None
) -> Iterator[Record]:
    try:
        with source.stream(f"$bc-{wanted}", None, None, None) as records:
            linked = [each for each in records if each.is_missing or flow_of(each) == wanted]
    except ClientError:  # not for this user
        yield from _scanned(source, wanted, None, progress)
        return
    seen = {record.event_id for record in linked}
    begins = _beginning(source, wanted, linked, reached, progress)
    if begins is not None and begins.event_id not in seen:
        seen.add(begins.event_id)
        yield begins
    yield from linked
    for record in _scanned(source, wanted, reached, progress):
        if record.event_id not in seen:
            yield record


def _beginning(
    source: ServerSource, wanted: str, linked: list[Record], reached: int, progress: bool | None
) -> Record | None:
    """The event whose own id is the flow's, which has no link: it is looked for where it may be.

    Its consequences name it as their cause; without them, `wanted` may be any event's id.
    """
    try:
        UUID(wanted)
    except ValueError:
        return None
    causes = {str(record.metadata.get(CAUSATION_ID)) for record in linked}
    if linked and wanted not in causes:
        return None
    with source.events(None) as records:
        for record in track(records, unit="event", progress=progress):
            if record.event_id == wanted and flow_of(record) == wanted:
                return record
            if (record.position or 0) > reached:
                return None
    return None
