"""The tabs of one version: Action, State, Diff and What if."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from esnb.drawing.values import Limits
from esnb.folds.versions import Version
from esnb.widgets.explore import tables_html
from esnb.widgets.explore.diff_panel import DiffPanel
from esnb.widgets.explore.html import scrolled
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.explore.what_if_panel import Compute, WhatIfPanel
from esnb.widgets.live.controls import named

_LIMITS = Limits(characters=2000, entries=100, levels=6)
_TABS = ("Action", "State", "Diff", "What if")
_STATE, _DIFF = _TABS.index("State"), _TABS.index("Diff")


class VersionTables:
    """The widgets of the tabs; `root` is what is displayed.

    `compute` as in `WhatIfPanel`; `compared` and `skipped` are called when a
    version to compare with was chosen, and when other events are skipped.
    """

    def __init__(
        self,
        times: bool,
        *,
        compute: Compute,
        compared: Callable[[], None],
        skipped: Callable[[], None],
    ) -> None:
        self._times = times
        self.action, self.state = widgets.HTML(), widgets.HTML()
        self.diff = DiffPanel(_LIMITS, compared)
        self.what_if = WhatIfPanel(_LIMITS, compute, skipped)
        children = [self.action, self.state, self.diff.root, self.what_if.root]
        self.root = named(widgets.Tab(children=children), "esnb-tabs")
        for place, name in enumerate(_TABS):
            self.root.set_title(place, name)
        self.root.selected_index = _STATE

    def show(self, timeline: Timeline, index: int) -> None:
        """Draws the version at a place."""
        version = timeline.versions[index]

        def blame(name: str) -> Version | None:
            return timeline.blame(index, name)

        action = tables_html.action(version, _LIMITS, times=self._times)
        state = tables_html.state(version, _LIMITS, blame=blame, times=self._times)
        self.action.value = scrolled("Action", action)
        self.state.value = scrolled("State", state)
        self.diff.show(index)
        self.root.set_title(_DIFF, self.diff.title)
        self.what_if.show(version)
