"""The events of a source, counted by kind: the kind and the time of each, and nothing else."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from esnb.drawing.chart.scale import microseconds
from esnb.sources.payload import collector_paused
from esnb.sources.progress_bar import track
from esnb.sources.record import EventSource, Record
from esnb.sources.selected import DecodedEvent, selected
from esnb.sources.selection import EventSelection

By = Literal["type", "stream", "category"]
NOWHEN = -1
"""The time of an event that has none."""
KindOf = Callable[[DecodedEvent], str]


@dataclass(slots=True)
class Tally:
    """Kinds in the order of their first events; for each event its kind and its time."""

    names: list[str] = field(default_factory=list)
    own_names: list[str] = field(default_factory=list)
    """For each kind the own name of its first event, without the class around it."""
    kinds: array[int] = field(default_factory=lambda: array("I"))
    """The places of their kinds in `names`."""
    times: array[int] = field(default_factory=lambda: array("q"))
    """As `microseconds` has them, or NOWHEN."""

    def __len__(self) -> int:
        return len(self.kinds)

    def counts(self) -> list[int]:
        """How many events each kind has."""
        found = [0] * len(self.names)
        for kind in self.kinds:
            found[kind] += 1
        return found


def tally(
    source: EventSource,
    selection: EventSelection,
    by: By,
    progress: bool | None = None,
    *,
    times: bool = True,
) -> Tally:
    """Counts all events of a source that pass; ValueError for an unknown `by`.

    Without `times`, which are then all NOWHEN, no payload is decoded that need not be.
    """
    if by not in get_args(By):
        raise ValueError(f"by={by!r}: pass {', '.join(map(repr, get_args(By)[:-1]))} or 'category'")
    found, kind_of, places = Tally(), _kind_of(source, by), dict[str, int]()
    with collector_paused(), source.events(None) as records:
        total = source.count(None)
        tracked = track(_events(records), unit="events", total=total, progress=progress)
        decoded = times or by == "category" or selection.has_bounds
        for each in (selected if decoded else _undecoded)(source, tracked, selection):
            name = kind_of(each)
            place = places.setdefault(name, len(places))
            if place == len(found.names):
                found.names.append(name)
                found.own_names.append(each.record.name)
            found.kinds.append(place)
            found.times.append(_time(each.time) if times else NOWHEN)
    return found


def _undecoded(
    _: EventSource, records: Iterable[Record], selection: EventSelection
) -> Iterator[DecodedEvent]:
    for record in records:
        if selection.has_type(record.topic, record.type):
            yield DecodedEvent(record, None, None, None)


def _events(records: Iterable[Record]) -> Iterator[Record]:
    return (record for record in records if not record.is_tombstone)


def _time(time: datetime | None) -> int:
    return NOWHEN if time is None else microseconds(time)


def _kind_of(source: EventSource, by: By) -> KindOf:
    if by == "type":
        return lambda each: each.record.type
    if by == "stream":
        return lambda each: each.record.stream
    known: dict[str, str] = {}

    def category(each: DecodedEvent) -> str:
        stream: Any = each.record.stream
        if stream not in known:
            known[stream] = source.category(each.record, each.data) or stream
        return known[stream]

    return category
