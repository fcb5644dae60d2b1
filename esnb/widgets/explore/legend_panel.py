"""The live legend: a button for each type, which says how many there are, and shows only those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.widgets.explore.legend import LegendEntry, legend_entries, shown_name
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.live.controls import Quiet, named, row


class LegendPanel:
    """The widgets of the legend; `root` is what is displayed. With no button pressed all are shown."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.root = row("esnb-legend")
        self.buttons: list[Any] = []
        self._kinds: list[LegendEntry] = []
        self._changed = changed
        self._quiet = Quiet()

    def fit(self, timeline: Timeline) -> None:
        """Makes a button for each type; those that were pressed stay so."""
        self._kinds = legend_entries(timeline.types)
        with self._quiet:
            for _ in range(len(self.buttons), len(self._kinds)):
                made = named(widgets.ToggleButton(), "esnb-kind")
                made.observe(self._pressed, "value")
                self.buttons.append(made)
            for made, kind in zip(self.buttons, self._kinds, strict=False):
                made.description = f"{shown_name(kind)} {kind.count:,}"
                made.tooltip = f"Show only {shown_name(kind)}"
                made.add_class(kind.colour)
        self.root.children = self.buttons[: len(self._kinds)]

    @property
    def chosen(self) -> bool:
        """Whether only some types are shown."""
        return any(button.value for button in self.buttons)

    @property
    def shown(self) -> frozenset[str]:
        """The types that are shown."""
        pairs = list(zip(self._kinds, self.buttons, strict=False))
        wanted = [kind for kind, button in pairs if button.value] or self._kinds
        return frozenset().union(*(kind.types for kind in wanted))

    def _pressed(self, _change: Any) -> None:
        if not self._quiet:
            self._changed()
