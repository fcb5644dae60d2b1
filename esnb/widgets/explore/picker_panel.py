"""The controls that pick an aggregate; the explorer of the one that is picked stands below them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from esnb.drawing.html import heading, message, note, style, text
from esnb.drawing.ids import short
from esnb.drawing.values import counted, visible
from esnb.widgets.explore.aggregates import Aggregates
from esnb.widgets.live.controls import button, close_all, field, named, row
from esnb.widgets.live.unread import unread

if TYPE_CHECKING:
    from esnb.sources.known_streams import StreamRow
    from esnb.widgets.explore.explorer import Explorer

_ROWS = 8
"""Lines of the list."""
_PICK_ONE, _NONE = "pick one…", "none"


class PickerPanel:
    """A list with a search, and one explorer at a time; `root` is what is displayed."""

    def __init__(self, aggregates: Aggregates, explore: Callable[[str], Explorer]) -> None:
        self._aggregates = aggregates
        self._explore = explore
        self.find = field("Find", "an id, or a class", "Aggregates whose id or class contains this")
        self.list = named(widgets.Select(description="Aggregates", rows=_ROWS), "esnb-list")
        self.more = button(
            "Look further back", "search", "Look at older events for more aggregates"
        )
        self._known, self._message = widgets.HTML(), widgets.HTML()
        self._below = widgets.VBox()
        self.find.observe(lambda _: self._draw(), "value")
        self.list.observe(self._picked, "value")
        self.more.on_click(lambda _: self._look())
        sheets = style("drawing/esnb.css", "widgets/live/live.css")
        title = widgets.HTML(sheets + heading(text(aggregates.name, 80)))
        card = named(
            widgets.VBox(
                [
                    title,
                    row("esnb-filters", self.find, self.more),
                    row("esnb-body", self.list),
                    self._known,
                    self._message,
                ]
            ),
            "esnb",
            "esnb-live",
        )
        self.root = widgets.VBox([card, self._below])
        self._draw()

    def show(self, explorer: Any) -> None:
        """Puts the controls of an explorer below the list."""
        self._below.children = [explorer]

    def close(self) -> None:
        """Takes every widget of this panel out of the page and the kernel."""
        self._below.children = ()  # an explorer closes its own
        close_all(self.root)

    def _draw(self) -> None:
        rows, count = self._aggregates.found(self.find.value.strip())
        widths = [max((len(cell) for cell in column), default=0) for column in _columns(rows)]
        options: list[tuple[str, str | None]] = [(_PICK_ONE if rows else _NONE, None)]
        options += [(_line(row, widths), row.name) for row in rows]
        if tuple(options) != self.list.options:
            self.list.options = options
        self._known.value = note(self._aggregates.words(len(rows), count), announced=True)
        self.more.description = "Look further back" if len(self._aggregates) else "Read again"
        self.more.layout.display = "none" if self._aggregates.complete and rows else ""

    def _look(self) -> None:
        self._try("The events could not be read", self._aggregates.look)
        self._draw()

    def _picked(self, change: Any) -> None:
        name = change["new"]
        if name is not None:
            self._try("The aggregate could not be read", lambda: self._show_picked(name))

    def _show_picked(self, name: str) -> None:
        self.show(self._explore(name).widget)

    def _try(self, problem: str, act: Callable[[], object]) -> None:
        try:
            act()
            self._message.value = ""
        except Exception as error:  # noqa: BLE001  whatever the store says, said here
            self._message.value = message(unread(problem, error, kept=""))


def _columns(rows: Sequence[StreamRow]) -> Iterable[tuple[str, ...]]:
    return zip(*map(_cells, rows), strict=True)


def _cells(found: StreamRow) -> tuple[str, ...]:
    words = (short(visible(found.name, 60)), visible(found.category, 40))
    return (*words, counted(found.events, "event"), visible(found.last_type, 40))


def _line(found: StreamRow, widths: Sequence[int]) -> str:
    """An aggregate on one line of the list, below the same of the others."""
    cells = (cell.ljust(width) for cell, width in zip(_cells(found), widths, strict=True))
    return "   ".join(cells).rstrip()
