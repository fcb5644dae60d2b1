"""The live chart: a field to choose, its line, a cursor, and the strip that can be clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from esnb.drawing.values import visible
from esnb.widgets.explore.bars import bar_names, bar_titles
from esnb.widgets.explore.chart import HistoryChart
from esnb.widgets.explore.field_series import default_field
from esnb.widgets.explore.timeline import Timeline
from esnb.widgets.live.controls import Quiet, choice, icon_button, label, named


class ChartPanel:
    """The widgets around the slider; `controls` and `root` are what is displayed.

    Its bars are buttons for those who point. They cannot be reached by keyboard,
    which slider and list are for: nobody tabs through two hundred of them.
    """

    def __init__(self, slider: Any, times: bool, moved: Callable[[int], None]) -> None:
        self._times = times
        self._moved = moved
        self._quiet = Quiet()
        self._timeline: Timeline | None = None
        self._shown: frozenset[str] = frozenset()
        self._index = 0
        self.field = choice("Field", "The field that is drawn")
        self.back = icon_button("chevron-left", "Previous change")
        self.forth = icon_button("chevron-right", "Next change")
        self.drawing, self.cursor = widgets.HTML(), named(widgets.HTML(), "esnb-over")
        self.bars = named(widgets.ToggleButtons(options=[]), "esnb-bars")
        stack = named(widgets.VBox([self.drawing, self.cursor, self.bars]), "esnb-stack")
        self.slider = slider
        track = named(widgets.VBox([slider]), "esnb-track")
        self.root = named(widgets.VBox([stack, track]), "esnb-scale")
        self.field.observe(self._chose_field, "value")
        self.bars.observe(self._clicked, "index")
        self.back.on_click(lambda _: self._to_change(-1))
        self.forth.on_click(lambda _: self._to_change(1))

    @property
    def controls(self) -> list[Any]:
        """The choice of the field, between the buttons that go to its changes."""
        return [self.back, self.field, self.forth]

    def fit(self, timeline: Timeline, shown: frozenset[str]) -> None:
        """Draws a timeline, with the types that are not `shown` faded."""
        before = self._timeline
        self._timeline, self._shown = timeline, shown
        with self._quiet:
            self._fit_fields(timeline)
            self._draw()
            if before is not timeline:
                self.bars.tooltips = bar_titles(self._chart.bars, timeline, self._times)
                self.bars.options = bar_names(self._chart.bars, timeline)

    def show(self, index: int) -> None:
        """Puts the cursor on a version."""
        self._index = index
        self.cursor.value = self._chart.cursor(index)
        changes = self._changes()
        self.back.disabled = not changes or changes[0] >= index
        self.forth.disabled = not changes or changes[-1] <= index
        with self._quiet:
            self.bars.index = self._chart.bars.of(index)

    def _fit_fields(self, timeline: Timeline) -> None:
        """Lists the fields; the one that was chosen stays chosen."""
        fields = [(visible(name, 60), name) for name in timeline.fields]
        if tuple(fields) != self.field.options:
            wanted = self.field.value if self.field.value in timeline.fields else None
            self.field.options = fields
            self.field.value = wanted or default_field(timeline)
        self.field.disabled = len(fields) < 2

    def _draw(self) -> None:
        assert self._timeline is not None, "it was fitted before"
        field = self.field.value
        self._chart = HistoryChart(self._timeline, field, self._shown, self._times)
        self.drawing.value = self._chart.drawing()
        name = "the field" if field is None else visible(field, 40)
        label(self.back, f"Previous change of {name}")
        label(self.forth, f"Next change of {name}")

    def _chose_field(self, _change: Any) -> None:
        if not self._quiet:
            self._draw()
            self.show(self._index)

    def _clicked(self, change: Any) -> None:
        if not self._quiet and change["new"] is not None:
            self._moved(self._chart.bars.places(change["new"])[0])

    def _changes(self) -> list[int]:
        timeline, field = self._timeline, self.field.value
        return [] if timeline is None or field is None else timeline.setters(field)

    def _to_change(self, step: int) -> None:
        """To the nearest version before or after this one that changed the field."""
        wanted = [each for each in self._changes() if (each - self._index) * step > 0]
        if wanted:
            self._moved(min(wanted, key=lambda each: abs(each - self._index)))
