"""A visit to a source: the place, the page read there, the event shown.

No widgets: the panel, the saved view and the text draw what a visit holds.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Any, SupportsIndex

import numpy as np

from esnb.sources.ids import Identified, find_id
from esnb.sources.known_streams import KnownStreams
from esnb.sources.moments import is_iso_8601, read_moment
from esnb.sources.numbers import bound
from esnb.sources.page import NEWEST, Anchor, EventPage, Filter, PageEvent, read_page
from esnb.sources.paging import Pager
from esnb.sources.redaction import Redact
from esnb.widgets.browse.trail import Place, Trail

_MOST_ARRIVALS = 5_000
"""New events that one look takes in; more come with the next."""

At = Identified | SupportsIndex | datetime | date | np.datetime64


class Visit:
    """Reads what its trail asks for. Every method may raise what the store raises; the
    visit then stays where it was."""

    def __init__(self, source: Any, rows: int, redact: Redact | None = None) -> None:
        self.pager = Pager(source, redact)
        self.rows = rows
        self.trail = Trail()
        self.page = EventPage()
        self.index = KnownStreams(self.pager)
        self.remark = ""
        """A note from the last step, such as that nothing follows."""

    @property
    def name(self) -> str:
        return self.pager.source.name

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
        elif isinstance(at, SupportsIndex):  # a cell of a frame is a number of numpy's
            self._begin_at(at)
        elif isinstance(at, datetime | date | np.datetime64) or (
            isinstance(at, str) and _is_time(at)
        ):
            self.start(read_moment(at, "at"))
        else:
            at = self.named(at)
            self._show(Trail(Place(stream=at)))
            if not self.page.events:
                raise LookupError(
                    f"{self.name} has no stream {at!r}: pass one of esnb.streams(source), "
                    "a time such as '2026-03-01 12:00', or a position"
                )
            self.trail = Trail(self.here, (Place(),))

    def named(self, given: Identified) -> str:
        """The name of the stream that is meant, as `find_id` finds it."""
        return str(find_id(self.pager.source, given, "a stream"))

    def _begin_at(self, position: SupportsIndex) -> None:
        self._show(self.trail.at(Anchor("from", bound(position, "at"))), first=True)
        if not self.page.events:
            self.newest()
            if self.page.events:
                self.remark = f"every event lies before position {position}: these are the newest"

    def open(self, stream: str) -> None:
        """All events of one stream, the newest page of them; the event shown stays shown."""
        shown = self.event
        anchor = NEWEST
        target = Place(stream=stream, anchor=anchor)
        if shown is not None and shown.stream == stream and shown.record.version is not None:
            # Around the event that was shown before.
            number = shown.record.version
            target = replace(target, anchor=Anchor("from", max(1, number - self.rows // 2)))
            target = replace(target, chosen=number)
        self._go(target)

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

    def filtered(self, wanted: Filter) -> None:
        """The same log or stream through another filter, from its newest events."""
        anchor = NEWEST
        if wanted.since is not None:
            anchor = self._at(wanted.since)
        elif wanted.until is not None:
            number = self.pager.seek(self.here.stream, wanted.until + timedelta(microseconds=1))
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

    def choose(self, place: int) -> None:
        """Shows the event at this place of the page."""
        self.remark = ""
        self.trail = self.trail.choose(self.page.events[place].number)

    def step(self, by: int) -> None:
        """Shows the next (1) or previous (-1) event, turning the page where it ends."""
        place = self.place
        if place is None:
            return
        if 0 <= place + by < len(self.page.events):
            self.choose(place + by)
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

    def arrivals(self) -> bool:
        """Takes in what was recorded since the streams were read; returns whether anything was.

        The page is read again when the newest events are on it, and when the log
        was emptied meanwhile; the streams are then found again, too.
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
        if self.page.later is None and self._concerns(found):
            self.refresh()
        self.index.arrived(found)  # last: a page that could not be read is tried again
        return True

    # --- inside ---------------------------------------------------------------------

    def _concerns(self, found: list[Any]) -> bool:
        stream = self.here.stream
        return stream is None or stream[:1] == "$" or any(r.stream == stream for r in found)

    def _turn(self, anchor: Anchor | None, word: str, first: bool = False) -> bool:
        if anchor is None:
            self.remark = f"there are no {word} events"
            return False
        kept = self.trail, self.page
        self._show(self.trail.at(anchor), first=first)
        if self.page.events or self.page.unfinished:
            return True
        self.trail, self.page = kept
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
        self.page, self.trail = page, trail.choose(chosen)

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
        read_moment(until, "until") if until.strip() else None,
    )


def _is_time(text: str) -> bool:
    # A stream may well be named by eight digits.
    return text.strip()[4:5] == "-" and is_iso_8601(text)


def read_time(text: str) -> datetime:
    """The time that was typed; ValueError where it is not one."""
    return read_moment(text, "start at")
