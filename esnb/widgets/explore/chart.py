"""A field over the versions' times, above a strip of the versions, as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from esnb.drawing.html import text
from esnb.drawing.shares_svg import HEIGHT as STRIP
from esnb.drawing.shares_svg import shares_svg
from esnb.drawing.steps_svg import AXIS, HEIGHT, MOST_DOTS, EventMark, percent, steps_svg
from esnb.drawing.values import counted, line, visible
from esnb.folds.same import ABSENT
from esnb.widgets.explore.axis import axis
from esnb.widgets.explore.bars import VersionBars, event_title, shares
from esnb.widgets.explore.field_series import FieldSeries
from esnb.widgets.explore.legend import colours, legend_entries
from esnb.widgets.explore.timeline import Timeline

_ELBOW = HEIGHT - 2
"""Pixels from the top to where the cursor turns to its version's bar."""


class HistoryChart:
    """The drawing for one field and one choice of types; a step only moves its cursor."""

    def __init__(
        self, timeline: Timeline, field: str | None, shown: frozenset[str], times: bool
    ) -> None:
        """Events of types that are not `shown` are faded; `times=False` leaves times out."""
        self._timeline = timeline
        self._times = times
        self._shown = shown
        self._places, self._ends = axis(timeline, times)
        self._colours = colours(legend_entries(timeline.types))
        self.series = FieldSeries(timeline, field)
        self.bars = VersionBars(len(timeline))

    def drawing(self, titles: bool = True) -> str:
        """The field's line, the events on their axis, and the strip.

        `titles` say what is pointed at; where HTML is stripped, they are text.
        """
        points = list(self._points(titles and len(self._timeline) <= MOST_DOTS))
        low, high = self.series.ends
        svg = steps_svg(points, self.summary, self._ends)
        strip = shares_svg(shares(self.bars, self._timeline.types, self._colours, self._shown))
        gutter = "".join(f"<span>{text(each, 20)}</span>" for each in (high, low))
        return (
            f'<div class="esnb-history"><div class="esnb-history-ends">{gutter}</div>'
            f'<div class="esnb-history-plot">{svg}{strip}</div></div>'
        )

    def cursor(self, index: int) -> str:
        """Where a version is in the drawing: a line through it, down to its bar of the strip."""
        x, bar = self._places[index], self.bars.of(index)
        wide = 1 / self.bars.count
        colour = self._colours[self._timeline.types[index]]
        anchor, side = ("start", "6") if x < 0.5 else ("end", "-6")
        here, below = percent(x), percent((bar + 0.5) * wide)
        line_class = 'class="esnb-cursor-line" stroke="currentColor"'
        return (
            f'<svg class="esnb-cursor" aria-hidden="true" width="100%" height="{HEIGHT + STRIP}">'
            f'<rect class="esnb-later" x="{percent((bar + 1) * wide)}" y="{HEIGHT}" width="100%" '
            f'height="{STRIP}"/>'
            f'<line {line_class} x1="{here}" x2="{here}" y1="4" y2="{AXIS}"/>'
            f'<line {line_class} x1="{here}" x2="{here}" y1="{AXIS}" y2="{_ELBOW}"/>'
            f'<line {line_class} x1="{here}" x2="{below}" y1="{_ELBOW}" y2="{_ELBOW}"/>'
            f'<circle class="{colour}" cx="{here}" cy="{AXIS}" r="7"/>'
            f'<rect class="esnb-bar-now" x="{percent(bar * wide)}" y="{HEIGHT}" '
            f'width="{percent(wide)}" height="{STRIP}"/>'
            f'<text x="{here}" y="14" dx="{side}" text-anchor="{anchor}">'
            f"{escape(self._said(index))}</text></svg>"
        )

    @property
    def summary(self) -> str:
        """The drawing in words: the field, its values, how often it changed."""
        series, field = self.series, self.series.field
        over = "over time" if self._times else "over the versions"
        if field is None:
            return f"{counted(len(self._timeline), 'event')} {over}"
        changes = counted(len(self._timeline.setters(field)), "change")
        ends = [each for each in series.ends if each]
        between = f", between {' and '.join(ends)}" if len(ends) == 2 else ""
        gaps = f", {counted(series.gaps, 'value')} cannot be drawn" if series.gaps else ""
        return f"{visible(field, 80)} {over}: {changes}{between}{gaps}"

    def _said(self, index: int) -> str:
        version, value = self._timeline.versions[index], self.series.values[index]
        parts = [f"v{version.number:,}", visible(version.event, 30)]
        if value is not ABSENT:
            parts.insert(1, line(value, 24))
        return " · ".join(parts)

    def _points(self, titles: bool) -> Iterator[EventMark]:
        setters = set(self._timeline.setters(self.series.field or ""))
        heights = self.series.heights
        for place, version in enumerate(self._timeline.versions):
            changed = place in setters
            said = changed and not self.series.is_numeric and heights[place] is not None
            yield EventMark(
                self._places[place],
                heights[place],
                self._colours[version.event],
                event_title(version, self._times) if titles else "",
                changed,
                version.event not in self._shown,
                line(self.series.values[place], 16) if said else "",
                "◆" if self._timeline.has_snapshot(place) else "",
            )
