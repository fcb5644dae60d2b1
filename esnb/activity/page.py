"""A line below a cell that is gone afterwards, from the page and from the notebook."""

from __future__ import annotations

import html
from importlib import import_module
from typing import Any

from esnb.activity import cell

VIEW_MIME = "application/vnd.jupyter.widget-view+json"
"""The MIME type by which a page finds the view of a widget."""


_emptied: dict[str | None, Any] = {}
"""The output of the running cell that was emptied: the next line takes it again."""


class PageLine:
    """Text, and a bar where a share is known, in a widget of the running cell.

    The output holds nothing but the widget's view, which nbval does not compare.
    """

    draws_bars = True

    def __init__(self) -> None:
        self._widgets = import_module("ipywidgets")
        self._handle: Any = None
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
            _emptied.clear()
            _emptied[cell.running_cell()] = self._handle
        for part in (self._view, self._view.layout, self._view.style):
            part.close()

    def _appear(self) -> None:
        from IPython import display

        untyped: Any = display
        self._was_alone = cell.is_empty()
        self._view = self._widgets.HTML()
        # The view is named here: `display` of an ipywidgets 7 widget takes no
        # display id, and its output could not be replaced.
        view = {"version_major": 2, "version_minor": 0, "model_id": self._view.model_id}
        known = _emptied.pop(cell.running_cell(), None)
        self._handle = known or untyped.DisplayHandle()
        (self._handle.update if known else self._handle.display)({VIEW_MIME: view}, raw=True)
