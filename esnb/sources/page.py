"""One page of events: filtered, decoded, and how to go on from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, Literal

from esnb.correlation import CAUSATION_ID, CORRELATION_ID
from esnb.sources.paging import Pager
from esnb.sources.record import Record, Records, last_part
from esnb.sources.redaction import REDACTED
from esnb.values.cell import encodable
from esnb.values.state import written

BUDGET = 10_000
"""Events that one page looks at before it returns what it has found."""

_GLANCE = 1_000
"""Events looked at on the other side of a page, to say whether there are wanted ones."""
_NEARLY = 1_000
"""Events beyond the times of a filter after which none within them follow: times nearly ascend."""

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
        return id_in(self.metadata, CORRELATION_ID)

    @property
    def causation(self) -> str | None:
        """`$causationId` of its metadata: the id of the event that caused it."""
        return id_in(self.metadata, CAUSATION_ID)


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
    event_id: str | None = None
    causation: str | None = None
    """The id of the event that caused them."""

    def __bool__(self) -> bool:
        return self != EVERYTHING

    @cached_property
    def _patterns(self) -> list[str]:
        # As fields of a form show them: half a pair of surrogates reaches no browser.
        return [encodable(each).lower() for each in self.types]

    def has_type(self, record: Record) -> bool:
        if not self.types:
            return True
        names = {record.topic, record.topic.rpartition(":")[2], record.type}
        names.add(last_part(record.type))
        shown = [encodable(name).lower() for name in names]
        return any(fnmatchcase(name, p) for name in shown for p in self._patterns)

    def has_ids(self, record: Record) -> bool:
        """Whether it is the event, or one of those, that an id leads to."""
        for wanted, name in ((self.correlation, CORRELATION_ID), (self.causation, CAUSATION_ID)):
            if wanted is not None and id_in(record.metadata, name) != wanted:
                return False
        return self.event_id is None or record.event_id == self.event_id

    def is_beyond(self, time: datetime | None, forwards: bool) -> bool:
        """Whether a read in this direction has left the times that are wanted."""
        if time is None:
            return False
        if forwards:
            return self.until is not None and time > self.until
        return self.since is not None and time < self.since

    def ends(self, forwards: bool) -> bool:
        """Whether a read in this direction leaves the times that are wanted at all."""
        return (self.until if forwards else self.since) is not None

    def admits(self, event: PageEvent) -> bool:
        """Whether the decoded event is wanted; its type has been looked at before."""
        if self.since is not None and (event.time is None or event.time < self.since):
            return False
        if self.until is not None and (event.time is None or event.time > self.until):
            return False
        return not self.text or self._has_text(event)

    def _has_text(self, event: PageEvent) -> bool:
        wanted = encodable(self.text).casefold()
        # Only a text with such an escape can be that of what has to be escaped.
        shown = encodable if "\\u" in wanted else str
        record = event.record
        fields = (record.stream, record.type, record.event_id, event.data, event.metadata)
        return any(_contains(each, wanted, shown, _DEEPEST) for each in fields)


EVERYTHING = Filter()


def _contains(value: Any, wanted: str, shown: Callable[[str], str], levels: int) -> bool:
    """Whether a key or a plain value of a payload has the text, which is case-folded.

    `shown` is how a text is shown. Called for each value of each event that is searched.
    """
    if value is None:
        return False
    if isinstance(value, dict | Mapping):
        for key, inner in value.items() if levels else ():
            if wanted in shown(written(key)).casefold():
                return True
            if _contains(inner, wanted, shown, levels - 1):
                return True
        return False
    if isinstance(value, list | tuple | Set):
        return levels > 0 and any(_contains(each, wanted, shown, levels - 1) for each in value)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else written(value)
    return wanted in shown(text).casefold()


def id_in(metadata: Any, name: str) -> str | None:
    """An id that an event's metadata give under this name, as text."""
    found = metadata.get(name) if isinstance(metadata, Mapping) else None
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
    perhaps: frozenset[str] = frozenset()
    """Of `earlier` and `later`, those of which nobody knows yet whether wanted events are there."""
    reached: int | None = None
    """Number of the last event that was looked at."""
    place: dict[int, int] = field(default_factory=dict, compare=False)
    """Index of each event by its number."""

    def without(self, side: str) -> EventPage:
        """The page when it has turned out that nothing more is on one side of it."""
        earlier = None if side == "earlier" else self.earlier
        later = None if side == "later" else self.later
        perhaps = self.perhaps - {side}
        return replace(self, earlier=earlier, later=later, perhaps=perhaps, unfinished=False)


