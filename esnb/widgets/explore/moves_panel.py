"""The buttons that move through the versions, and the timer that plays them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.live.controls import choice, icon_button, label

PLAYING = "playing" if hasattr(widgets.Play, "playing") else "_playing"
"""The trait had an underscore before ipywidgets 8."""
_SPEEDS = (("½ ×", 1400), ("1 ×", 700), ("2 ×", 350), ("5 ×", 140), ("10 ×", 70))
"""Milliseconds between two versions."""


class MovesPanel:
    """First, previous, play, next, last, and how fast; `widgets` in this order.

    `first`, `previous`, `next` and `last` are called when a button is pressed,
    `rewind` before it plays.
    """

    def __init__(
        self,
        slider: Any,
        *,
        first: Callable[[], None],
        previous: Callable[[], None],
        next: Callable[[], None],
        last: Callable[[], None],
        rewind: Callable[[], None],
    ) -> None:
        self.first = icon_button("step-backward", "First version")
        self.previous = icon_button("chevron-left", "Previous version")
        self.play = icon_button("play", "Play the versions")
        self.next = icon_button("chevron-right", "Next version")
        self.last = icon_button("step-forward", "Last version")
        self.speed = choice("Speed", "How fast the versions are played", _SPEEDS)
        self.speed.value = 700
        # The timer of ipywidgets, without its unlabelled buttons.
        self.timer = widgets.Play(interval=700, layout={"display": "none"})
        self._slider = slider
        self._rewind = rewind
        for button, move in (
            (self.first, first),
            (self.previous, previous),
            (self.next, next),
            (self.last, last),
            (self.play, self._play_or_pause),
        ):
            button.on_click(lambda _, move=move: move())
        self.timer.observe(lambda _: self._show_playing(), PLAYING)
        self.speed.observe(self._chose_speed, "value")
        # In the browser, so that playing does not wait for the kernel.
        self._link = widgets.jslink((self.timer, "value"), (slider, "value"))

    @property
    def widgets(self) -> list[Any]:
        buttons = [self.first, self.previous, self.play, self.next, self.last]
        return [*buttons, self.speed, self.timer]

    def fit(self, timeline: Timeline, number: int) -> None:
        """Gives slider and timer the timeline's range, and puts both on a version."""
        first, last = timeline.first, timeline.last
        alone = first == last
        for control in (self._slider, self.timer):
            # A slider needs two ends, and at no time a minimum above its maximum.
            control.max = max(last + alone, control.min)
            control.min = first
            control.max = last + alone
            control.value = number
        self._slider.disabled = self.play.disabled = alone

    def show(self, before: bool, after: bool) -> None:
        """Whether there are versions before the one that is shown, and after it."""
        self.first.disabled = self.previous.disabled = not before
        self.next.disabled = self.last.disabled = not after

    def close(self) -> None:
        self._link.close()

    def _chose_speed(self, change: Any) -> None:
        self.timer.interval = change["new"]

    def _play_or_pause(self) -> None:
        playing = getattr(self.timer, PLAYING)
        if not playing:
            self._rewind()
        self.timer.value = self._slider.value
        setattr(self.timer, PLAYING, not playing)

    def _show_playing(self) -> None:
        playing = getattr(self.timer, PLAYING)
        self.play.icon = "pause" if playing else "play"
        label(self.play, "Pause" if playing else "Play the versions")
