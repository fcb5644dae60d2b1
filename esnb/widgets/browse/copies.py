"""One event in tabs: to be read, and to be copied as JSON, as Python, as a link."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from esnb.sources.page import PageEvent
from esnb.widgets.browse.copy import as_json, as_python
from esnb.widgets.live.controls import button, copy_area, named, row

_MOST = 1_000_000
"""Characters of a copy that are sent to the browser."""
_NAMES = ("JSON", "Python", "Link")
_HOW = "Click into the text; Ctrl+A selects all of it, Ctrl+C copies it (on a Mac, ⌘)."


class Copies:
    """`root` are the tabs, `buttons` those that lead to what is to be copied.

    A kernel cannot write to the browser's clipboard, and esnb brings no JavaScript of
    its own: the text stands where two keys copy it.
    """

    def __init__(self, event: Any) -> None:
        self.areas = [copy_area(name) for name in _NAMES]
        pages = [named(widgets.VBox([_hint(), area]), "esnb-copying") for area in self.areas]
        self.root = named(widgets.Tab(children=[event, *pages]), "esnb-tabs", "esnb-copies")
        for place, name in enumerate(("Event", *_NAMES)):
            self.root.set_title(place, name)
        self.root.selected_index = 0
        self.buttons = row("esnb-moves", *map(self._button, range(1, len(_NAMES) + 1)))

    def show(self, event: PageEvent | None, link: str) -> None:
        """Writes the copy of the tab that is looked at; long events take a moment."""
        wanted = self.root.selected_index
        for place, area in enumerate(self.areas, start=1):
            text = "" if event is None or place != wanted else _copy(event, _NAMES[place - 1], link)
            if len(text) > _MOST:
                text = f"{len(text):,} characters: too long for a page, see the browser's .json and .python"
            area.value = text

    def _button(self, place: int) -> Any:
        name = _NAMES[place - 1]
        what = "a link to this event" if name == "Link" else f"this event as {name}"
        made = button(
            f"Copy {name if name != 'Link' else 'link'}", "copy", f"Shows {what}, to copy it"
        )
        made.on_click(lambda _: setattr(self.root, "selected_index", place))
        return made


def _copy(event: PageEvent, name: str, link: str) -> str:
    if name == "Link":
        return f"{link}\n"
    return as_json(event) if name == "JSON" else as_python(event)


def _hint() -> Any:
    return widgets.HTML(f'<p class="esnb-note">{_HOW}</p>')
