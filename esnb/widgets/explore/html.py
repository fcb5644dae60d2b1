"""Timelines as HTML: no scripts, no ids, readable without styles and attributes."""

from __future__ import annotations

from esnb.drawing import html
from esnb.drawing.html import note, step, steps, text, when, within_budget
from esnb.drawing.values import Limits, counted
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


def heading(timeline: Timeline) -> str:
    """Which aggregate this is, and how many versions it has."""
    count = counted(len(timeline), "version")
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
    return html.saved(f"{heading(timeline)}{omission}\n{versions}")


def _step(timeline: Timeline, index: int, times: bool, limits: Limits, fields: int) -> str:
    version = timeline.versions[index]
    tables = (
        f"{action(version, limits, fields, times)}\n{diff(version, limits, fields)}\n"
        f"{state(version, limits, fields)}"
    )
    return step(headline(timeline, index, times=False), tables, index == len(timeline) - 1)


def headline(timeline: Timeline, index: int, times: bool) -> str:
    """One line about a version: its number, its event, what the event changed."""
    version = timeline.versions[index]
    kept = ' <span class="esnb-snapshot">◆ snapshot</span>' if timeline.has_snapshot(index) else ""
    changed = f'<span class="esnb-what">{text(version.changed, 160)}</span>'
    return (
        f'<b class="esnb-version">{version.number:,}</b> '
        f'<strong class="esnb-event">{text(version.event, 80)}</strong> '
        f"{changed}{kept}{when(version.time, times)}"
    )


def status(timeline: Timeline, index: int, times: bool) -> str:
    """The headline above the live tables; screen readers announce it."""
    return (
        f'<p class="esnb-headline" role="status">{headline(timeline, index, times)} '
        f'<span class="esnb-of">version {timeline.numbers[index]:,} of {timeline.last:,}</span></p>'
    )


def strip(timeline: Timeline, index: int, most: int = 240) -> str:
    """All versions as one row of bars, one colour per event type; decoration only.

    With more than `most` versions a bar stands for several.
    """
    count = len(timeline)
    kinds = [version.event for version in timeline.versions]
    colours = {name: number % 8 for number, name in enumerate(dict.fromkeys(kinds))}
    bars = min(count, most)
    here = index * bars // count
    cells = []
    for bar in range(bars):
        kind = kinds[bar * count // bars]
        now = " esnb-now" if bar == here else " esnb-past" if bar < here else ""
        cells.append(f'<i class="esnb-k{colours[kind]}{now}"></i>')
    return f'<div class="esnb-strip" aria-hidden="true">{"".join(cells)}</div>'
