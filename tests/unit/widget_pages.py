"""What tests of widgets look at: those that are open, and the pages that they send."""

from __future__ import annotations

import warnings
from html.parser import HTMLParser

from ipywidgets import Widget


def open_widgets() -> set[str]:
    """Model ids of the widgets that are open in this process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and without a successor
        return set(Widget.widgets)


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
