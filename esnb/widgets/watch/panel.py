"""The live runners: one line each, with buttons for what each can be asked to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import message, style
from esnb.drawing.values import visible
from esnb.widgets.live.controls import button, close_all, named, row
from esnb.widgets.live.follow import WhileSeen
from esnb.widgets.watch.board import Board, Past
from esnb.widgets.watch.html import NONE, line, wrong
from esnb.widgets.watch.status_row import StatusRow

_ICONS = {
    "pause": "pause",
    "resume": "play",
    "rebuild": "refresh",
    "replay parked": "repeat",
    "retry dead": "repeat",
    "retry failed": "repeat",
}
_FIRST, _NEXT = 2.0, 0.3
"""Seconds that the first look gives the sources to answer, and each later one."""
_PATIENCE = 5.0
"""Seconds that closing waits for a look or a request that is under way."""


class Card:
    """The widgets of one runner; they stay as long as it does, so that focus stays, too."""

    def __init__(self, status: StatusRow, press: Callable[[str, str], object]) -> None:
        self.can = status.can
        self._line, self._wrong = widgets.HTML(), widgets.HTML()
        self.buttons = {ask: self._button(status, ask, press) for ask in status.can}
        asks = row("esnb-card-asks", *self.buttons.values())
        top = row("esnb-card-top", self._line, asks)
        self.root = named(widgets.VBox([top, self._wrong]), "esnb-card")

    def draw(self, status: StatusRow, past: Past, numbers: bool) -> None:
        # A trait that is set to its value sends nothing.
        self._line.value = line(status, past, numbers)
        self._wrong.value = wrong(status)  # apart: an opened traceback stays open
        for ask, pressed in self.buttons.items():
            pressed.disabled = ask not in status.asks

    @staticmethod
    def _button(status: StatusRow, ask: str, press: Callable[[str, str], object]) -> Any:
        words = ask.capitalize()
        made = button(words, _ICONS[ask], f"{words}: {visible(status.name, 60)}")
        made.on_click(lambda _: press(status.key, ask))
        return made


class WatchPanel:
    """The widgets of one watcher; `root` is what is displayed. Looks while it is seen.

    `patience` are the seconds that a look waits for those that have not
    answered; they are shown as they were.
    """

    def __init__(self, board: Board, numbers: bool, patience: float = _NEXT) -> None:
        self._board = board
        self._patience = patience
        self._numbers = numbers
        self._closed = False
        self._lock = threading.RLock()
        self._asking: list[threading.Thread] = []
        self._cards: dict[str, Card] = {}
        self._message, self._none = widgets.HTML(), widgets.HTML()
        self._sheet = widgets.HTML(
            style("drawing/esnb.css", "widgets/live/live.css", "widgets/watch/watch.css")
        )
        self.root = named(widgets.VBox([]), "esnb", "esnb-live", "esnb-watch")
        self._draw(board.look(max(_FIRST, patience)))
        self._following = WhileSeen(self.root, self.look)
        self._following.start()

    @property
    def looking(self) -> bool:
        """Whether it looks by itself."""
        return self._following.running

    @property
    def cards(self) -> list[Card]:
        """One for each runner, in their order."""
        return list(self._cards.values())

    def look(self) -> bool:
        """Draws how the runners are now; False when it is closed."""
        with self._lock:  # what was seen last is drawn last
            if self._closed:
                return False
            try:
                self._draw(self._board.look(self._patience))
            except Exception as error:  # noqa: BLE001  # a thread's error has no other place
                self._message.value = message(self._board.said(error))
            return True

    def press(self, key: str, ask: str) -> threading.Thread:
        """Asks a runner for something, in a thread: pausing waits for the event at hand."""

        def run() -> None:
            try:
                self._board.ask(key, ask)
            except Exception as error:  # noqa: BLE001  # said in the panel
                answer = message(self._board.said(error))
            else:
                answer = ""
            with self._lock:
                if not self._closed:
                    self._message.value = answer
            self.look()

        thread = threading.Thread(target=run, name=f"esnb-watch-{ask}", daemon=True)
        self._asking = [each for each in self._asking if each.is_alive()] + [thread]
        thread.start()
        return thread

    def shown(self) -> None:
        """Notes that the running cell shows it."""
        self._following.shown()

    def close(self) -> None:
        """Stops looking, and takes the widgets out of the page and the kernel."""
        self._following.close()
        with self._lock:
            self._closed = True
            close_all(self.root)
        self._following.join(timeout=_PATIENCE)
        for thread in self._asking:
            thread.join(timeout=_PATIENCE)
        self._board.join(timeout=_PATIENCE)

    def _draw(self, rows: Sequence[StatusRow]) -> None:
        wanted = [(each.key, each.can) for each in rows]
        if not wanted or wanted != [(key, card.can) for key, card in self._cards.items()]:
            self._arrange(rows)
        for each in rows:
            self._cards[each.key].draw(each, self._board.past(each), self._numbers)

    def _arrange(self, rows: Sequence[StatusRow]) -> None:
        """A card for each; existing cards stay, those of what is gone are closed."""
        before = self._cards
        self._cards = {
            each.key: card
            if (card := before.get(each.key)) is not None and card.can == each.can
            else Card(each, self.press)
            for each in rows
        }
        cards = [card.root for card in self._cards.values()]
        self._none.value = "" if cards else NONE
        self.root.children = [self._sheet, *cards, self._none, self._message]
        for key, card in before.items():
            if self._cards.get(key) is not card:
                close_all(card.root)
