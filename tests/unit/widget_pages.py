"""What tests of widgets look at: those that are open, and the pages that they send."""

from __future__ import annotations

import warnings
from html.parser import HTMLParser
from typing import Any

from ipywidgets import Widget


def open_widgets() -> set[str]:
    """Model ids of the widgets that are open in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and without a successor
        return set(Widget.widgets)


def explorer_pages(panel: Any) -> list[Any]:
    """The widgets of an explorer that show HTML made of an aggregate's values."""
    tables = [
        panel._tables.action,
        panel._tables.state,
        panel._tables.diff.table,
        panel._tables.what_if._table,
    ]
    chart = [panel._chart.drawing, panel._chart.cursor]
    return [*tables, *chart, panel._heading, panel._headline]


class Outline(HTMLParser):
    """The text of a page, and the names of its elements and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data
