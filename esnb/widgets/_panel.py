"""The live explorer: controls that move through a timeline.

Only the slider knows where we are; every other control sets it, and one
observer draws what is then to be seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.widgets import _html
from esnb.widgets._timeline import Timeline
from esnb.widgets._values import Limits, visible

_WINDOW = 100
"""Lines of the event list: a list of ten thousand would be sent at every step."""
_LIMITS = Limits(characters=2000, entries=100, levels=6)
_TABS = ("Action", "State", "Diff")


class Panel:
    """The widgets of one explorer; `root` is what is displayed."""

    def __init__(
        self, timeline: Timeline, index: int, times: bool, reload: Callable[[], Timeline]
    ) -> None:
        self._timeline = timeline
        self._times = times
        self._reload = reload
        self._window = range(0)
        self._drawing = False

        self._heading = widgets.HTML()
        self._strip = widgets.HTML()
        self._message = widgets.HTML()
        self._headline = widgets.HTML()
        self._tables = [widgets.HTML() for _ in _TABS]
        self._slider = widgets.IntSlider(
            description="Version", readout=False, continuous_update=True
        )
        self._play = widgets.Play(interval=700)
        self._back = _button("step-backward", "Previous version")
        self._next = _button("step-forward", "Next version")
        self._again = _button("refresh", "Read the events again")
        self._list = widgets.Select(options=[], rows=12)
        self._list.add_class("esnb-list")
        self._tabs = widgets.Tab(children=self._tables)
        for place, name in enumerate(_TABS):
            self._tabs.set_title(place, name)
        self._tabs.add_class("esnb-tabs")
        bar = widgets.HBox([self._back, self._play, self._next, self._slider, self._again])
        bar.add_class("esnb-bar")
        body = widgets.HBox([self._list, self._tabs])
        body.add_class("esnb-body")
        self.root = widgets.VBox(
            [self._heading, self._strip, bar, self._message, self._headline, body]
        )
        self.root.add_class("esnb")
        self.root.add_class("esnb-live")

        self._fit(index)
        # In the browser, so that playing does not wait for the kernel.
        self._link = widgets.jslink((self._play, "value"), (self._slider, "value"))
        self._slider.observe(self._moved, "value")
        self._list.observe(self._chosen, "value")
        self._back.on_click(lambda _: self._step(-1))
        self._next.on_click(lambda _: self._step(1))
        self._again.on_click(lambda _: self.refresh())

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
        self._slider.value = self._timeline.versions[place]

    def say(self, words: str) -> None:
        """A message above the tables; nothing when `words` is empty."""
        self._message.value = _html.message(words)

    def refresh(self) -> None:
        """Reads the aggregate again; at the last version it stays at the last."""
        at_end = self.index == len(self._timeline) - 1
        index = self.index
        try:
            self._timeline = self._reload()
        except Exception as error:  # noqa: BLE001  # whatever the store says, said here
            self.say(
                f"The events could not be read again ({type(error).__name__}: {error}). "
                "What was read before is shown."
            )
            return
        self.say("")
        self._window = range(0)
        self._fit(len(self._timeline) - 1 if at_end else index)

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        self._link.close()
        pending = [self.root]
        while pending:
            widget = pending.pop()
            pending.extend(getattr(widget, "children", ()))
            widget.close()

    def _fit(self, index: int) -> None:
        """Gives the controls the timeline's range, then draws."""
        first, last = self._timeline.first, self._timeline.last
        self._drawing = True
        # A slider needs two ends; with a single version it rests at the first.
        for control in (self._slider, self._play):
            control.max = max(last, first + 1, control.min)
            control.min = first
            control.max = max(last, first + 1)
            control.disabled = first == last
        self._slider.value = self._timeline.versions[index]
        self._play.value = self._slider.value
        self._drawing = False
        self._heading.value = _html.style() + _html.heading(self._timeline)
        self._draw()

    def _step(self, by: int) -> None:
        self.show(self.index + by)

    def _moved(self, _change: Any) -> None:
        if not self._drawing:
            self._draw()

    def _chosen(self, change: Any) -> None:
        if not self._drawing and change["new"] is not None:
            self._slider.value = change["new"]

    def _draw(self) -> None:
        index = self.index
        moment = self._timeline.moment(index)
        self._strip.value = _html.strip(self._timeline, index)
        self._headline.value = (
            f'<p class="esnb-headline" role="status">{_html.headline(moment, self._times)}</p>'
        )
        drawn = (
            _html.action(moment, _LIMITS, times=self._times),
            _html.state(moment, _LIMITS),
            _html.diff(moment, _LIMITS),
        )
        for table, page in zip(self._tables, drawn, strict=True):
            table.value = page
        self._back.disabled = index == 0
        self._next.disabled = index == len(self._timeline) - 1
        self._select(index)

    def _select(self, index: int) -> None:
        """The event list around this version, with its line chosen."""
        self._drawing = True
        try:
            if index not in self._window:
                first = index // _WINDOW * _WINDOW
                self._window = range(first, min(first + _WINDOW, len(self._timeline)))
                self._list.options = [self._line(place) for place in self._window]
            self._list.value = self._timeline.versions[index]
        finally:
            self._drawing = False

    def _line(self, index: int) -> tuple[str, int]:
        version, name, changed = self._timeline.event(index)
        mark = "◆" if version in self._timeline.snapshots else " "
        wide = len(f"{self._timeline.last:,}")
        label = f"{version:>{wide},} {mark} {visible(name, 40)}  {visible(changed, 60)}"
        # HTML folds spaces in options; no-break spaces keep the columns.
        return label.rstrip().replace(" ", "\u00a0"), version


def _button(icon: str, tooltip: str) -> Any:
    return widgets.Button(icon=icon, tooltip=tooltip)
