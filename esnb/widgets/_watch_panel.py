"""The live table of runners, and a row of buttons for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from esnb.widgets._controls import close_all
from esnb.widgets._follow import Follower
from esnb.widgets._html import message, style, text
from esnb.widgets._values import visible
from esnb.widgets._watch_html import table
from esnb.widgets._watching import ASKS, Seen, Watched

_ICONS = {"pause": "pause", "resume": "play", "rebuild": "refresh"}


class WatchPanel:
    """The widgets of one watcher; `root` is what is displayed."""

    def __init__(self, watched: Watched, numbers: bool) -> None:
        self._watched = watched
        self._numbers = numbers
        self._closed = False
        self._lock = threading.Lock()
        self._table, self._message = widgets.HTML(), widgets.HTML()
        seen = watched.look()
        self._buttons = [
            {ask: self._button(index, each.name, ask) for ask in ASKS}
            for index, each in enumerate(seen)
        ]
        rows = [
            widgets.HBox([widgets.HTML(f"<b>{text(each.name, 60)}</b>"), *buttons.values()])
            for each, buttons in zip(seen, self._buttons, strict=True)
        ]
        sheet = widgets.HTML(style("esnb.css", "live.css", "watch.css"))
        self.root = widgets.VBox([sheet, self._table, *rows, self._message])
        self.root.add_class("esnb")
        self._draw(seen)
        self._follower = Follower(self.look)

    def look(self) -> bool:
        """Draws how the runners are now; False when it is closed."""
        with self._lock:  # what was seen last is drawn last
            if not self._closed:
                self._draw(self._watched.look())
            return not self._closed

    def press(self, index: int, ask: str) -> threading.Thread:
        """Asks a runner for something, in a thread: pausing waits for the event at hand."""

        def run() -> None:
            try:
                self._watched.ask(index, ask)
            except Exception as error:  # noqa: BLE001  # said in the panel
                self._message.value = message(f"{type(error).__name__}: {error}")
            else:
                self._message.value = ""
            self.look()

        thread = threading.Thread(target=run, name=f"esnb-watch-{ask}", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Ends the looking, and takes the widgets out of the page and the kernel."""
        self._closed = True
        self._follower.stop()
        self._follower.join(timeout=5)
        close_all(self.root)

    def _draw(self, seen: Sequence[Seen]) -> None:
        # A trait that is set to its value sends nothing.
        self._table.value = table(seen, self._numbers)
        for each, buttons in zip(seen, self._buttons, strict=True):
            for ask, button in buttons.items():
                button.disabled = ask not in each.asks

    def _button(self, index: int, name: str, ask: str) -> Any:
        button = widgets.Button(
            description=ask.capitalize(),
            icon=_ICONS[ask],
            tooltip=f"{ask.capitalize()} {visible(name, 60)}",
        )
        pressed: Callable[[Any], object] = lambda _: self.press(index, ask)  # noqa: E731
        button.on_click(pressed)
        return button
