"""A line below a cell that is gone afterwards, from the page and from the notebook."""

from __future__ import annotations

import html
from importlib import import_module
from typing import Any

from esnb.activity import cell

VIEW_MIME = "application/vnd.jupyter.widget-view+json"
"""The MIME type by which a page finds the view of a widget."""


class PageLine:
    """Text, and a bar where a share is known, in a widget of the running cell.

    The output holds nothing but the widget's view, which nbval does not compare.
    """

    draws_bars = True

    def __init__(self) -> None:
        from IPython import display

        self._widgets = import_module("ipywidgets")
        untyped: Any = display
        self._handle = untyped.DisplayHandle()
        self._view: Any = None
        self._sent = 0
        """Messages that the kernel has sent for it."""

    def show(self, text: str, share: float | None = None) -> None:
        if self._view is None:
            self._appear()
        bar = "" if share is None else f"<progress value='{share:.3f}' max='1'></progress> "
        shown = f"<span role='status'>{bar}{html.escape(text)}</span>"
        if shown != self._view.value:
            self._view.value = shown
            self._sent += 1

    def vanish(self) -> None:
        """Removes the output where the cell shows nothing else, and empties it where it does."""
        if self._view is None:
            return
        if self._alone and cell.sent() - self._before == self._sent:
            from IPython.display import clear_output

            clear_output()  # type: ignore[no-untyped-call]
            cell.forget(self._sent + 1 + len(self._parts()))
        else:
            self._handle.update({}, raw=True)
        for part in self._parts():
            part.close()

    def _appear(self) -> None:
        self._alone = cell.is_untouched()
        self._before = cell.sent()
        self._view = self._widgets.HTML()
        # The view is named here: `display` of an ipywidgets 7 widget takes no
        # display id, and its output could not be replaced.
        view = {"version_major": 2, "version_minor": 0, "model_id": self._view.model_id}
        self._handle.display({VIEW_MIME: view}, raw=True)
        self._sent = len(self._parts()) + 1

    def _parts(self) -> list[Any]:
        """The widgets that it is made of: each sends a message when it is made, and at its end."""
        return [self._view, self._view.layout, self._view.style]
