"""The live what-if: events to be skipped, and the two states side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.values import Limits, visible
from esnb.folds.versions import Version
from esnb.widgets.explore.html import scrolled
from esnb.widgets.explore.skipped import Skipped
from esnb.widgets.explore.what_if_html import side_by_side
from esnb.widgets.live.controls import Quiet, button, named, row

Compute = Callable[[frozenset[int], Callable[[Skipped], None]], None]
"""Is called with versions to leave out, and what to call with what is left: at once or later."""


class WhatIfPanel:
    """The widgets under the tab What if; `root` is what is displayed.

    Until `compute` has done so, what was skipped before stays skipped.
    """

    def __init__(
        self,
        limits: Limits,
        compute: Compute,
        changed: Callable[[], None],
    ) -> None:
        self.skipped = Skipped()
        self._limits = limits
        self._compute = compute
        self._changed = changed
        self._version: Version | None = None
        self._skip = named(widgets.ToggleButton(icon="ban"), "esnb-button")
        self._clear = button("Skip none", "undo", "Put every event back")
        self._table = widgets.HTML()
        moves = row("esnb-moves", self._skip, self._clear)
        self.root = named(widgets.VBox([moves, self._table]), "esnb-tab")
        self._drawing = Quiet()
        self._skip.observe(self._toggled, "value")
        self._clear.on_click(lambda _: self.skip(frozenset()))

    def show(self, version: Version) -> None:
        """Draws the two states at a version."""
        self._version = version
        number = version.number
        self._press_or_release()
        self._skip.description = f"Skip version {number:,}"
        self._skip.tooltip = f"Leave {visible(version.event, 60)} out of the history"
        self._clear.disabled = not self.skipped
        page = side_by_side(version, self.skipped, self._limits)
        self._table.value = scrolled("What if", page)

    def skip(self, versions: frozenset[int]) -> None:
        """Leaves out these versions, and no others."""
        if versions:
            self._compute(versions, self._take)
        else:
            self._take(Skipped())

    def _take(self, skipped: Skipped) -> None:
        self.skipped = skipped
        self._changed()

    def _press_or_release(self) -> None:
        """Makes the button say whether the version is skipped."""
        with self._drawing:
            self._skip.value = self._version is not None and (
                self._version.number in self.skipped.skip
            )

    def _toggled(self, change: Any) -> None:
        if not self._drawing and self._version is not None:
            number = frozenset({self._version.number})
            self.skip(self.skipped.skip | number if change["new"] else self.skipped.skip - number)
