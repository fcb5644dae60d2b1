"""One page of events: filtered, decoded, and how to go on from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal

from esnb.correlation import CORRELATION_ID
from esnb.sources.paging import Pager
from esnb.sources.record import Record, last_part
from esnb.sources.redaction import REDACTED
from esnb.values.state import written

BUDGET = 10_000
"""Events that one page looks at before it returns what it has found."""

_DEEPEST = 50
"""Levels of a payload that a search for text looks into."""


@dataclass(frozen=True)
class PageEvent:
    """One recorded event, decoded, and its number in what was read; equal by its record."""

    number: int
    record: Record
    time: datetime | None
    data: Any = field(compare=False)
    metadata: Any = field(compare=False)
    error: str | None

    @property
    def stream(self) -> str:
        return self.record.stream

    @property
    def name(self) -> str:
        """The type without the class around it; for what is not an event, what it is."""
        if self.record.remark is not None:
            return self.record.remark.partition(":")[0]
        return self.record.name

    @property
    def correlation(self) -> str | None:
        """`$correlationId` of its metadata."""
        return correlation_of(self.metadata)


@dataclass(frozen=True)
class Filter:
    """Which events are wanted; everything that is given must hold."""

    types: tuple[str, ...] = ()
    """Names or shell patterns for the topic, the type or the last name, in any case."""
    text: str = ""
    """Something that stream, type, data or metadata contain, in any case."""
    since: datetime | None = None
    until: datetime | None = None
    correlation: str | None = None

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @cached_property
    def _patterns(self) -> list[str]:
        return [each.lower() for each in self.types]

    def has_type(self, record: Record) -> bool:
        if not self.types:
            return True
        names = {record.topic, record.topic.rpartition(":")[2], record.type}
        names.add(last_part(record.type))
        return any(fnmatchcase(n.lower(), p) for n in names for p in self._patterns)

    def admits(self, event: PageEvent) -> bool:
        """Whether the decoded event is wanted; its type has been looked at before."""
        if self.since is not None and (event.time is None or event.time < self.since):
            return False
        if self.until is not None and (event.time is None or event.time > self.until):
            return False
        return not self.text or self._has_text(event)

    def _has_text(self, event: PageEvent) -> bool:
        wanted = self.text.casefold()
        record = event.record
        fields = (record.stream, record.type, record.event_id, event.data, event.metadata)
        return any(wanted in word.casefold() for each in fields for word in _words(each, _DEEPEST))


EVERYTHING = Filter()


def _words(value: Any, levels: int) -> Iterator[str]:
    """Every key and every plain value of a payload, as text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif isinstance(value, Mapping):
        for key, inner in value.items() if levels else ():
            yield written(key)
            yield from _words(inner, levels - 1)
    elif isinstance(value, list | tuple | Set):
        for inner in value if levels else ():
            yield from _words(inner, levels - 1)
    elif value is not None:
        yield written(value)


def correlation_of(metadata: Any) -> str | None:
    """The correlation id that an event's metadata name, as text."""
    found = metadata.get(CORRELATION_ID) if isinstance(metadata, Mapping) else None
    return None if found is None or found == REDACTED else str(found)


@dataclass(frozen=True)
class Anchor:
    """Where a page begins, and in which direction it is read.

    `from` a number on, `after` it, or `before` it; without a number, from the
    oldest event on, or the newest ones.
    """

    kind: Literal["from", "after", "before"] = "before"
    number: int | None = None


NEWEST = Anchor()


@dataclass(frozen=True)
class EventPage:
    """Events in order, the oldest first, and what lies around them."""

    events: tuple[PageEvent, ...] = ()
    earlier: Anchor | None = None
    """The page before this one; None when there is none."""
    later: Anchor | None = None
    searched: int = 0
    """How many events were looked at."""
    unfinished: bool = False
    """Whether the search stopped at its budget with the page not full."""
    reached: int | None = None
    """Number of the last event that was looked at."""
    place: dict[int, int] = field(default_factory=dict, compare=False)
    """Index of each event by its number."""


def read_page(
    pager: Pager,
    stream: str | None,
    wanted: Filter,
    anchor: Anchor,
    size: int,
    budget: int = BUDGET,
) -> EventPage:
    """At most `size` events from `anchor` on, having looked at `budget` at most."""
    number = _numbering(pager, stream)
    forwards = anchor.kind != "before"
    opening = (
        pager.forwards(stream, anchor.number)
        if forwards
        else pager.backwards(stream, anchor.number)
    )
    found: list[PageEvent] = []
    searched, reached, ended, more = 0, None, True, False
    with opening as records:
        for record in records:
            here = number(record)
            if anchor.kind == "after" and anchor.number is not None and here <= anchor.number:
                continue
            if len(found) == size or searched == budget:
                ended, more = False, True
                break
            searched, reached = searched + 1, here
            event = decoded(pager, stream, record, wanted)
            if event is not None:
                found.append(event)
    if not forwards:
        found.reverse()
    unfinished = not ended and len(found) < size
    onward = reached if unfinished or not found else found[-1 if forwards else 0].number
    earlier = later = None
    if forwards:
        later = Anchor("after", onward) if more else None
        first = found[0].number if found else anchor.number
        if first is not None and _any(pager.backwards(stream, first)):
            earlier = Anchor("before", first)
    else:
        earlier = Anchor("before", onward) if more else None
        last = found[-1].number if found else anchor.number
        # What is beyond the anchor was on the page that one came from.
        if last is not None and anchor.number is not None:
            later = Anchor("after", last)
    numbers = {event.number: index for index, event in enumerate(found)}
    return EventPage(tuple(found), earlier, later, searched, unfinished, reached, numbers)


def decoded(pager: Pager, stream: str | None, record: Record, wanted: Filter) -> PageEvent | None:
    """The event of a record, or None when it is not wanted."""
    if not wanted.has_type(record):
        return None
    if wanted.correlation is not None and correlation_of(record.metadata) != wanted.correlation:
        return None
    data, error = pager.source.decode(record)
    time = record.time_with(data)
    data = pager.redaction.of_payloads(pager.source.origin).data(data)
    metadata = pager.redaction.data(record.metadata)
    error = record.remark or pager.redaction.reason(error)
    event = PageEvent(pager.number(stream, record), record, time, data, metadata, error)
    return event if wanted.admits(event) else None


def _numbering(pager: Pager, stream: str | None) -> Callable[[Record], int]:
    return lambda record: pager.number(stream, record)


def _any(opening: Any) -> bool:
    with opening as records:
        return next(records, None) is not None
