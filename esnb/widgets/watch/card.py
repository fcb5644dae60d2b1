"""One live runner: its line, what is wrong, and buttons for what it can be asked to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import text
from esnb.drawing.values import visible
from esnb.widgets.live.controls import button, named, row
from esnb.widgets.watch.board import Past
from esnb.widgets.watch.html import line, wrong_in_short
from esnb.widgets.watch.status_row import StatusRow

_ICONS = {
    "pause": "pause",
    "resume": "play",
    "rebuild": "refresh",
    "skip event": "step-forward",
    "replay parked": "repeat",
    "retry dead": "repeat",
    "retry failed": "repeat",
}
_SKIP = "skip event"
_ENDED = ("failed", "stopped")
"""States after which a runner is not resumed, but started again."""

Press = Callable[[str, str], object]
"""Asks the runner with a key for something."""


class Card:
    """The widgets of one runner; they stay as long as it does, so that focus stays, too."""

    def __init__(self, status: StatusRow, press: Press) -> None:
        self.can = status.can
        self._line, self._wrong = widgets.HTML(), widgets.HTML()
        self.buttons = {ask: _button(status, ask, press) for ask in status.can if ask != _SKIP}
        self.question = SkipQuestion(status, press) if _SKIP in status.can else None
        asked = [] if self.question is None else [self.question]
        asks = row("esnb-card-asks", *self.buttons.values(), *(each.button for each in asked))
        told = named(widgets.VBox([self._line, self._wrong]), "esnb-card-told")
        top = row("esnb-card-top", told, asks)
        self.root = named(widgets.VBox([top, *(each.root for each in asked)]), "esnb-card")

    def draw(self, status: StatusRow, past: Past, numbers: bool) -> None:
        # A trait that is set to its value sends nothing.
        self._line.value = line(status, past, numbers)
        self._wrong.value = wrong_in_short(status)  # apart: an opened traceback stays open
        for ask, pressed in self.buttons.items():
            pressed.disabled = ask not in status.asks
        if "resume" in self.buttons:
            _name(self.buttons["resume"], _words("resume", status.state), status)
        if self.question is not None:
            self.question.draw(status)


class SkipQuestion:
    """Whether to skip an event: says what that means before it is done.

    It lies over its card, so that nothing moves.
    """

    def __init__(self, status: StatusRow, press: Press) -> None:
        self.button = _button(status, _SKIP, lambda key, ask: self.ask())
        """Asks it."""
        self._words = widgets.HTML()
        self.yes = button("Skip it", "step-forward", "Skip the event")
        self.no = button("Do not skip", "times", "Leave the runner as it is")
        self.root = row("esnb-confirm", self._words, self.yes, self.no)
        self.yes.on_click(lambda _: self._skip(status.key, press))
        self.no.on_click(lambda _: self.close())
        self._show(False)

    def ask(self) -> None:
        """Asks."""
        self._show(True)
        _focus(self.no)

    def close(self) -> None:
        """Takes the question away."""
        self._show(False)
        _focus(self.button)

    def draw(self, status: StatusRow) -> None:
        """Takes what it asks about from the runner's status; nothing to skip: nothing to ask."""
        is_possible = _SKIP in status.asks
        self.button.disabled = not is_possible
        self.button.layout.visibility = "visible" if is_possible else "hidden"
        if not is_possible:
            self._show(False)
        means = status.skipping or f"The runner goes on after {status.event}, without it."
        self._words.value = (
            f'<p role="alert"><strong>Skip this event of {text(status.name, 60)}?</strong> '
            f"{text(means, 600)}</p>"
        )

    def _skip(self, key: str, press: Press) -> None:
        self.close()
        press(key, _SKIP)

    def _show(self, shown: bool) -> None:
        self.root.layout.display = "flex" if shown else "none"


def _button(status: StatusRow, ask: str, press: Press) -> Any:
    made = button("", _ICONS[ask], "")
    _name(made, _words(ask, status.state), status)
    made.on_click(lambda _: press(status.key, ask))
    return made


def _words(ask: str, state: str) -> str:
    """What a button says."""
    if ask == "resume" and state in _ENDED:
        return "Start again"
    return "Skip this event" if ask == _SKIP else ask.capitalize()


def _name(pressed: Any, words: str, status: StatusRow) -> None:
    pressed.description = words
    pressed.tooltip = f"{words}: {visible(status.name, 60)}"


def _focus(widget: Any) -> None:
    if hasattr(widget, "focus"):  # ipywidgets 7 cannot
        widget.focus()
