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

    def show(self, text: str, share: float | None = None) -> None:
        if self._view is None:
            self._appear()
        bar = "" if share is None else f"<progress value='{share:.3f}' max='1'></progress> "
        self._view.value = f"<span role='status'>{bar}{html.escape(text)}</span>"

    def vanish(self) -> None:
        """Removes the output where the cell shows nothing else, and empties it where it does."""
        if self._view is None:
            return
        if self._was_alone and cell.is_empty(but_for=1):
            from IPython.display import clear_output

            clear_output()  # type: ignore[no-untyped-call]
            cell.forget_one()
        else:
            self._handle.update({}, raw=True)
        for part in (self._view, self._view.layout, self._view.style):
            part.close()

    def _appear(self) -> None:
        self._was_alone = cell.is_empty()
        self._view = self._widgets.HTML()
        # The view is named here: `display` of an ipywidgets 7 widget takes no
        # display id, and its output could not be replaced.
        view = {"version_major": 2, "version_minor": 0, "model_id": self._view.model_id}
        self._handle.display({VIEW_MIME: view}, raw=True)
