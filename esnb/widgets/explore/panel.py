"""The live explorer: controls that move through a timeline.

Only the slider holds the current place; every other control sets it, and one
observer then draws.
"""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import message, style
from esnb.drawing.values import Limits, visible
from esnb.folds.versions import Version
from esnb.sources.moments import read_end
from esnb.widgets.explore import html, tables_html
from esnb.widgets.explore.history_reader import HistoryReader
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.explore.what_if_panel import WhatIfPanel
from esnb.widgets.live.controls import close_all, field, icon_button, label, named, row
from esnb.widgets.live.unread import unread

_WINDOW = 100
"""Lines of the event list: a list of ten thousand would be sent at every step."""
_LIMITS = Limits(characters=2000, entries=100, levels=6)
_TABS = ("Action", "State", "Diff")
_FIRST_TAB = _TABS.index("State")
_PLAYING = "playing" if hasattr(widgets.Play, "playing") else "_playing"
"""The trait had an underscore before ipywidgets 8."""


class ExplorePanel:
    """The widgets of one explorer; `root` is what is displayed."""

    def __init__(self, timeline: Timeline, index: int, times: bool, reader: HistoryReader) -> None:
        self._timeline = timeline
        self._times = times
        self._reader = reader
        self._window = range(0)
        self._drawing = False

        self._heading = widgets.HTML()
        self._strip = widgets.HTML()
        self._message = widgets.HTML()
        self._headline = widgets.HTML()
        self._tables = [widgets.HTML() for _ in _TABS]
        self._slider = widgets.IntSlider(readout=False, continuous_update=True)
        # The timer of ipywidgets, without its unlabelled buttons.
        self._timer = widgets.Play(interval=700, layout={"display": "none"})
        self._back = icon_button("step-backward", "Previous version")
        self._play = icon_button("play", "Play the versions")
        self._next = icon_button("step-forward", "Next version")
        self._again = icon_button("refresh", "Read the events again")
        self._when = field(
            "Go to time", "2026-03-01 12:00", "Go to the last version at this time, UTC"
        )
        self._what_if = WhatIfPanel(_LIMITS, reader.without, self._failed, self._skipped)
        self._list = named(widgets.Select(description="Versions", options=[], rows=12), "esnb-list")
        self._tabs = named(widgets.Tab(children=[*self._tables, self._what_if.root]), "esnb-tabs")
        for place, name in enumerate([*_TABS, "What if"]):
            self._tabs.set_title(place, name)
        self._tabs.selected_index = _FIRST_TAB
        scale = named(widgets.VBox([self._strip, self._slider]), "esnb-scale")
        buttons = [self._back, self._play, self._next]
        bar = named(widgets.HBox([*buttons, scale, self._again, self._timer]), "esnb-bar")
        about = row("esnb-about", self._headline, self._when)
        body = named(widgets.HBox([self._list, self._tabs]), "esnb-body")
        self.root = named(
            widgets.VBox([self._heading, bar, self._message, about, body]),
            "esnb",
            "esnb-live",
        )

        self._fit(index)
        self._show_playing()
        # In the browser, so that playing does not wait for the kernel.
        self._link = widgets.jslink((self._timer, "value"), (self._slider, "value"))
        self._slider.observe(self._moved, "value")
        self._list.observe(self._chosen, "value")
        self._timer.observe(lambda _: self._show_playing(), _PLAYING)
        self._back.on_click(lambda _: self.show(self.index - 1))
        self._next.on_click(lambda _: self.show(self.index + 1))
        self._play.on_click(lambda _: self._play_or_pause())
        self._again.on_click(lambda _: self.refresh())
        self._when.observe(lambda change: self._jump(change["new"]), "value")

    @property
    def timeline(self) -> Timeline:
        return self._timeline

    @property
    def index(self) -> int:
        """Place of the version that is shown."""
        return self._timeline.index(self._slider.value)

    def show(self, index: int) -> None:
        """Moves to the version at this place."""
        place = min(max(index, 0), len(self._timeline) - 1)
        self._slider.value = self._timeline.numbers[place]

    def refresh(self) -> None:
        """Reads the aggregate again; at the last version it stays at the last."""
        index = self.index
        at_end = index == len(self._timeline) - 1
        try:
            self._timeline = self._reader.timeline()
        except Exception as error:  # noqa: BLE001  # whatever the store says, said here
            self._failed(error)
            return
        self._message.value = ""
        self._window = range(0)
        self._fit(len(self._timeline) - 1 if at_end else index)
        if self._what_if.skipped:
            self._what_if.skip(self._what_if.skipped.skip)

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        self._link.close()
        close_all(self.root)

    def _fit(self, index: int) -> None:
        """Gives the controls the timeline's range, then draws."""
        first, last = self._timeline.first, self._timeline.last
        alone = first == last
        self._drawing = True
        try:
            for control in (self._slider, self._timer):
                # A slider needs two ends, and at no time a minimum above its maximum.
                control.max = max(last + alone, control.min)
                control.min = first
                control.max = last + alone
                control.value = self._timeline.numbers[index]
        finally:
            self._drawing = False
        self._list.rows = max(4, min(len(self._timeline), 12))
        self._slider.disabled = self._play.disabled = alone
        half_a_bar = 0 if alone else 50 / len(self._timeline)
        self._slider.layout.margin = f"0 {half_a_bar:.3f}%"
        self._heading.value = style("drawing/esnb.css", "widgets/live/live.css") + html.heading(
            self._timeline
        )
        self._draw()

    def _failed(self, error: Exception) -> None:
        self._message.value = message(unread("The events could not be read again", error))

    def _skipped(self) -> None:
        self._message.value = ""
        self._window = range(0)
        self._draw()

    def _jump(self, typed: str) -> None:
        if not typed.strip():
            return
        try:
            index = self._timeline.at(read_end(typed, "time"))
        except ValueError as error:
            self._message.value = message(str(error))
        else:
            self._message.value = ""
            self.show(index)

    def _play_or_pause(self) -> None:
        playing = getattr(self._timer, _PLAYING)
        if not playing and self.index == len(self._timeline) - 1:
            self.show(0)
        self._timer.value = self._slider.value
        setattr(self._timer, _PLAYING, not playing)

    def _show_playing(self) -> None:
        playing = getattr(self._timer, _PLAYING)
        self._play.icon = "pause" if playing else "play"
        label(self._play, "Pause" if playing else "Play the versions")

    def _moved(self, _change: Any) -> None:
        if not self._drawing:
            self._draw()

    def _chosen(self, change: Any) -> None:
        if not self._drawing and change["new"] is not None:
            self._slider.value = change["new"]

    def _draw(self) -> None:
        index = self.index
        version = self._timeline.versions[index]
        self._strip.value = html.strip(self._timeline, index)
        self._headline.value = html.status(self._timeline, index, self._times)

        def blame(name: str) -> Version | None:
            return self._timeline.blame(index, name)

        drawn = (
            tables_html.action(version, _LIMITS, times=self._times),
            tables_html.state(version, _LIMITS, blame=blame, times=self._times),
            tables_html.diff(version, _LIMITS),
        )
        for table, page in zip(self._tables, drawn, strict=True):
            table.value = page
        self._what_if.show(version)
        self._back.disabled = index == 0
        self._next.disabled = index == len(self._timeline) - 1
        self._select(index)

    def _select(self, index: int) -> None:
        """The event list around this version, with its line selected."""
        self._drawing = True
        try:
            if index not in self._window:
                first = index // _WINDOW * _WINDOW
                self._window = range(first, min(first + _WINDOW, len(self._timeline)))
                self._list.options = [self._line(place) for place in self._window]
            self._list.value = self._timeline.numbers[index]
        finally:
            self._drawing = False

    def _line(self, index: int) -> tuple[str, int]:
        version = self._timeline.versions[index]
        mark = "◆" if self._timeline.has_snapshot(index) else " "
        if version.number in self._what_if.skipped.skip:
            mark = "⊘"
        wide = len(f"{self._timeline.last:,}")
        first = f"{version.number:>{wide},} {mark} {visible(version.event, 40)}"
        # Options fold plain spaces; no-break ones keep the columns.
        columns = f"{first}  {visible(version.changed, 60)}".rstrip()
        return columns.replace(" ", "\u00a0"), version.number
