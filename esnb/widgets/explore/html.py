"""Timelines as HTML: no scripts, no ids, readable without styles and attributes."""

from __future__ import annotations

from datetime import timedelta

from esnb.drawing import html
from esnb.drawing.html import note, step, steps, text, when, within_budget
from esnb.drawing.values import Limits, counted, cut_at_word
from esnb.widgets.explore.axis import span_text
from esnb.widgets.explore.chart import HistoryChart
from esnb.widgets.explore.field_series import default_field
from esnb.widgets.explore.legend import legend, legend_entries
from esnb.widgets.explore.tables_html import action, diff, state
from esnb.widgets.explore.timeline import Timeline

_DETAIL = (
    (100, Limits(2000, 100, 6), 100),
    (100, Limits(200, 20, 3), 20),
    (100, Limits(60, 6, 1), 6),
    (40, Limits(60, 6, 1), 6),
    (10, Limits(60, 6, 1), 6),
)
"""Ever smaller: versions shown, limits of their values, fields of each."""


def heading(timeline: Timeline, times: bool = True) -> str:
    """Which aggregate this is, how many versions it has, and over which time."""
    count = counted(len(timeline), "version")
    span = timeline.span if times else None
    if span is not None and span >= timedelta(milliseconds=1):
        count += f" · {span_text(span)}"
    return html.heading(text(timeline.name, 80), timeline.aggregate_id, count)


def saved(timeline: Timeline, times: bool = True) -> str:
    """Every version, or the newest of many, each folded with its three tables.

    Stays below 200 KB: if it would not, values are cut shorter, then fewer
    versions are shown, and the text says how many of how many.
    """
    return within_budget(_saved(timeline, times, *detail) for detail in _DETAIL)


def _saved(timeline: Timeline, times: bool, most: int, limits: Limits, fields: int) -> str:
    count = len(timeline)
    shown = range(max(0, count - most), count)
    omission = ""
    if len(shown) < count:
        omission = note(
            f"showing {len(shown):,} of {count:,} versions: "
            f"{timeline.numbers[shown[0]]:,} to {timeline.last:,}"
        )
    versions = steps(_step(timeline, index, times, limits, fields) for index in shown)
    chart = saved_chart(timeline, times)
    return html.saved(
        f"{heading(timeline, times)}{chart}{omission}\n{versions}",
        "drawing/chart/chart.css",
        "widgets/explore/history.css",
    )


def saved_chart(timeline: Timeline, times: bool = True) -> str:
    """The chart of the field that the live chart begins with, under the legend and a caption."""
    field = default_field(timeline)
    chart = HistoryChart(timeline, field, frozenset(timeline.types), times)
    caption = f'<p class="esnb-of-field">{text(chart.summary, 200)}</p>'
    return f"{legend(legend_entries(timeline.types))}{caption}{chart.drawing(titles=False)}"


def _step(timeline: Timeline, index: int, times: bool, limits: Limits, fields: int) -> str:
    version = timeline.versions[index]
    tables = (
        f"{action(version, limits, fields, times)}\n{diff(version, limits, fields)}\n"
        f"{state(version, limits, fields)}"
    )
    return step(headline(timeline, index, times=False), tables, index == len(timeline) - 1)


def scrolled(name: str, page: str) -> str:
    """What may be higher than its place: it takes the focus, so that keys scroll it."""
    return f'<div class="esnb-scrolled" role="group" aria-label="{name}" tabindex="0">{page}</div>'


def headline(timeline: Timeline, index: int, times: bool) -> str:
    """One line about a version: its number, its event, what the event changed."""
    version = timeline.versions[index]
    kept = ' <span class="esnb-snapshot">◆ snapshot</span>' if timeline.has_snapshot(index) else ""
    changed = f'<span class="esnb-what">{text(cut_at_word(version.changed, 160), 800)}</span>'
    return (
        f'<b class="esnb-version">{version.number:,}</b> '
        f'<strong class="esnb-event">{text(version.event, 80)}</strong> '
        f"{changed}{kept}{when(version.time, times)}"
    )


def status(timeline: Timeline, index: int, times: bool) -> str:
    """The headline above the live tables, always as high; screen readers announce it."""
    version = timeline.versions[index]
    kept = ' <span class="esnb-snapshot">◆ snapshot</span>' if timeline.has_snapshot(index) else ""
    return (
        f'<p class="esnb-headline" role="status"><b class="esnb-version">{version.number:,}</b> '
        f'<strong class="esnb-event">{text(version.event, 80)}</strong>'
        f"{when(version.time, times)}{kept} "
        f'<span class="esnb-of">version {version.number:,} of {timeline.last:,}</span>'
        f'<span class="esnb-what">{text(cut_at_word(version.changed, 200), 800)}</span></p>'
    )
