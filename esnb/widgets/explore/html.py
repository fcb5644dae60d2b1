"""Timelines as HTML: no scripts, no ids, readable without styles and attributes."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from esnb.folds.changes import ABSENT
from esnb.folds.versions import Version
from esnb.sources.moments import without_own_time
from esnb.widgets.drawing.html import BUDGET, style, table, text, value
from esnb.widgets.drawing.values import Limits, bare, line, stamp, tree
from esnb.widgets.explore.entry_changes import WORDS, EntryChange, entry_changes
from esnb.widgets.explore.timeline import Timeline, unknown

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
    count = len(timeline)
    return (
        f'<p class="esnb-title"><strong>{text(timeline.name, 80)}</strong> '
        f'<code class="esnb-id">{text(timeline.aggregate_id, 80)}</code> '
        f'<span class="esnb-count">{count:,} version{"s" if count > 1 else ""}</span></p>'
    )


def saved(timeline: Timeline, times: bool = True) -> str:
    """Every version, or the newest of many, each folded with its three tables.

    Stays below 200 KB: when it would not, values are cut shorter, then fewer
    versions are shown, and the text says how many of how many.
    """
    for most, limits, fields in _DETAIL:
        page = _saved(timeline, times, most, limits, fields)
        if len(page.encode()) <= BUDGET:
            return page
    return page


def _saved(timeline: Timeline, times: bool, most: int, limits: Limits, fields: int) -> str:
    count = len(timeline)
    shown = range(max(0, count - most), count)
    said = ""
    if len(shown) < count:
        said = (
            f'<p class="esnb-note">showing {len(shown):,} of {count:,} versions: '
            f"{timeline.numbers[shown[0]]:,} to {timeline.last:,}</p>"
        )
    steps = "\n".join(
        _step(timeline, index, times, limits, fields, opened=index == count - 1) for index in shown
    )
    return (
        f'<div class="esnb esnb-saved">{style("drawing/esnb.css")}\n{heading(timeline)}{said}\n'
        f'<div class="esnb-steps">\n{steps}\n</div></div>'
    )


def _step(
    timeline: Timeline, index: int, times: bool, limits: Limits, fields: int, opened: bool
) -> str:
    version = timeline.versions[index]
    return (
        f'<details class="esnb-step"{" open" if opened else ""}>'
        f"<summary>{headline(timeline, index, times=False)}</summary>\n"
        f"{action(version, limits, fields, times)}\n{diff(version, limits, fields)}\n"
        f"{state(version, limits, fields)}</details>"
    )


def headline(timeline: Timeline, index: int, times: bool) -> str:
    """One line about a version: its number, its event, what that changed."""
    version = timeline.versions[index]
    when = f' <span class="esnb-when">{_time(version)}</span>' if times and version.time else ""
    kept = ' <span class="esnb-snapshot">◆ snapshot</span>' if timeline.has_snapshot(index) else ""
    changed = f'<span class="esnb-what">{text(version.changed, 160)}</span>'
    return (
        f'<b class="esnb-version">{version.number:,}</b> '
        f'<strong class="esnb-event">{text(version.event, 80)}</strong> {changed}{kept}{when}'
    )


def status(timeline: Timeline, index: int, times: bool) -> str:
    """The headline above the live tables; screen readers announce it."""
    return (
        f'<p class="esnb-headline" role="status">{headline(timeline, index, times)} '
        f'<span class="esnb-of">version {timeline.numbers[index]:,} of {timeline.last:,}</span></p>'
    )


def action(version: Version, limits: Limits, fields: int = 100, times: bool = True) -> str:
    """The event: its type, its time and the data that it carries."""
    about = [("type", f"<code>{text(version.type)}</code>")]
    if times and version.time is not None:
        about.append(("time", f"<code>{_time(version)}</code>"))
    data = tree(without_own_time(version.data), Limits(limits.characters, fields, limits.levels))
    if data.brackets == ("{", "}") and data.size:
        rows = [(text(bare(key), 80), value(node)) for key, node in data.entries]
        if data.omitted:
            rows.append(("", f"<em>… {data.omitted:,} more fields</em>"))
    elif data.brackets:
        rows = [("", "<em>no data</em>")]
    elif version.data is None:
        rows = [("", "<em>the event's data are not known</em>")]
    else:
        rows = [("", value(data))]
    body = "".join(f"<tr><th>{name}</th><td>{cell}</td></tr>" for name, cell in [*about, *rows])
    return table("Action", "the event and its data", "esnb-action", body)


def diff(version: Version, limits: Limits, most: int = 100) -> str:
    """What the event changed: a mark, the field, its value before and after."""
    if version.problem is not None:
        return table("Diff", "what it changed", "esnb-diff", _unknown(version, 4))
    found, more = entry_changes(version.before, version.state, most)
    rows = "".join(_entry_change(change, limits) for change in found)
    if more:
        rows += f'<tr><td></td><td colspan="3"><em>… more than {most:,} changes</em></td></tr>'
    if not found:
        rows = '<tr><td></td><td colspan="3"><em>nothing changed</em></td></tr>'
    head = "<tr><th></th><th>field</th><th>before</th><th>after</th></tr>"
    return table("Diff", "what it changed", "esnb-diff", rows, head)


def state(
    version: Version,
    limits: Limits,
    most: int = 100,
    blame: Callable[[str], Version | None] | None = None,
    times: bool = True,
) -> str:
    """The state after the event, one row a field, changed ones marked.

    With `blame`, each row can be focused, and says which event set the field.
    """
    about = f"after version {version.number:,}"
    if version.problem is not None:
        return table("State", about, "esnb-state", _unknown(version, 3))
    touched = {
        change.field: change.mark for change in entry_changes(version.before, version.state)[0]
    }
    rows = []
    for name in list(version.state)[:most]:
        mark = touched.get(name)
        if mark and name in version.before:
            mark = "~"
        by = _set_by(blame(name), times) if blame else ""
        focus = ' tabindex="0"' if by else ""
        rows.append(
            f"<tr{marked(mark)}{focus}><td>{escaped_mark(mark)}</td><th>{text(name, 80)}</th>"
            f"<td>{value(tree(version.state[name], limits))}{by}</td></tr>"
        )
    left = len(version.state) - len(rows)
    if left > 0:
        rows.append(f'<tr><td></td><td colspan="2"><em>… {left:,} more fields</em></td></tr>')
    if not rows:
        rows.append('<tr><td></td><td colspan="2"><em>no fields</em></td></tr>')
    return table("State", about, "esnb-state", "".join(rows))


def _set_by(version: Version | None, times: bool) -> str:
    """Which event set a field: its version, its name, its time."""
    if version is None:
        return ""
    when = f" at {escape(stamp(version.time))}" if times and version.time else ""
    event = f"<b>{version.number:,}</b> {text(version.event, 60)}"
    return f'<span class="esnb-blame"> set by {event}{when}</span>'


def strip(timeline: Timeline, index: int, most: int = 240) -> str:
    """All versions as one row of bars, a colour an event type; decoration only.

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


