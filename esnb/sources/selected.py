"""The events of a read that are wanted, decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from esnb.sources.record import EventSource, Record
from esnb.sources.selection import EventSelection


@dataclass(slots=True)
class DecodedEvent:
    """An event that was selected, decoded."""

    record: Record
    data: Any
    error: str | None
    """Why the payload could not be decoded."""
    time: datetime | None


def selected(
    source: EventSource, records: Iterable[Record], selection: EventSelection
) -> Iterator[DecodedEvent]:
    """Those of `records` that pass `selection`."""
    for record in records:
        if selection.has_type(record.topic, record.type):
            data, error = source.decode(record)
            time = record.time_with(data)
            if selection.has_time(time, record.recorded):
                yield DecodedEvent(record, data, error, time)
