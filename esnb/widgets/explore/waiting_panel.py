"""What stands where a panel will be, once there is something to show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.html import message, note, style
from esnb.widgets.live.controls import button, close_all, named, row
from esnb.widgets.live.working import PATIENCE, WorkBar


class WaitingPanel:
    """A note, and a button to read again; `root` is what is displayed, and stays displayed."""

    patience: float | None = PATIENCE
    """Seconds that the kernel waits for what was clicked."""

    def __init__(self, words: str, look: Callable[[], object]) -> None:
        self._message = widgets.HTML()
        self.again = button("Read again", "refresh", "Read the events again")
        self.again.on_click(lambda _: look())
        sheet = widgets.HTML(style("drawing/esnb.css", "widgets/live/live.css"))
        bar = row("esnb-moves", self.again)
        self.work = WorkBar()
        children = [sheet, widgets.HTML(note(words)), bar, self.work.root, self._message]
        self.root = named(widgets.VBox(children), "esnb", "esnb-live")

    def say(self, words: str) -> None:
        """Shows what went wrong with the last look; nothing where it went well."""
        self._message.value = message(words)

    def release(self) -> Any:
        """Closes what is in its root, and gives the root to whoever has more to show."""
        before, self.root.children = self.root.children, ()
        for each in before:
            close_all(each)
        return self.root

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        self.work.cancel()
        close_all(self.root)
