"""The live runners: a line each, with buttons for what one can ask of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from esnb.widgets._controls import button, close_all, named, row
from esnb.widgets._follow import Follower
from esnb.widgets._html import message, style
from esnb.widgets._values import visible
from esnb.widgets._watch_html import NONE, line, wrong
from esnb.widgets._watching import Past, Seen, Watched

_ICONS = {
    "pause": "pause",
    "resume": "play",
    "rebuild": "refresh",
    "replay parked": "repeat",
    "retry dead": "repeat",
}
_PATIENCE = 5.0
"""Seconds that closing waits for a look or a request that is under way."""


class Card:
    """The widgets of one runner; they stay while it does, so that focus stays, too."""

    def __init__(self, seen: Seen, press: Callable[[str, str], object]) -> None:
        self._line, self._wrong = widgets.HTML(), widgets.HTML()
        self.buttons = {ask: self._button(seen, ask, press) for ask in seen.can}
        asks = row("esnb-card-asks", *self.buttons.values())
        top = row("esnb-card-top", self._line, asks)
        self.root = named(widgets.VBox([top, self._wrong]), "esnb-card")

    def draw(self, seen: Seen, past: Past, numbers: bool) -> None:
        # A trait that is set to its value sends nothing.
        self._line.value = line(seen, past, numbers)
        self._wrong.value = wrong(seen)  # apart: an opened traceback stays open
        for ask, pressed in self.buttons.items():
            pressed.disabled = ask not in seen.asks

    @staticmethod
    def _button(seen: Seen, ask: str, press: Callable[[str, str], object]) -> Any:
        words = ask.capitalize()
        made = button(words, _ICONS[ask], f"{words}: {visible(seen.name, 60)}")
        made.on_click(lambda _: press(seen.key, ask))
        return made


class WatchPanel:
    """The widgets of one watcher; `root` is what is displayed.

    Looks while it is seen: once no page shows it any more (its cell was
    cleared, run again or removed, the page closed), it rests until one does.
    """

    def __init__(self, watched: Watched, numbers: bool) -> None:
        self._watched = watched
        self._numbers = numbers
        self._closed = False
        self._lock = threading.RLock()
        self._asking: list[threading.Thread] = []
        self._cards: dict[str, Card] = {}
        self._message, self._none = widgets.HTML(), widgets.HTML()
        self._sheet = widgets.HTML(style("esnb.css", "live.css", "watch.css"))
        self.root = named(widgets.VBox([]), "esnb", "esnb-live", "esnb-watch")
        self.root._view_count = 0  # from None on: the front end counts the views
        self.root.observe(self._shown, "_view_count")
        self._draw(watched.look())
        self._follower: Follower | None = Follower(self.look)

    @property
    def looking(self) -> bool:
        """Whether it looks by itself."""
        return self._follower is not None

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
                self._draw(self._watched.look())
            except Exception as error:  # noqa: BLE001  # a thread's error has no other place
                self._message.value = message(f"{type(error).__name__}: {error}")
            return True

    def press(self, key: str, ask: str) -> threading.Thread:
        """Asks a runner for something, in a thread: pausing waits for the event at hand."""

        def run() -> None:
            try:
                self._watched.ask(key, ask)
            except Exception as error:  # noqa: BLE001  # said in the panel
                said = message(f"{type(error).__name__}: {error}")
            else:
                said = ""
            with self._lock:
                if not self._closed:
                    self._message.value = said
            self.look()

        thread = threading.Thread(target=run, name=f"esnb-watch-{ask}", daemon=True)
        self._asking = [each for each in self._asking if each.is_alive()] + [thread]
        thread.start()
        return thread

    def close(self) -> None:
        """Ends the looking, and takes the widgets out of the page and the kernel."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.stop()
        with self._lock:
            self._closed = True
            self.root.unobserve_all()
            close_all(self.root)
        if follower is not None:
            follower.join(timeout=_PATIENCE)
        for thread in self._asking:
            thread.join(timeout=_PATIENCE)

    def _shown(self, change: Any) -> None:
        """A page shows it, or none does any more."""
        if self._closed:
            return
        if change["new"] == 0 and self._follower is not None:
            self._follower.stop()
            self._follower = None
        elif change["new"] and self._follower is None:
            self._follower = Follower(self.look)

    def _draw(self, seen: Sequence[Seen]) -> None:
        keys = [each.key for each in seen]
        if not keys or keys != list(self._cards):
            self._arrange(seen)
        for each in seen:
            self._cards[each.key].draw(each, self._watched.past(each), self._numbers)

    def _arrange(self, seen: Sequence[Seen]) -> None:
        """A card for each; those that were there stay, those of what is gone are closed."""
        before = self._cards
        self._cards = {each.key: before.get(each.key) or Card(each, self.press) for each in seen}
        cards = [card.root for card in self._cards.values()]
        self._none.value = "" if cards else NONE
        self.root.children = [self._sheet, *cards, self._none, self._message]
        for key in before.keys() - self._cards.keys():
            close_all(before[key].root)
