"""The live browser: controls that move a visit, and draw what it then holds.

What reads goes through `_read`: in another thread, one step at a time, stopped by
the next one; after a second the panel says how far it is. Whatever the store
raises is shown in the panel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from esnb.drawing.html import message, note, style
from esnb.drawing.values import Limits, counted
from esnb.sources.page import EVERYTHING
from esnb.values.cell import encodable
from esnb.widgets.browse import event_html, html
from esnb.widgets.browse.event_list import (
    ALL,
    bare_line,
    event_lines,
    stream_colour,
    stream_line,
)
from esnb.widgets.browse.layout import BrowseLayout
from esnb.widgets.browse.visit import Visit, read_filter, read_time
from esnb.widgets.browse.words import colour, one_day, types_of_what, what_is_shown
from esnb.widgets.live import controls
from esnb.widgets.live.follow import WhileSeen
from esnb.widgets.live.unread import unread
from esnb.widgets.live.working import PATIENCE, LongWork, StoppedError

_LIMITS = Limits(characters=2000, entries=100, levels=8)
_MOST_STREAMS = 200
"""Lines of the list of streams; the others are found by typing."""
_NOTHING = "No events to show. Clear the filters, or read again once events have been recorded."
_STOPPED = "Stopped: what was shown before is still shown."


class BrowsePanel(BrowseLayout):
    """One live browser: what its controls do, and what they show."""

    patience: float | None = PATIENCE
    """Seconds that the kernel waits for a step that was clicked."""

    def __init__(self, visit: Visit, times: bool) -> None:
        self.visit = visit
        self._times = times
        self._lock = threading.RLock()
        self._stepping = threading.RLock()
        self._quiet = controls.Quiet()
        self._closed = False
        self._wanted = False
        self._paused = False
        self._drawn: tuple[Any, ...] = ()
        super().__init__()
        self._looking = WhileSeen(self.root, self._take_in)
        self._listen()
        self._style.value = style(
            "drawing/esnb.css",
            "drawing/chart/chart.css",
            "widgets/live/live.css",
            "widgets/browse/browse.css",
        ) + html.heading(visit)
        self.draw()

    # --- what others do with it ----------------------------------------------------

    def do(self, step: Callable[[], object]) -> bool:
        """Takes a step of the visit and draws; False where it went wrong, which the panel says."""
        self._working.cancel()
        try:
            with self._stepping, self.visit.reporting():
                self._away(step)()
        except Exception as error:  # noqa: BLE001  # whatever the store says, said here
            self._say(error)
            return False
        self._message.value = ""
        self.draw()
        return True

    @property
    def following(self) -> bool:
        """Whether it follows, paused or not."""
        return bool(self._follow.value)

    @following.setter
    def following(self, wanted: bool) -> None:
        if wanted and self._paused:
            self.do(self.visit.newest)
            self._go_on_following()
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
        self._working.cancel()
        self._looking.join(timeout=5)
        self._chips.close()
        controls.close_all(self.root)

    # --- listening ----------------------------------------------------------------------

    def _listen(self) -> None:
        visit = self.visit
        for button, step in (
            (self._back, visit.back),
            (self._oldest, visit.oldest),
            (self._earlier, visit.earlier),
            (self._later, visit.later),
            (self._further, visit.go_on),
            (self._previous, lambda: visit.step(-1)),
            (self._next, lambda: visit.step(1)),
            (self._stream, self._open_stream),
            (self._cause, visit.cause),
            (self._effects, visit.effects),
            (self._correlated, visit.correlated),
            (self._clear, self._cleared),
        ):
            button.on_click(lambda _, step=step: self._click(step))
        self._again.on_click(lambda _: self._read(visit.refresh, self.patience))
        self._look.on_click(lambda _: self._read(visit.index.look, self.patience))
        for button in (self._newest, self._new):
            button.on_click(lambda _: self._to_newest())
        for field in (self._types, self._text, self._since, self._until):
            self._when_used(field, "value", self._filter)
        self._when_used(self._start, "value", self._go_to_start)
        self._when_used(self._find, "value", self.draw)
        self._when_used(self._streams, "value", self._chose_stream)
        self._when_used(self._events, "value", self._chose_event)
        self._when_used(self._tabs, "selected_index", self.draw)
        self._follow.observe(lambda _: self._follow_or_not(), "value")

    def _when_used(self, control: Any, trait: str, step: Callable[[], object]) -> None:
        """For values that both people and drawing set."""

        def used(_change: Any) -> None:
            with self._lock:  # what was clicked while another thread drew counts, too
                if self._quiet:
                    return
            step()

        control.observe(used, trait)

    # --- reading -----------------------------------------------------------------------

    def _click(self, step: Callable[[], object]) -> None:
        self._read(self._away(step), self.patience)

    def _away(self, step: Callable[[], object]) -> Callable[[], object]:
        """A step that leaves the newest events: following then waits until one comes back."""

        def away() -> object:
            found = step()
            self._pause()
            return found

        return away

    def _read(self, step: Callable[[], object], patience: float | None) -> bool:
        """Takes a step in another thread and draws; False where it went wrong meanwhile."""
        problems: list[Exception] = []

        def work(long: LongWork) -> None:
            with self._stepping:
                ticks = long.count(count(1))
                with self.visit.pager.telling(lambda: next(ticks)):
                    step()

        def done(_found: None) -> None:
            self._message.value = ""
            self.draw()

        def failed(error: Exception) -> None:
            problems.append(error)
            self._say(error)
            if isinstance(error, StoppedError):
                self.draw()  # the lists as they were before the click

        self._working.run("Reading events", work, done, failed, patience)
        return not problems

    # --- steps -------------------------------------------------------------------------

    def _filter(self) -> None:
        # Read here: by the time that the step is taken they may have been drawn again.
        fields = (self._types, self._text, self._since, self._until)
        typed = [field.value for field in fields]

        def step() -> None:
            wanted, found = self.visit.here.filter, read_filter(*typed)
            if typed[0] == ", ".join(wanted.types):
                found = replace(found, types=wanted.types)  # a name may contain a comma
            self.visit.filtered(found)

        self._click(step)

    def _only(self, types: tuple[str, ...]) -> None:
        visit = self.visit
        self._click(lambda: visit.filtered(replace(visit.here.filter, types=types)))

    def _cleared(self) -> None:
        if self.visit.here.filter:
            self.visit.filtered(EVERYTHING)

    def _go_to_start(self) -> None:
        typed = self._start.value
        if typed.strip():
            self._click(lambda: self.visit.start(read_time(typed)))

    def _chose_stream(self) -> None:
        name = self._streams.value
        if name == ALL:
            self._click(self.visit.whole)
        elif name is not None:
            self._click(lambda: self.visit.open(name))

    def _open_stream(self) -> None:
        if self.visit.event is not None:
            self.visit.open(self.visit.event.stream)

    def _chose_event(self) -> None:
        """Shows an event of the page, which reads nothing."""
        number = self._events.value
        if number is not None:
            self._working.cancel()
            self.visit.choose(number)
            self._pause()
            self._message.value = ""
            self.draw()

    # --- following -----------------------------------------------------------------------

    def _follow_or_not(self) -> None:
        with self._lock:
            if not self._follow.value:
                self._stop()
                return
            if self._wanted or self._closed:
                return
        self._wanted = self._read(self.visit.newest, None)
        if self._wanted:
            self._go_on_following()
            self._looking.start()
        else:
            self._follow.value = False

    def _to_newest(self) -> None:
        if self._read(self.visit.newest, self.patience):
            self._go_on_following()

    def _pause(self) -> None:
        """Whoever looks at an event is not moved away from it."""
        self._paused = self._wanted

    def _go_on_following(self) -> None:
        with self._lock:
            self._paused = False
            self.visit.waiting = 0
            self._draw_following()

    def _take_in(self) -> bool:
        """One look for new events; False ends the following."""
        if not self._stepping.acquire(blocking=False):
            return True  # something is being read: at the next look
        try:
            if self._closed or not self._wanted:
                return False
            try:
                arrived = self.visit.arrivals(stay=self._paused)
            except Exception as error:  # noqa: BLE001  # said in the panel, not in a cell
                self._say(error, "New events are no longer followed. ")
                self._stop()
                return False
        finally:
            self._stepping.release()
        if arrived:
            self.draw()
        return True

    def _stop(self) -> None:
        self._wanted = self._paused = False
        self._looking.stop()
        if self._follow.value:
            self._follow.value = False
        self._draw_following()

    # --- drawing ----------------------------------------------------------------------------

    def _say(self, error: Exception, before: str = "") -> None:
        if isinstance(error, StoppedError):
            self._message.value = note(_STOPPED, announced=True)
        elif isinstance(error, ValueError | LookupError):
            self._message.value = message(str(error.args[0]) if error.args else str(error))
        else:
            what = f"{before}The events could not be read"
            self._message.value = message(unread(what, error, "press “Read the events again”"))

    def draw(self) -> None:
        """Shows what the visit holds now."""
        with self._lock, self._quiet:
            self._draw_place()
            self._draw_chips()
            self._draw_streams()
            self._draw_events()
            self._draw_event()
            self._draw_following()

    def _draw_place(self) -> None:
        visit, wanted, page = self.visit, self.visit.here.filter, self.visit.page
        self._crumbs.value = html.crumbs(visit, self._times)
        self._back.disabled = not visit.trail.behind
        self._types.value = encodable(", ".join(wanted.types))
        self._text.value = encodable(wanted.text)
        for field, time in ((self._since, wanted.since), (self._until, wanted.until)):
            field.value = "" if time is None else time.isoformat(" ").removesuffix("+00:00")
        self._clear.disabled = not wanted
        self._oldest.disabled = self._earlier.disabled = page.earlier is None
        self._newest.disabled = self._later.disabled = page.later is None
        self._further.layout.display = "" if page.unfinished else "none"
        words = what_is_shown(visit, len(page.events))
        day = one_day(event.time for event in page.events) if self._times else None
        words = f"{words} · {day} UTC" if day else words
        self._note.value = note(
            f"{visit.remark}; {words}" if visit.remark else words, announced=True
        )

    def _draw_chips(self) -> None:
        visit = self.visit
        self._chips.show(visit.types(), visit.here.filter.types, types_of_what(visit))

    def _draw_streams(self) -> None:
        index = self.visit.index
        rows, number = index.newest(_MOST_STREAMS, self._find.value.strip())
        lines = [("All events", ALL)]
        lines += [(stream_line(row), row.name) for row in rows]
        colours = ["", *(stream_colour(row) for row in rows)]
        here = self.visit.here.stream
        if here is not None and all(row.name != here for row in rows):
            lines.insert(1, (bare_line(here), here))
            colours.insert(1, "")
        self._stream_list.show(lines, colours, here or ALL)
        words = counted(number, "stream")
        if len(rows) < number:
            words = f"showing {len(rows):,} of {number:,} streams"
        if not index.complete:
            words += f" of the newest {index.searched:,} events"
        self._known.value = note(words)
        self._look.layout.display = "none" if index.complete else ""

    def _draw_events(self) -> None:
        events = self.visit.page.events
        lines = event_lines(events, self.visit.here.stream is not None, self._times)
        chosen = self.visit.event.number if self.visit.event else None
        self._event_list.show(lines, [colour(event.name) for event in events], chosen)

    def _draw_event(self) -> None:
        visit, event = self.visit, self.visit.event
        place, page = visit.place, visit.page
        self._previous.disabled = place is None or (place == 0 and page.earlier is None)
        last = len(page.events) - 1
        self._next.disabled = place is None or (place == last and page.later is None)
        self._stream.disabled = event is None or visit.here.stream == event.stream
        self._correlated.disabled = event is None or event.correlation is None
        self._cause.disabled = event is None or event.causation is None
        self._effects.disabled = event is None or event.record.event_id is None
        drawn = (event, self._tabs.selected_index)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        if event is None:
            self._headline.value = note(_NOTHING, announced=True)
            self._detail.value = ""
        else:
            self._headline.value = event_html.headline(event, self._times)
            self._detail.value = event_html.scrolled(event, _LIMITS, self._times)
        self._copying.show(event, visit.link)

    def _draw_following(self) -> None:
        waiting = self.visit.waiting
        self._follow.description = (
            "Paused" if self._paused else "Following" if self._wanted else "Follow"
        )
        self._new.description = f"{waiting:,} new ↓"
        self._new.layout.visibility = "visible" if self._paused and waiting else "hidden"
