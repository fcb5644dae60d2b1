"""A visit to a source: the place, the page read there, the event shown.

No widgets: the panel, the saved view and the text draw what a visit holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from itertools import chain, count, islice
from typing import Any, Literal, SupportsIndex, cast

import numpy as np

from esnb.sources.ids import Identified, find_id
from esnb.sources.known_streams import KnownStreams
from esnb.sources.moments import is_iso_8601, read_end, read_moment
from esnb.sources.numbers import bound
from esnb.sources.page import NEWEST, Anchor, EventPage, Filter, PageEvent, decoded, read_page
from esnb.sources.paging import Pager
from esnb.sources.progress_bar import track
from esnb.sources.record import Record
from esnb.sources.redaction import Redact
from esnb.values.ordered_repr import short_repr
from esnb.widgets.browse.link import link
from esnb.widgets.browse.trail import Place, Trail

_MOST_ARRIVALS = 5_000
"""New events that one look takes in; more come with the next."""

At = Identified | SupportsIndex | datetime | date | np.datetime64 | tuple[Identified, SupportsIndex]


class Visit:
    """Reads what its trail asks for. Every method may raise what the store raises; the
    visit then stays where it was."""

    def __init__(self, source: Any, rows: int, redact: Redact | None = None) -> None:
        self.pager = Pager(source, redact)
        self._given = source
        self.rows = rows
        self.trail = Trail()
        self.page = EventPage()
        self.index = KnownStreams(self.pager)
        self.looked = 0
        """How many events were looked at in a row, page after page, for what is shown."""
        self.waiting = 0
        """How many new events belong to what is shown, but are not shown yet."""
        self.remark = ""
        """A note from the last step, such as that nothing follows."""

    @property
    def name(self) -> str:
        return self.pager.source.name

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Shows a bar below the running cell for what is read within and takes over a second."""
        ticks = track(count(1), unit="event")
        try:
            with self.pager.telling(lambda: next(ticks)):
                yield
        finally:
            ticks.close()

    @property
    def here(self) -> Place:
        return self.trail.here

    @property
    def event(self) -> PageEvent | None:
        """The event that is shown in full."""
        place = self.page.place.get(self.here.chosen or -1)
        return None if place is None else self.page.events[place]

    @property
    def place(self) -> int | None:
        """Its place on the page, from 0."""
        return self.page.place.get(self.here.chosen or -1)

    # --- where to -------------------------------------------------------------

    def begin(self, at: At | None) -> None:
        """Reads the first page: at a time, a position, a stream, or the end of the log."""
        if at is None:
            self.newest()
        elif isinstance(at, bool):
            raise TypeError(f"at={at!r}: pass a time, a stream or a position")
        elif isinstance(at, tuple) and not hasattr(at, "_fields"):  # which a row of a frame has
            self._begin_with(at)
        elif isinstance(at, SupportsIndex):  # a cell of a frame is a number of numpy's
            self._begin_at(at)
        elif isinstance(at, datetime | date | np.datetime64) or (
            isinstance(at, str) and _is_time(at)
        ):
            self.start(read_moment(at, "at"))
        else:
            at = self.named(cast(Identified, at))
            self._show(Trail(Place(stream=at)))
            self._require_stream(at)
            self.trail = Trail(self.here, (Place(),))

    def named(self, given: Identified) -> str:
        """The name of the stream that is meant, as `find_id` finds it."""
        return str(find_id(self.pager.source, given, "a stream"))

    def _begin_at(self, position: SupportsIndex) -> None:
        number = bound(position, "at")
        self._show(self.trail.at(Anchor("from", number)), first=True)
        if not self.page.events:
            self.newest()
            if self.page.events:
                self.remark = f"every event lies before position {position}: these are the newest"
        elif number is not None and self.page.events[0].number > max(number, 1):
            self.remark = f"no event has position {position}: this is the next one"

    def _begin_with(self, event: tuple[Any, ...]) -> None:
        """One event of a stream, as `link` names it."""
        if len(event) != 2 or isinstance(event[1], bool) or not isinstance(event[1], SupportsIndex):
            raise TypeError(f"at={short_repr(event)}: pass a stream and a version, ('Dog-1f…', 3)")
        stream, version = self.named(event[0]), bound(event[1], "at") or 0
        self._show(Trail(self._around(stream, version)))
        self._require_stream(stream)
        if version not in self.page.place:
            self._show(Trail(Place(stream=stream)))
            raise LookupError(
                f"stream {stream!r} has no version {version:,}: its newest is "
                f"{self.page.events[-1].number:,}"
            )
        self.trail = Trail(self.here, (Place(),))

    def _require_stream(self, stream: str) -> None:
        if not self.page.events:
            raise LookupError(
                f"{self.name} has no stream {stream!r}: pass one of esnb.streams(source), "
                "a time such as '2026-03-01 12:00', or a position"
            )

    def types(self) -> Counter[str]:
        """How many events of each type are known in the log or the stream, by its last name."""
        found = self.index.types_of(self.here.stream)
        # Of links only what is on the page is known.
        return Counter((event.name for event in self.page.events) if found is None else found)

    @property
    def link(self) -> str:
        """Code that shows this event again, in another kernel too."""
        return link(self._given, self.pager.source, self._at_event())

    def _at_event(self) -> str | None:
        """What `browse` takes as `at` for it, as Python; None on an empty page.

        In the whole log its position, in a stream its version there: neither changes
        when events are added.
        """
        if self.event is None:
            return None
        number, stream = self.event.number, self.here.stream
        return str(number) if stream is None else f"({stream!r}, {number})"

    def open(self, stream: str) -> None:
        """All events of one stream, the newest page of them; the event shown stays shown."""
        shown = self.event
        target = Place(stream=stream)
        if shown is not None and shown.stream == stream and shown.record.version is not None:
            target = self._around(stream, shown.record.version)
        self._go(target)

    def _around(self, stream: str, number: int) -> Place:
        """A page of a stream with this event in its middle, or nearer to an end of the stream."""
        most = self.rows - self.rows // 2 - 1
        with self.pager.forwards(stream, number + 1) as records:
            following = sum(1 for _ in islice(records, most))
        first = max(1, number + following - self.rows + 1)
        return Place(stream, anchor=Anchor("from", first), chosen=number)

    def whole(self) -> None:
        """Back to the whole log, unfiltered, at its newest events."""
        self._go(Place())

    def correlated(self, correlation: str | None = None) -> None:
        """All events of the whole log with the same correlation id."""
        wanted = correlation or (self.event.correlation if self.event else None)
        if wanted is None:
            self.remark = "this event's metadata have no correlation id"
            return
        shown = self.event
        linked = f"$bc-{wanted}"
        if self.pager.has_links and self._has(linked):
            self._go(Place(stream=linked, anchor=Anchor("from", 1)))
        elif shown is not None and self.here.stream is None:
            # Around the event: what belongs together was recorded together.
            anchor = self._before(shown.number)
            self._go(Place(filter=Filter(correlation=wanted), anchor=anchor), choose=shown.number)
        else:
            position = None if shown is None else shown.record.position
            anchor = Anchor("from", 1) if position is None else self._before(position)
            self._go(Place(filter=Filter(correlation=wanted), anchor=anchor), choose=position)

    def cause(self) -> None:
        """The event that caused the one shown."""
        wanted = self.event.causation if self.event else None
        if self.event is None or wanted is None:
            self.remark = "this event's metadata have no causation id"
            return
        self._seek_flow(Filter(event_id=wanted), self._from_shown("before"))

    def effects(self) -> None:
        """The events that the one shown caused."""
        wanted = self.event.record.event_id if self.event else None
        if wanted is None:
            self.remark = "this event has no id by which others could name it as their cause"
            return
        self._seek_flow(Filter(causation=wanted), self._from_shown("after"))

    def _from_shown(self, kind: Literal["before", "after"]) -> Anchor:
        """Causes come before their effects."""
        position = None if self.event is None else self.event.record.position
        if position is not None:
            return Anchor(kind, position)
        return NEWEST if kind == "before" else Anchor("from", 1)

    def _seek_flow(self, wanted: Filter, anchor: Anchor) -> None:
        """Within the links of the flow where a server has them, else in the log."""
        linked = f"$bc-{self.event.correlation}" if self.event else ""
        if self.event and self.event.correlation and self.pager.has_links and self._has(linked):
            self._go(Place(linked, wanted, Anchor("from", 1)), first=True)
            if self.page.events:
                return
            self.back()
        self._go(Place(filter=wanted, anchor=anchor), first=anchor.kind != "before")

    def filtered(self, wanted: Filter) -> None:
        """The same log or stream through another filter, from its newest events."""
        anchor = NEWEST
        if wanted.since is not None:
            anchor = self._at(wanted.since)
        elif wanted.until is not None:
            number = self.pager.seek_after(self.here.stream, wanted.until)
            anchor = Anchor("before", number)
        self._go(Place(self.here.stream, wanted, anchor))

    def start(self, time: datetime) -> None:
        """The events from a time on; the time is not a filter."""
        anchor = self._at(time)
        if anchor.kind == "before":
            self._go(replace(self.here, anchor=anchor, chosen=None))
            self.remark = (
                f"every event is older than {time:%Y-%m-%d %H:%M:%S}: these are the newest"
            )
        else:
            self._go(replace(self.here, anchor=anchor, chosen=None), first=True)

    def back(self) -> None:
        """Returns to the previous place, its page and its event."""
        self._show(self.trail.back())

    # --- pages and events ---------------------------------------------------------

    def newest(self) -> None:
        self._show(self.trail.at(NEWEST))

    def oldest(self) -> None:
        self._show(self.trail.at(Anchor("from", None)), first=True)

    def earlier(self) -> bool:
        """The page before this one; False where there is none."""
        return self._turn(self.page.earlier, "earlier")

    def later(self) -> bool:
        """The page after this one; False where there is none."""
        return self._turn(self.page.later, "later", first=True)

    def choose(self, number: int) -> None:
        """Shows the event of the page that has this number."""
        self.remark = ""
        self.trail = self.trail.choose(number)

    def go_on(self) -> bool:
        """Looks at the next events where a search has stopped; False where it has not."""
        forwards = self.here.anchor.kind != "before"
        return self.page.unfinished and (self.later() if forwards else self.earlier())

    def step(self, by: int) -> None:
        """Shows the next (1) or previous (-1) event, turning the page where it ends."""
        place = self.place
        if place is None:
            return
        if 0 <= place + by < len(self.page.events):
            self.choose(self.page.events[place + by].number)
        elif by > 0:
            self.later()
        else:
            self.earlier()

    def refresh(self) -> None:
        """Reads the page again; at the end of the log, the newest page.

        If the newest event was shown, the one that is newest now is shown then.
        """
        at_end = self.page.later is None
        at_newest = at_end and (not self.page.events or self.event is self.page.events[-1])
        chosen = None if at_newest else self.here.chosen
        self._show(self.trail.at(NEWEST if at_end else self.here.anchor, chosen))

    def arrivals(self, *, stay: bool = False) -> bool:
        """Takes in what was recorded since the streams were read; returns whether anything was.

        The page is read again when the newest events are on it, unless it is to
        `stay`: `waiting` then says how many came. When the log was emptied meanwhile,
        the page is read again, and the streams are found again, too.
        """
        high = self.index.high
        with self.pager.forwards(None, high or None) as records:
            first = next(records, None)
            is_same = self.index.is_at(first)
            newer = (r for r in chain([first], records) if r and (r.position or 0) > high)
            found = list(islice(newer, _MOST_ARRIVALS)) if is_same else []
        if not is_same:
            self.index.begin_again()
            self.refresh()
            return True
        if not found:
            return False
        concerning = sum(map(self._concerns, found))
        if stay:
            self.waiting += concerning
        elif self.page.later is None and concerning:
            self.refresh()
        self.index.arrived(found)  # last: a page that could not be read is tried again
        return True

    # --- inside ---------------------------------------------------------------------

    def _concerns(self, record: Record) -> bool:
        """Whether a new event belongs to what is shown."""
        stream, wanted = self.here.stream, self.here.filter
        if stream is not None and stream[:1] != "$" and record.stream != stream:
            return False
        return not wanted or decoded(self.pager, None, record, wanted) is not None

    def _turn(self, anchor: Anchor | None, word: str, first: bool = False) -> bool:
        if anchor is None:
            self.remark = f"there are no {word} events"
            return False
        kept = self.trail, self.page, self.looked
        self._show(self.trail.at(anchor), first=first)
        if not kept[1].events:
            self.looked += kept[2]
        if self.page.events or self.page.unfinished or not kept[1].events:
            return True
        self.trail, self.page, self.looked = kept
        # Now it is known that there are none.
        self.page = self.page.without(word)
        self.remark = f"there are no {word} events"
        return False

    def _go(self, place: Place, choose: int | None = None, first: bool = False) -> None:
        leaving = self.here
        if leaving.at_end and self.page.events:
            # So that the same page is found again although events were added.
            leaving = replace(leaving, anchor=Anchor("from", self.page.events[0].number))
        target = replace(place, chosen=choose) if choose is not None else place
        self._show(self.trail.to(target, leaving), first=first)

    def _show(self, trail: Trail, first: bool = False) -> None:
        """Reads the page of a trail; chooses its last event, or its `first`."""
        here = trail.here
        page = read_page(self.pager, here.stream, here.filter, here.anchor, self.rows)
        chosen = here.chosen
        if chosen not in page.place:
            ends = page.events[:1] if first else page.events[-1:]
            chosen = ends[0].number if ends else None
        self.remark = ""
        self.page, self.trail, self.looked = page, trail.choose(chosen), page.searched

    def _at(self, time: datetime) -> Anchor:
        number = self.pager.seek(self.here.stream, time)
        return NEWEST if number is None else Anchor("from", number)

    def _has(self, stream: str) -> bool:
        with self.pager.source.stream(stream, None, None, 1) as records:
            return next(records, None) is not None

    def _before(self, position: int) -> Anchor:
        """An anchor some events before `position`, since a flow begins before its later events."""
        last = position
        with self.pager.backwards(None, position) as records:
            for record in islice(records, 2_000):
                last = record.position or last
        return Anchor("from", last)


def read_filter(types: str, text: str, since: str, until: str) -> Filter:
    """What was typed into the fields of a filter; ValueError names the field that is wrong."""
    names = tuple(name for part in types.split(",") if (name := part.strip()))
    return Filter(
        names,
        text.strip(),
        read_moment(since, "since") if since.strip() else None,
        read_end(until, "until") if until.strip() else None,
    )


def _is_time(text: str) -> bool:
    # A stream may well be named by eight digits.
    return text.strip()[4:5] == "-" and is_iso_8601(text)


def read_time(text: str) -> datetime:
    """The time that was typed; ValueError where it is not one."""
    return read_moment(text, "start at")
