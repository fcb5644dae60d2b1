"""The live runners: one line each, with buttons for what each can be asked to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic

import ipywidgets as widgets

from esnb.drawing.html import message, note, style
from esnb.widgets.live.controls import close_all, named, row
from esnb.widgets.live.follow import WhileSeen
from esnb.widgets.watch.board import Board
from esnb.widgets.watch.card import Card
from esnb.widgets.watch.html import heads
from esnb.widgets.watch.status_row import StatusRow
from esnb.widgets.watch.text import nothing

_FIRST, _NEXT = 2.0, 0.3
"""Seconds that the first look gives the sources to answer, and each later one."""
_FIRST_SAVED, _SAVED_EVERY = 4.0, 60.0
"""Seconds until the saved view is first brought up to date, and at most between two times."""
_PATIENCE = 5.0
"""Seconds that closing waits for a look or a request that is under way."""
_NOTE = note(
    "A position is a place in the log, not a number of events. A line shows the looks of the last "
    "half minute, up to their own maximum."
)
"""Stands where an error will, so that it moves nothing."""


class Saving:
    """Calls `save` soon after it is made, then ever less often, at last once a minute.

    A front end draws a saved view again whenever it is replaced.
    """

    def __init__(self, save: Callable[[], None], clock: Callable[[], float] = monotonic) -> None:
        self._save = save
        self._clock = clock
        self._pause = _FIRST_SAVED
        self._due = clock() + self._pause

    def now_and_then(self) -> None:
        """Calls it when it is time."""
        if self._clock() >= self._due:
            self._save()
            self._pause = min(2 * self._pause, _SAVED_EVERY)
            self._due = self._clock() + self._pause


class WatchPanel:
    """The widgets of one watcher; `root` is what is displayed. Looks while it is seen.

    `patience` are the seconds that a look waits for those that have not
    answered; they are shown as they were. `save` is called now and then, ever
    less often: it keeps what is seen for whoever opens the notebook later.
    """

    def __init__(
        self,
        board: Board,
        numbers: bool,
        patience: float = _NEXT,
        save: Callable[[], None] | None = None,
    ) -> None:
        self._board = board
        self._patience = patience
        self._numbers = numbers
        self._closed = False
        self._saving = None if save is None else Saving(save)
        self._lock = threading.RLock()
        self._asking: list[threading.Thread] = []
        self._cards: dict[str, Card] = {}
        self._message = named(widgets.HTML(_NOTE if numbers else ""), "esnb-watch-message")
        self._none = widgets.HTML()
        self._heads = row("esnb-card-top", widgets.HTML(heads(numbers)), widgets.HTML())
        self._heads.children[1].add_class("esnb-card-asks")
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
                if self._saving is not None:
                    self._saving.now_and_then()
            except Exception as error:  # noqa: BLE001  # a thread's error has no other place
                self._say(error)
            return True

    def press(self, key: str, ask: str) -> threading.Thread:
        """Asks a runner for something, in a thread: pausing waits for the event at hand."""

        def run() -> None:
            wrong: Exception | None = None
            try:
                self._board.ask(key, ask)
            except Exception as error:  # noqa: BLE001  # said in the panel
                wrong = error
            with self._lock:
                if not self._closed:
                    self._say(wrong)
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
            for each in (self._heads, self._none):  # one of them is not in the page
                close_all(each)
            close_all(self.root)
        self._following.join(timeout=_PATIENCE)
        for thread in self._asking:
            thread.join(timeout=_PATIENCE)
        self._board.join(timeout=_PATIENCE)

    def _say(self, error: Exception | None) -> None:
        """Shows an error, else what stands in its place."""
        quiet = _NOTE if self._numbers else ""
        self._message.value = (
            quiet if error is None else message(self._board.said(error), scrolls=True)
        )

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
        self._none.value = "" if cards else note(nothing(len(self._board)))
        shown = [self._heads, *cards] if cards else [self._none]
        self.root.children = [self._sheet, *shown, self._message]
        for key, card in before.items():
            if self._cards.get(key) is not card:
                close_all(card.root)
