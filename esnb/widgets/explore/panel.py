"""The live explorer: controls that move through a timeline.

Only the slider holds the current place; every other control sets it, and one
observer then draws. Following and long work come from other threads: whoever
draws holds the lock.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import message, note, style
from esnb.drawing.values import counted
from esnb.sources.moments import read_end
from esnb.widgets.explore import html
from esnb.widgets.explore.chart_panel import ChartPanel
from esnb.widgets.explore.following import FollowPanel
from esnb.widgets.explore.history_reader import HistoryReader
from esnb.widgets.explore.legend_panel import LegendPanel
from esnb.widgets.explore.moves_panel import MovesPanel
from esnb.widgets.explore.skipped import Skipped
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.explore.version_list import VersionList
from esnb.widgets.explore.version_tables import VersionTables
from esnb.widgets.live.controls import Quiet, close_all, field, icon_button, named, row
from esnb.widgets.live.unread import unread
from esnb.widgets.live.working import PATIENCE, StoppedError, WorkBar

_SHEETS = (
    "drawing/esnb.css",
    "widgets/live/live.css",
    "drawing/chart/chart.css",
    "widgets/explore/history.css",
    "widgets/explore/explore.css",
)


class ExplorePanel:
    """The widgets of one explorer; `root` is what is displayed."""

    patience: float | None = PATIENCE
    """Seconds that the kernel waits for what was clicked."""

    def __init__(
        self,
        timeline: Timeline,
        index: int,
        times: bool,
        reader: HistoryReader,
        root: Any = None,
    ) -> None:
        """`root` is a box that is displayed already, whose content is replaced."""
        self._timeline = timeline
        self._times = times
        self._reader = reader
        self._lock = threading.RLock()
        self._drawing = Quiet()
        self._places: Sequence[int] = range(len(timeline))
        self._seen = len(timeline)
        self.root = root or named(widgets.VBox(), "esnb", "esnb-live")
        self.root.add_class("esnb-explore")
        self._make()
        self._fit(index)
        self._listen()

    # --- what others do with it -------------------------------------------------------

    @property
    def timeline(self) -> Timeline:
        return self._timeline

    @property
    def index(self) -> int:
        """Place of the version that is shown."""
        return self._timeline.index(self.slider.value)

    def show(self, index: int) -> None:
        """Moves to the version at this place."""
        place = min(max(index, 0), len(self._timeline) - 1)
        self.slider.value = self._timeline.numbers[place]

    def refresh(self, wait: bool = True) -> None:
        """Reads the aggregate again; at the last version it stays at the last.

        Unless it is to `wait` until that is done, it may return while it goes on.
        """
        self.work.run(
            "Reading the events",
            lambda work: self._reader.timeline(work.count),
            self._take_over,
            self._failed,
            None if wait else self.patience,
        )

    @property
    def following(self) -> bool:
        """Whether new versions appear by themselves."""
        return self._follow.on

    @following.setter
    def following(self, wanted: bool) -> None:
        self._follow.switch.value = wanted

    def shown(self) -> None:
        """Notes that the running cell shows it."""
        self._follow.shown()

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        self.work.cancel()
        self._follow.close()
        self._follow.join(timeout=5)
        self._moves.close()
        close_all(self.root)

    # --- making ---------------------------------------------------------------------------

    def _make(self) -> None:
        self._heading, self._headline = widgets.HTML(), widgets.HTML()
        self._note, self._message = widgets.HTML(), widgets.HTML()
        self.slider = widgets.IntSlider(readout=False, continuous_update=True)
        self.work = WorkBar()
        self._legend = LegendPanel(self._locked(self._filter))
        self._chart = ChartPanel(self.slider, self._times, self.show)
        self._moves = MovesPanel(
            self.slider,
            first=lambda: self.show(self._places[0]),
            previous=lambda: self._step(bisect_left(self._places, self.index) - 1),
            next=lambda: self._step(bisect_right(self._places, self.index)),
            last=lambda: self.show(self._places[-1]),
            rewind=self._rewind,
        )
        self._follow = FollowPanel(
            self.root, begin=self._begin_following, look=self._look, last=self._to_new
        )
        self._again = icon_button("refresh", "Read the events again")
        self._when = field(
            "Go to time", "2026-03-01 12:00", "Go to the last version at this time, UTC"
        )
        self._list = VersionList(self._times, self.show)
        self._tables = VersionTables(
            self._times,
            compute=self._skip,
            compared=self._locked(self._draw),
            skipped=self._locked(self._skips_changed),
        )
        self._lay_out()

    def _lay_out(self) -> None:
        top = row("esnb-top", self._heading, self._legend.root)
        moves = row("esnb-moves", *self._moves.widgets)
        asides = row("esnb-moves", *self._follow.widgets, self._again)
        bar = row("esnb-bar", moves, asides)
        about = row("esnb-about", self._headline, self._when)
        body = row("esnb-body", self._list.root, self._tables.root)
        desk = named(widgets.VBox([body, self.work.root, self._message]), "esnb-desk")
        drawn = row("esnb-field-row", *self._chart.controls, self._note)
        parts = (top, drawn, self._chart.root, bar, about, desk)
        self.root.children = parts

    def _listen(self) -> None:
        self.slider.observe(self._moved, "value")
        self._again.on_click(lambda _: self.refresh(wait=False))
        self._when.observe(lambda change: self._jump(change["new"]), "value")

    def _locked(self, step: Callable[[], None]) -> Callable[[], None]:
        """The step, taken while no other thread draws."""

        def take() -> None:
            with self._lock:
                step()

        return take

    # --- moving -------------------------------------------------------------------------------

    def _moved(self, _change: Any) -> None:
        with self._lock:
            if not self._drawing:
                self._draw()

    def _step(self, place: int) -> None:
        """To one of the versions that are shown."""
        if 0 <= place < len(self._places):
            self.show(self._places[place])

    def _rewind(self) -> None:
        if self.index == len(self._timeline) - 1:
            self.show(0)

    def _to_new(self) -> None:
        self.show(len(self._timeline) - 1)

    def _jump(self, typed: str) -> None:
        if not typed.strip():
            return
        try:
            index = self._timeline.at(read_end(typed, "time"))
        except ValueError as error:
            self._say(str(error))
        else:
            self._say("")
            self.show(index)

    # --- reading --------------------------------------------------------------------------------

    def _take_over(self, timeline: Timeline) -> None:
        """What was read takes the place of what is shown."""
        with self._lock:
            index, at_end = self.index, self._at_end
            self._timeline = timeline
            self._say("")
            self._fit(len(timeline) - 1 if at_end else min(index, len(timeline) - 1))
            if self._tables.what_if.skipped:
                self._tables.what_if.skip(self._tables.what_if.skipped.skip)

    def _begin_following(self) -> bool:
        """Goes to the last version there is now; False where it cannot be read."""
        if not self._read_on():
            return False
        self._to_new()
        return True

    def _look(self) -> bool:
        """One look for new versions; False ends the following."""
        if self._read_on():
            return True
        self._follow.stop()
        return False

    def _read_on(self) -> bool:
        """Takes in the versions that were added; False where they cannot be read, which it says."""
        timeline = self._timeline
        try:
            longer = self._reader.longer(timeline)
        except Exception as error:  # noqa: BLE001  # said in the panel, not in a cell
            self._failed(error, "New versions are not followed. ")
            return False
        with self._lock:
            if longer is not None and timeline is self._timeline:
                self._take_over(longer)
        return True

    def _skip(self, versions: frozenset[int], done: Callable[[Skipped], None]) -> None:
        """Computes the history without these versions, and says so where that takes long."""

        def failed(error: Exception) -> None:
            with self._lock:
                self._tables.what_if.show(self._timeline.versions[self.index])
                self._failed(error)

        total = len(self._timeline) - len(versions)
        self.work.run(
            f"Computing the history without {counted(len(versions), 'event')}",
            lambda work: self._reader.without(versions, total, work.count),
            done,
            failed,
            self.patience,
        )

    def _skips_changed(self) -> None:
        self._say("")
        self._list.fit(self._timeline, self._places, self._tables.what_if.skipped.skip)
        self._draw()

    def _failed(self, error: Exception, before: str = "") -> None:
        if isinstance(error, StoppedError):
            self._say("Stopped. What was shown before is still shown.")
        else:
            self._say(unread(f"{before}The events could not be read again", error))

    def _say(self, words: str) -> None:
        self._message.value = message(words)

    # --- drawing --------------------------------------------------------------------------------

    @property
    def _at_end(self) -> bool:
        return self.index == len(self._timeline) - 1

    def _fit(self, index: int) -> None:
        """Gives the controls the timeline's range, then draws."""
        timeline = self._timeline
        with self._drawing:
            self._moves.fit(timeline, timeline.numbers[index])
        half_a_bar = 0 if len(timeline) == 1 else 50 / len(timeline)
        self.slider.layout.margin = f"0 {half_a_bar:.3f}%"
        self._heading.value = style(*_SHEETS) + html.heading(timeline, self._times)
        self._legend.fit(timeline)
        self._tables.diff.fit(timeline)
        self._filter()

    def _filter(self) -> None:
        """Lists and draws the types that are shown."""
        timeline, shown = self._timeline, self._legend.shown
        self._places = range(len(timeline))
        if self._legend.chosen:
            self._places = [place for place, each in enumerate(timeline.types) if each in shown]
            words = f"showing {len(self._places):,} of {counted(len(timeline), 'version')}"
        self._note.value = note(words if self._legend.chosen else "")
        self._list.fit(timeline, self._places, self._tables.what_if.skipped.skip)
        self._chart.fit(timeline, shown)
        self._draw()

    def _draw(self) -> None:
        index = self.index
        self._chart.show(index)
        self._list.show(index)
        self._moves.show(before=self._places[0] < index, after=self._places[-1] > index)
        self._draw_seen()
        self._headline.value = html.status(self._timeline, index, self._times)
        self._tables.show(self._timeline, index)

    def _draw_seen(self) -> None:
        """Whoever is at the last version has seen them all."""
        if self._at_end:
            self._seen = len(self._timeline)
        unseen = max(0, len(self._timeline) - self._seen)
        self._follow.show(unseen, self._at_end)