def read_page(
    pager: Pager,
    stream: str | None,
    wanted: Filter,
    anchor: Anchor,
    size: int,
    budget: int = BUDGET,
) -> EventPage:
    """At most `size` events from `anchor` on, having looked at `budget` at most."""
    forwards = anchor.kind != "before"
    search = _search(pager, stream, wanted, anchor, size, budget)
    found = search.events if forwards else search.events[::-1]
    side = "later" if forwards else "earlier"
    perhaps = {side} if search.spent else set()
    unfinished = search.spent and len(found) < size
    ahead = None
    if search.spent or search.more:
        last = search.reached if unfinished or not found else search.events[-1].number
        ahead = Anchor("after" if forwards else "before", last)
    behind = _behind(pager, stream, wanted, anchor, search, perhaps)
    earlier, later = (behind, ahead) if forwards else (ahead, behind)
    return EventPage(
        tuple(found),
        earlier,
        later,
        search.searched,
        unfinished,
        frozenset(perhaps),
        search.reached,
        {event.number: index for index, event in enumerate(found)},
    )


@dataclass
class _Search:
    """What a search has found, in the order in which it read."""

    events: list[PageEvent] = field(default_factory=list)
    searched: int = 0
    reached: int | None = None
    more: bool = False
    """Whether there is another wanted event."""
    spent: bool = False
    """Whether it stopped at its budget."""


def _search(
    pager: Pager, stream: str | None, wanted: Filter, anchor: Anchor, size: int, budget: int
) -> _Search:
    """The next wanted events, `size` at most, and whether another one follows."""
    search = _Search()
    with _reading(pager, stream, anchor) as records:
        for record, event in _looked_at(pager, stream, records, wanted, anchor):
            search.more = event is not None and len(search.events) == size
            search.spent = not search.more and search.searched == budget
            if search.more or search.spent:
                break
            search.searched += 1
            search.reached = pager.number(stream, record)
            if event is not None:
                search.events.append(event)
    return search


def _behind(
    pager: Pager,
    stream: str | None,
    wanted: Filter,
    anchor: Anchor,
    search: _Search,
    perhaps: set[str],
) -> Anchor | None:
    """Where the page on the other side begins, None where there is none; adds to `perhaps`."""
    forwards = anchor.kind != "before"
    first = search.events[0].number if search.events else anchor.number
    if first is None or (not forwards and anchor.number is None):
        return None
    back = Anchor("before" if forwards else "after", first)
    if not forwards and not wanted:
        return back  # what is beyond the anchor was on the page that one came from
    with _reading(pager, stream, back) as records:
        pairs = _looked_at(pager, stream, records, wanted, back)
        for count, (_, event) in enumerate(pairs):
            if event is not None:
                return back
            if count == _GLANCE:
                perhaps.add("earlier" if forwards else "later")
                return back
    return None


def _reading(pager: Pager, stream: str | None, anchor: Anchor) -> Records:
    if anchor.kind == "before":
        return pager.backwards(stream, anchor.number)
    return pager.forwards(stream, anchor.number)


def _looked_at(
    pager: Pager, stream: str | None, records: Iterator[Record], wanted: Filter, anchor: Anchor
) -> Iterator[tuple[Record, PageEvent | None]]:
    """Each record from the anchor on, and its event where it is wanted.

    Ends where no more can be wanted.
    """
    forwards = anchor.kind != "before"
    ends, beyond = wanted.ends(forwards), 0
    for record in records:
        if anchor.kind == "after" and pager.number(stream, record) <= (anchor.number or 0):
            continue
        event = decoded(pager, stream, record, wanted)
        if ends:
            left = event is None and wanted.is_beyond(pager.time(record), forwards)
            beyond = beyond + 1 if left else 0
            if beyond == _NEARLY:
                return
        yield record, event


def decoded(pager: Pager, stream: str | None, record: Record, wanted: Filter) -> PageEvent | None:
    """The event of a record, or None when it is not wanted."""
    if not wanted.has_type(record):
        return None
    if not wanted.has_ids(record):
        return None
    data, error = pager.source.decode(record)
    time = record.time_with(data)
    data = pager.redaction.of_payloads(pager.source.origin).data(data)
    metadata = pager.redaction.data(record.metadata)
    error = record.remark or pager.redaction.reason(error)
    event = PageEvent(pager.number(stream, record), record, time, data, metadata, error)
    return event if wanted.admits(event) else None
