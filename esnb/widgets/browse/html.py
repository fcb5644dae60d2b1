"""A visit as HTML: no scripts, no ids, readable without styles and attributes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from esnb.drawing import html
from esnb.drawing.html import note, step, steps, text, when, within_budget
from esnb.drawing.ids import short, without_ids
from esnb.drawing.values import Limits, counted, stamp
from esnb.sources.known_streams import StreamRow
from esnb.sources.page import Filter, PageEvent
from esnb.widgets.browse.event_html import detail
from esnb.widgets.browse.visit import Visit
from esnb.widgets.browse.words import colour, summary, types_of_what, what_is_shown

_DETAIL = (
    (100, Limits(2000, 100, 8), 100),
    (100, Limits(200, 20, 4), 50),
    (50, Limits(60, 8, 2), 20),
    (20, Limits(60, 6, 1), 10),
    (5, Limits(60, 6, 1), 5),
)
"""Ever smaller: events shown, limits of their values, streams shown."""

_MOST_TYPES = 12
"""Types whose events are counted in the saved view."""


def heading(visit: Visit) -> str:
    """Whose events these are."""
    name = visit.name[:1].upper() + visit.name[1:]
    return html.heading(text(name, 120))


def crumbs(visit: Visit, times: bool = True) -> str:
    """What part of it is shown: the log or a stream, and through which filter."""
    here = visit.here
    parts = ["<span>All events</span>"]
    if here.stream is not None:
        parts.append(f"<span>stream <code>{text(here.stream, 120)}</code></span>")
    parts += [f"<span>{part}</span>" for part in _filters(here.filter, times)]
    between = ' <span class="esnb-then" aria-hidden="true">›</span> '
    return f'<p class="esnb-crumbs">{between.join(parts)}</p>'


def _filters(wanted: Filter, times: bool) -> Iterable[str]:
    if wanted.correlation is not None:
        yield f"correlation <code>{text(wanted.correlation, 80)}</code>"
    if wanted.event_id is not None:
        yield f"event <code>{text(wanted.event_id, 80)}</code>"
    if wanted.causation is not None:
        yield f"caused by <code>{text(wanted.causation, 80)}</code>"
    if wanted.types:
        yield f"type <code>{text(', '.join(wanted.types), 80)}</code>"
    if wanted.text:
        yield f"containing <code>{text(wanted.text, 80)}</code>"
    if wanted.since is not None:
        yield f"since {escape(stamp(wanted.since))}" if times else "since a time"
    if wanted.until is not None:
        yield f"until {escape(stamp(wanted.until))}" if times else "until a time"


def saved(visit: Visit, times: bool = True, ids: bool = True) -> str:
    """The page that is shown, each event folded with its trees, and the streams.

    Stays below 200 KB: if it would not, values are cut shorter, then fewer
    events are shown, and the text says how many of how many.
    """
    page = within_budget(_saved(visit, times, ids, *detail) for detail in _DETAIL)
    return page if ids else without_ids(page)


def _saved(visit: Visit, times: bool, ids: bool, most: int, limits: Limits, streams: int) -> str:
    events = visit.page.events
    last = len(events) if visit.place is None else max(visit.place + 1, min(most, len(events)))
    shown = events[max(0, last - most) : last]
    lines = (_step(event, times, ids, limits, event is visit.event) for event in shown)
    words = note(what_is_shown(visit, len(shown)))
    return html.saved(
        f"{heading(visit)}{crumbs(visit, times)}{_types(visit)}\n"
        f"{steps(lines) if shown else ''}{words}\n{_streams(visit, times, streams)}",
        "drawing/chart/chart.css",
        "widgets/browse/browse.css",
    )


def _types(visit: Visit) -> str:
    """How many events of each type there are."""
    found = visit.types()
    if not found:
        return ""
    names = sorted(name for name, _ in found.most_common(_MOST_TYPES))
    entries = " ".join(
        f'<span class="esnb-type {colour(name)}">{text(name, 40)} {found[name]:,}</span>'
        for name in names
    )
    rest = len(found) - len(names)
    more = f" and {counted(rest, 'more type')}" if rest else ""
    of_what = types_of_what(visit)
    about = f" {of_what}" if of_what else ""
    return f'<p class="esnb-types">{entries}{more}{about}</p>'


def _step(event: PageEvent, times: bool, ids: bool, limits: Limits, opened: bool) -> str:
    version = "" if event.record.version is None else f"{event.record.version:,}"
    headline = (
        f'<b class="esnb-version">{version}</b> '
        f'<strong class="esnb-event esnb-type {colour(event.name)}">{text(event.name, 80)}</strong> '
        f'<span class="esnb-where">{text(short(event.stream) if ids else event.stream, 80)}</span> '
        f'<span class="esnb-what">{text(summary(event, 120), 200)}</span>{when(event.time, times)}'
    )
    return step(headline, detail(event, limits, times, positions=ids), opened)


def _streams(visit: Visit, times: bool, most: int) -> str:
    rows, count = visit.index.newest(most)
    if not rows:
        return ""
    head = "<tr><th>stream</th><th>category</th><th>events</th><th>last event</th></tr>"
    body = "".join(_stream(row, times) for row in rows)
    words = f"showing {len(rows):,} of {count:,}" if len(rows) < count else f"{count:,}"
    if not visit.index.complete:
        words += f", of the newest {visit.index.searched:,} events"
    return (
        f'<details class="esnb-streams"><summary>Streams ({words})</summary>\n'
        f'<table class="esnb-table"><thead>{head}</thead><tbody>{body}</tbody></table></details>'
    )


def _last(row: StreamRow) -> str:
    """What a stream ends with."""
    if row.tombstoned:
        return "tombstoned"
    name = row.last_name
    return f'<span class="esnb-type {colour(name)}">{text(name, 80)}</span>'


def _stream(row: StreamRow, times: bool) -> str:
    when = f" {escape(stamp(row.last_time))}" if times and row.last_time is not None else ""
    return (
        f"<tr><th><code>{text(row.name, 120)}</code></th><td>{text(row.category, 80)}</td>"
        f'<td>{row.events:,}</td><td>{_last(row)}<span class="esnb-when">{when}</span>'
        "</td></tr>"
    )
