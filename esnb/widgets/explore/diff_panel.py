"""The live diff: a version's state beside that of the one before it, or of any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.values import Limits, visible
from esnb.widgets.explore.html import scrolled
from esnb.widgets.explore.tables_html import diff
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.live.controls import Quiet, choice, named, row

_BEFORE = -1
"""The value of the line for the version before."""
_MOST_NAMED = 1000
"""Versions that are listed with their events: longer lists are sent without."""


class DiffPanel:
    """The widgets under the tab Diff; `root` is what is displayed."""

    def __init__(self, limits: Limits, changed: Callable[[], None]) -> None:
        self._limits = limits
        self._changed = changed
        self._quiet = Quiet()
        self._timeline: Timeline | None = None
        self.to = choice("Diff to", "The version that this one is compared with")
        self.to.add_class("esnb-named")
        self.table = widgets.HTML()
        self.root = named(widgets.VBox([row("esnb-moves", self.to), self.table]), "esnb-tab")
        self.to.observe(self._chose, "value")

    @property
    def title(self) -> str:
        """What stands over the tab."""
        base = self._base
        return "Diff" if base is None or self._timeline is None else f"Diff to v{base:,}"

    def fit(self, timeline: Timeline) -> None:
        """Lists the versions; the one that was chosen stays chosen, if it is there."""
        self._timeline = timeline
        wanted = self.to.value
        with self._quiet:
            self.to.options = [("the version before", _BEFORE), *self._lines(timeline)]
            self.to.value = wanted if wanted in timeline.numbers else _BEFORE

    def show(self, index: int) -> None:
        """Draws what differs at a version."""
        assert self._timeline is not None, "it was fitted before"
        version, base = self._timeline.versions[index], self._base
        other = None if base is None else self._timeline.versions[self._timeline.exact(base)]
        self.table.value = scrolled("Diff", diff(version, self._limits, base=other))

    @property
    def _base(self) -> int | None:
        return None if self.to.value in (None, _BEFORE) else int(self.to.value)

    def _lines(self, timeline: Timeline) -> list[tuple[str, int]]:
        named = len(timeline) <= _MOST_NAMED
        return [
            (
                f"v{each.number:,} {visible(each.event, 40)}" if named else f"v{each.number}",
                each.number,
            )
            for each in timeline.versions
        ]

    def _chose(self, _change: Any) -> None:
        if not self._quiet:
            self._changed()
