"""The list of versions: one line for each, those around the one that is shown."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from esnb.drawing.values import cut_at_word, visible
from esnb.widgets.explore.axis import since_text
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.live.controls import Quiet, named

_WINDOW = 100
"""Lines: a list of ten thousand would be sent at every step."""
_WIDE = 52
"""Characters of a line, of which what a version changed has the rest, or the least."""
_LEAST = 20
_SINCE = 7
"""Characters of the time since the version before."""
_NAMES = 16
"""Characters to which names of events are filled up, so that what follows is below each other."""


class VersionList:
    """The widget of the list, `root`; `chosen` is called with the place of a line."""

    def __init__(self, times: bool, chosen: Callable[[int], None]) -> None:
        self._times = times
        self.root = named(widgets.Select(description="Versions", options=[]), "esnb-list")
        self._chosen = chosen
        self._quiet = Quiet()
        self._timeline: Timeline | None = None
        self._places: Sequence[int] = ()
        self._skipped: frozenset[int] = frozenset()
        self._window = range(0)
        self.root.observe(self._used, "value")

    def fit(self, timeline: Timeline, places: Sequence[int], skipped: frozenset[int]) -> None:
        """Lists the versions at these places, and marks those that What if skips."""
        self._timeline, self._places, self._skipped = timeline, places, skipped
        self._window = range(0)
        names = (len(visible(each, 40)) for each in set(timeline.types))
        self._names = min(_NAMES, max(names))

    def show(self, index: int) -> None:
        """Selects a version's line, if it has one, and lists those around it."""
        place = bisect_left(self._places, index)
        listed = place < len(self._places) and self._places[place] == index
        with self._quiet:
            if place not in self._window:
                first = min(place, max(0, len(self._places) - 1)) // _WINDOW * _WINDOW
                self._window = range(first, min(first + _WINDOW, len(self._places)))
                lines = [self._line(self._places[each]) for each in self._window]
                if tuple(lines) != self.root.options:
                    self.root.options = lines
            self.root.value = index if listed else None

    def _line(self, index: int) -> tuple[str, int]:
        timeline = self._timeline
        assert timeline is not None, "it was fitted before"
        version = timeline.versions[index]
        mark = "◆" if timeline.has_snapshot(index) else " "
        if version.number in self._skipped:
            mark = "⊘"
        wide = len(f"{timeline.last:,}")
        first = f"{version.number:>{wide},} {mark} {visible(version.event, 40):<{self._names}}  "
        first += f"{self._since(index):>{_SINCE}}  " if self._times else ""
        changed = cut_at_word(version.changed, max(_LEAST, _WIDE - len(first)))
        columns = f"{first}{changed}".rstrip()
        # Options fold plain spaces; no-break ones keep the columns.
        return columns.replace(" ", "\u00a0"), index

    def _since(self, index: int) -> str:
        """How long after the version before it was, where that is known."""
        timeline = self._timeline
        if timeline is None or not index:
            return ""
        before, time = (timeline.versions[place].time for place in (index - 1, index))
        return "" if before is None or time is None else since_text(time - before)

    def _used(self, change: Any) -> None:
        if not self._quiet and change["new"] is not None:
            self._chosen(change["new"])