def _unknown(version: Version, columns: int) -> str:
    """The row of a version whose event could not be applied."""
    return f'<tr><td colspan="{columns}"><em>{text(unknown(version), 1000)}</em></td></tr>'


def _entry_change(change: EntryChange, limits: Limits) -> str:
    before = "" if change.before is ABSENT else f"<del>{_side(change.before, limits)}</del>"
    after = "" if change.after is ABSENT else f"<ins>{_side(change.after, limits)}</ins>"
    return (
        f"<tr{marked(change.mark)}><td>{escaped_mark(change.mark)}</td><th>{text(change.path, 200)}</th>"
        f"<td>{before}</td><td>{after}</td></tr>"
    )


def _side(found: Any, limits: Limits) -> str:
    return f"<code>{text(line(found, min(limits.characters, 500)), 600)}</code>"


def escaped_mark(mark: str | None) -> str:
    """The mark of a change, and in words what it means."""
    if mark not in WORDS:
        return ""
    return f'<abbr title="{WORDS[mark]}">{mark}</abbr>'


def marked(mark: str | None) -> str:
    """The class of a row that changed."""
    return f' class="esnb-{WORDS[mark]}"' if mark in WORDS else ""


def _time(version: Version) -> str:
    return "" if version.time is None else escape(stamp(version.time))
