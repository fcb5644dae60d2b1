"""The live browser: controls that move a visit, and draw what it then holds.

Every control goes through `_do`: one at a time, under a lock that the following
thread takes too; whatever the store raises is shown in the panel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import message, note, style
from esnb.drawing.ids import short
from esnb.drawing.values import Limits, counted, stamp, visible
from esnb.sources.known_streams import StreamRow
from esnb.sources.page import EVERYTHING
from esnb.values.cell import encodable
from esnb.widgets.browse import event_html, html
from esnb.widgets.browse.copy import as_json, as_python
from esnb.widgets.browse.visit import Visit, read_filter, read_time
from esnb.widgets.browse.words import summary, what_is_shown
from esnb.widgets.live import controls
from esnb.widgets.live.follow import WhileSeen
from esnb.widgets.live.unread import unread

_LIMITS = Limits(characters=2000, entries=100, levels=8)
_MOST_STREAMS = 200
"""Lines of the list of streams; the others are found by typing."""
_NOTHING = "No events to show. Clear the filters, or read again once events have been recorded."
_MOST_COPIED = 1_000_000
"""Characters of a copy that are sent to the browser."""
_TABS = ("Event", "JSON", "Python")
_ALL = ""
"""The value of the line for the whole log."""


class BrowsePanel:
    """The widgets of one browser; `root` is what is displayed."""

    def __init__(self, visit: Visit, times: bool) -> None:
        self.visit = visit
        self._times = times
        self._lock = threading.RLock()
        self._drawing = False
        self._closed = False
        self._wanted = False
        self._drawn: tuple[Any, ...] = ()
        self._make()
        self._looking = WhileSeen(self.root, self._take_in)
        self._listen()
        self._style.value = style(
            "drawing/esnb.css", "widgets/live/live.css", "widgets/browse/browse.css"
        ) + html.heading(visit)
        self.draw()

    # --- what others do with it ----------------------------------------------------

    def do(self, step: Callable[[], object]) -> bool:
        """Takes a step of the visit and draws; False where it went wrong, which the panel says."""
        with self._lock:
            try:
                step()
            except Exception as error:  # noqa: BLE001  # whatever the store says, said here
                self._say(error)
                return False
            self._message.value = ""
            self.draw()
            return True

    @property
    def following(self) -> bool:
        return bool(self._follow.value)

    @following.setter
    def following(self, wanted: bool) -> None:
        self._follow.value = wanted

    def shown(self) -> None:
        """Notes that the running cell shows it."""
        self._looking.shown()

    def close(self) -> None:
        """Stops following and takes every widget out of the page and the kernel."""
        with self._lock:
            self._closed = True
            self._stop()
            self._looking.close()
        self._looking.join(timeout=5)
        controls.close_all(self.root)

    # --- making ----------------------------------------------------------------------

    def _make(self) -> None:
        self._style, self._crumbs = widgets.HTML(), widgets.HTML()
        self._message, self._note = widgets.HTML(), widgets.HTML()
        self._known, self._headline, self._detail = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._back = controls.button("Back", "arrow-left", "Return to the page you came from")
        self._again = controls.icon_button("refresh", "Read the events again")
        self._follow = widgets.ToggleButton(
            description="Follow", icon="rss", tooltip="Show new events as they are recorded"
        )
        self._types = controls.field(
            "Type", "Added, Price*", "Names or patterns, separated by commas"
        )
        self._text = controls.field("Contains", "any text", "In stream, type, data or metadata")
        self._since = controls.field(
            "Since", "2026-03-01 12:00", "Only events from this time on, UTC"
        )
        self._until = controls.field("Until", "2026-03-31", "Only events up to this time, UTC")
        self._start = controls.field("Start at", "2026-03-01 12:00", "Go to this time, UTC")
        self._clear = controls.button("Clear", "times", "Remove every filter")
        self._find = controls.field(
            "Find a stream", "name or Product-*", "A part or a pattern of its name or category"
        )
        self._streams = controls.named(widgets.Select(description="Streams", rows=7), "esnb-list")
        self._look = controls.button("Look further back", "search", "Find streams of older events")
        self._events = controls.named(widgets.Select(description="Events", rows=14), "esnb-list")
        self._oldest = controls.icon_button("fast-backward", "Oldest events")
        self._earlier = controls.button(
            "Earlier", "chevron-left", "The page of events before this one"
        )
        self._later = controls.button("Later", "chevron-right", "The page of events after this one")
        self._newest = controls.icon_button("fast-forward", "Newest events")
        self._previous = controls.icon_button("step-backward", "Previous event")
        self._next = controls.icon_button("step-forward", "Next event")
        self._stream = controls.button("This stream", "", "All events of this event's stream")
        self._correlated = controls.button(
            "Correlated", "", "All events with the same correlation id"
        )
        self._copies = [controls.copy_area(name) for name in _TABS[1:]]
        self._tabs = controls.named(
            widgets.Tab(children=[self._detail, *self._copies]), "esnb-tabs", "esnb-copies"
        )
        for place, name in enumerate(_TABS):
            self._tabs.set_title(place, name)
        self._tabs.selected_index = 0
        bar = controls.row("esnb-top", self._back, self._crumbs, self._follow, self._again)
        fields = (self._types, self._text, self._since, self._until, self._start, self._clear)
        pager = controls.row("esnb-pager", self._oldest, self._earlier, self._later, self._newest)
        moves = controls.row(
            "esnb-moves", self._previous, self._next, self._stream, self._correlated
        )
        first = controls.column(
            "esnb-streams-pane", self._find, self._streams, self._known, self._look
        )
        second = controls.column("esnb-events-pane", self._events, pager, self._note)
        third = controls.column("esnb-event-pane", self._headline, moves, self._tabs)
        self.root = controls.named(
            widgets.VBox(
                [
                    self._style,
                    bar,
                    controls.row("esnb-filters", *fields),
                    self._message,
                    controls.row("esnb-panes", first, second, third),
                ]
            ),
            "esnb",
            "esnb-live",
            "esnb-browse",
        )

    def _listen(self) -> None:
        visit = self.visit
        for button, step in (
            (self._back, visit.back),
            (self._again, visit.refresh),
            (self._oldest, visit.oldest),
            (self._earlier, visit.earlier),
            (self._later, visit.later),
            (self._newest, visit.newest),
            (self._previous, lambda: visit.step(-1)),
            (self._next, lambda: visit.step(1)),
            (self._stream, self._open_stream),
            (self._correlated, visit.correlated),
            (self._look, visit.index.look),
            (self._clear, self._cleared),
        ):
            button.on_click(self._doing(step))
        for field in (self._types, self._text, self._since, self._until):
            field.observe(self._when_used(self._filter), "value")
        self._start.observe(self._when_used(self._go_to_start), "value")
        self._find.observe(self._when_used(lambda: None), "value")
        self._streams.observe(self._when_used(self._chose_stream), "value")
        self._events.observe(self._when_used(self._chose_event), "value")
        self._tabs.observe(self._when_used(lambda: None), "selected_index")
        self._follow.observe(lambda _: self._follow_or_not(), "value")

    def _doing(self, step: Callable[[], object]) -> Callable[[Any], object]:
        return lambda _: self.do(step)

    def _when_used(self, step: Callable[[], object]) -> Callable[[Any], None]:
        """For values that both people and drawing set."""

        def used(_change: Any) -> None:
            with self._lock:  # what was clicked while another thread drew counts, too
                if not self._drawing:
                    self.do(step)

        return used

    # --- steps -------------------------------------------------------------------------

    def _filter(self) -> None:
        fields = (self._types, self._text, self._since, self._until)
        self.visit.filtered(read_filter(*(field.value for field in fields)))

    def _cleared(self) -> None:
        here = self.visit.here
        if here.filter:
            self.visit.filtered(EVERYTHING)

    def _go_to_start(self) -> None:
        if self._start.value.strip():
            self.visit.start(read_time(self._start.value))

    def _chose_stream(self) -> None:
        name = self._streams.value
        if name == _ALL:
            self.visit.whole()
        elif name is not None:
            self.visit.open(name)

    def _open_stream(self) -> None:
        if self.visit.event is not None:
            self.visit.open(self.visit.event.stream)

    def _chose_event(self) -> None:
        place = self.visit.page.place.get(self._events.value)
        if place is not None:
            self.visit.choose(place)

    # --- following -----------------------------------------------------------------------

    def _follow_or_not(self) -> None:
        with self._lock:
            if not self._follow.value:
                self._stop()
            elif not self._wanted and not self._closed:
                self._wanted = self.do(self.visit.newest)
                if self._wanted:
                    self._looking.start()
                else:
                    self._follow.value = False

    def _take_in(self) -> bool:
        """One look for new events; False ends the following."""
        with self._lock:
            if self._closed or not self._wanted:
                return False
            try:
                arrived = self.visit.arrivals()
            except Exception as error:  # noqa: BLE001  # said in the panel, not in a cell
                self._say(error, "New events are no longer followed. ")
                self._stop()
                return False
            if arrived:
                self.draw()
            return True

    def _stop(self) -> None:
        self._wanted = False
        self._looking.stop()
        if self._follow.value:
            self._follow.value = False

    # --- drawing ----------------------------------------------------------------------------

    def _say(self, error: Exception, before: str = "") -> None:
        if isinstance(error, ValueError | LookupError):
            self._message.value = message(str(error.args[0]) if error.args else str(error))
            return
        what = f"{before}The events could not be read"
        self._message.value = message(unread(what, error, "press “Read the events again”"))

    def draw(self) -> None:
        """Shows what the visit holds now."""
        with self._lock:
            self._drawing = True
            try:
                self._draw_place()
                self._draw_streams()
                self._draw_events()
                self._draw_event()
            finally:
                self._drawing = False

    def _draw_place(self) -> None:
        visit, wanted = self.visit, self.visit.here.filter
        self._crumbs.value = html.crumbs(visit, self._times)
        self._back.disabled = not visit.trail.behind
        self._types.value = encodable(", ".join(wanted.types))
        self._text.value = encodable(wanted.text)
        for field, time in ((self._since, wanted.since), (self._until, wanted.until)):
            field.value = "" if time is None else time.isoformat(" ").removesuffix("+00:00")
        self._clear.disabled = not wanted
        page = visit.page
        self._oldest.disabled = self._earlier.disabled = page.earlier is None
        self._newest.disabled = self._later.disabled = page.later is None
        shown = what_is_shown(visit, len(page.events))
        self._note.value = note(
            f"{visit.remark}; {shown}" if visit.remark else shown, announced=True
        )

    def _draw_streams(self) -> None:
        index = self.visit.index
        rows, count = index.newest(_MOST_STREAMS, self._find.value.strip())
        lines = [("All events", _ALL)]
        lines += [(_stream_line(row), row.name) for row in rows]
        here = self.visit.here.stream
        if here is not None and all(row.name != here for row in rows):
            lines.insert(1, (_line(short(here)), here))
        if tuple(lines) != self._streams.options:
            self._streams.options = lines
        self._streams.value = here or _ALL
        words = counted(count, "stream")
        if len(rows) < count:
            words = f"showing {len(rows):,} of {count:,} streams"
        if not index.complete:
            words += f" of the newest {index.searched:,} events"
        self._known.value = note(words)
        self._look.layout.display = "none" if index.complete else ""

    def _draw_events(self) -> None:
        events = self.visit.page.events
        of_stream = self.visit.here.stream is not None
        names = min(24, max((len(visible(event.name, 40)) for event in events), default=0))
        wide = max((len(f"{event.record.version or 0:,}") for event in events), default=1)
        lines = []
        for event in events:
            when = f"{stamp(event.time)[5:19]} " if self._times and event.time else ""
            number = f"{event.record.version or 0:>{wide},}"
            last = summary(event, 60) if of_stream else short(event.stream)
            name = visible(event.name, 40).ljust(names)
            lines.append((_line(number, when + name, last), event.number))
        if tuple(lines) != self._events.options:
            self._events.options = lines
        self._events.value = self.visit.event.number if self.visit.event else None

    def _draw_event(self) -> None:
        visit, event = self.visit, self.visit.event
        place, page = visit.place, visit.page
        self._previous.disabled = place is None or (place == 0 and page.earlier is None)
        last = len(page.events) - 1
        self._next.disabled = place is None or (place == last and page.later is None)
        self._stream.disabled = event is None or visit.here.stream == event.stream
        self._correlated.disabled = event is None or event.correlation is None
        drawn = (event, self._tabs.selected_index)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if event is None:
            self._headline.value = note(_NOTHING, announced=True)
            self._detail.value = ""
        else:
            self._headline.value = event_html.headline(event, self._times)
            self._detail.value = event_html.detail(event, _LIMITS, self._times)
        writers = (as_json, as_python)
        for place, (area, write) in enumerate(zip(self._copies, writers, strict=True), start=1):
            # Long events are written only for those who look.
            wanted = event is not None and self._tabs.selected_index == place
            copy = write(event) if wanted and event is not None else ""
            if len(copy) > _MOST_COPIED:
                copy = f"{len(copy):,} characters: too long for a page, see the browser's .json and .python"
            area.value = copy


def _line(*columns: str) -> str:
    """One option of a list; options fold plain spaces, no-break ones keep the columns."""
    return "  ".join(visible(each, 60) for each in columns if each).replace(" ", "\u00a0")


def _stream_line(row: StreamRow) -> str:
    """A server's names of streams begin with the category, an application's lack it."""
    category = "" if row.name.startswith(f"{row.category}-") else row.category
    return _line(category, short(row.name), f"{row.events:,}")
