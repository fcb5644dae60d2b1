"""Events and streams as HTML: no scripts, no ids, readable without styles and attributes."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from esnb.sources.known_streams import StreamRow
from esnb.sources.moments import without_own_time
from esnb.sources.page import Filter, PageEvent
from esnb.widgets.browse.visit import Visit
from esnb.widgets.drawing.html import BUDGET, counted, style, text
from esnb.widgets.drawing.ids import short, without_ids
from esnb.widgets.drawing.values import Limits, ValueTree, bare, line, stamp, tree

_INLINE = 48
"""Characters up to which a nested value stays on one line."""
_OPEN_LEVELS = 2
"""Levels of a tree that are unfolded at first."""
_DETAIL = (
    (100, Limits(2000, 100, 8), 100),
    (100, Limits(200, 20, 4), 50),
    (50, Limits(60, 8, 2), 20),
    (20, Limits(60, 6, 1), 10),
    (5, Limits(60, 6, 1), 5),
)
"""Ever smaller: events shown, limits of their values, streams shown."""


def heading(visit: Visit) -> str:
    """Whose events these are."""
    name = visit.name[:1].upper() + visit.name[1:]
    return f'<p class="esnb-title"><strong>{text(name, 120)}</strong></p>'


def crumbs(visit: Visit, times: bool = True) -> str:
    """What of it is looked at: the log or a stream, and through which filter."""
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
    if wanted.types:
        yield f"type <code>{text(', '.join(wanted.types), 80)}</code>"
    if wanted.text:
        yield f"containing <code>{text(wanted.text, 80)}</code>"
    if wanted.since is not None:
        yield f"since {escape(stamp(wanted.since))}" if times else "since a time"
    if wanted.until is not None:
        yield f"until {escape(stamp(wanted.until))}" if times else "until a time"


def note(words: str) -> str:
    """A remark below a list."""
    return f'<p class="esnb-note" role="status">{text(words, 400)}</p>' if words else ""


def headline(event: PageEvent, times: bool) -> str:
    """One line about an event; screen readers announce it."""
    when = ""
    if times and event.time is not None:
        when = f' <span class="esnb-when">{escape(stamp(event.time))}</span>'
    version = "" if event.record.version is None else f"version {event.record.version:,}"
    return (
        f'<p class="esnb-headline" role="status"><strong class="esnb-event">'
        f'{text(event.name, 120)}</strong> <span class="esnb-version">{version}</span>{when}</p>'
    )


def detail(event: PageEvent, limits: Limits, times: bool, positions: bool = True) -> str:
    """One event: where it stands, then data and metadata as trees."""
    record = event.record
    rows = [("stream", record.stream), ("type", record.type)]
    if record.topic != record.type:
        rows.append(("topic", record.topic))
    if record.version is not None:
        rows.append(("version", f"{record.version:,}"))
    if record.position is not None and positions:
        rows.append(("position", f"{record.position:,}"))
    if record.event_id is not None:
        rows.append(("event id", record.event_id))
    if record.link_stream is not None:
        rows.append(("link", f"{record.link_stream}, revision {record.link_revision}"))
    if times and event.time is not None:
        rows.append(("time", stamp(event.time)))
    if times and record.recorded is not None and record.recorded != event.time:
        rows.append(("recorded", stamp(record.recorded)))
    if event.error is not None:
        rows.append(("problem", event.error))
    about = "".join(
        f"<tr><th>{name}</th><td><code>{text(value, 400)}</code></td></tr>" for name, value in rows
    )
    return (
        f'<div class="esnb-detail">{branches("Data", data_of(event, times), limits)}'
        f"{branches('Metadata', event.metadata, limits)}"
        f'<table class="esnb-table esnb-envelope"><caption><strong>Envelope</strong></caption>'
        f"<tbody>{about}</tbody></table></div>"
    )


def data_of(event: PageEvent, times: bool = False) -> object:
    """The payload; without its timestamp, which is shown elsewhere or not at all."""
    data = event.data
    if times and event.time is None:
        return data
    return without_own_time(data)


def branches(name: str, value: object, limits: Limits) -> str:
    """A value as a tree that is folded and unfolded, by keyboard too."""
    title = f'<p class="esnb-part"><strong>{escape(name)}</strong></p>'
    node = tree(value, limits)
    if value is None or (node.brackets and not node.size):
        return f"{title}<p><em>none</em></p>"
    if not node.entries:
        return f"{title}<p><code>{text(node.line(), 10_000)}</code></p>"
    return f'{title}<ul class="esnb-tree">{_items(node, 1)}</ul>'


def _items(node: ValueTree, level: int) -> str:
    items = "".join(
        _branch(key or str(place), inner, level) for place, (key, inner) in enumerate(node.entries)
    )
    return items + (f"<li><em>… {node.omitted:,} more</em></li>" if node.omitted else "")


def _branch(key: str, node: ValueTree, level: int) -> str:
    label = f"<b>{text(bare(key), 80)}</b>"
    if not node.entries:
        kind = "esnb-word" if node.text[:1] in "'\"b" else "esnb-plain"
        return f'<li>{label}: <code class="{kind}">{text(node.line(), 10_000)}</code></li>'
    whole = node.line()
    if len(whole) <= _INLINE:
        return f"<li>{label}: <code>{text(whole)}</code></li>"
    opened = " open" if level < _OPEN_LEVELS else ""
    brackets = escape("…".join(node.brackets))
    return (
        f"<li><details{opened}><summary>{label} <code>{brackets}</code> "
        f'<span class="esnb-size">{counted(node)}</span></summary>'
        f"<ul>{_items(node, level + 1)}</ul></details></li>"
    )


def summary(event: PageEvent, most: int = 80) -> str:
    """What an event carries, on one line."""
    data = data_of(event)
    if type(data) is not dict:
        return "" if data is None else line(data, most)
    hidden = ("originator_topic", "originator_id", "originator_version")
    pairs = (f"{bare(line(k, 40))}: {line(v, 40)}" for k, v in data.items() if k not in hidden)
    whole = ", ".join(pairs)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def saved(visit: Visit, times: bool = True, ids: bool = True) -> str:
    """The page that is looked at, each event folded with its trees, and the streams.

    Stays below 200 KB: when it would not, values are cut shorter, then fewer
    events are shown, and the text says how many of how many.
    """
    for most, limits, streams in _DETAIL:
        page = _saved(visit, times, ids, most, limits, streams)
        if len(page.encode()) <= BUDGET:
            break
    return page if ids else without_ids(page)


def _saved(visit: Visit, times: bool, ids: bool, most: int, limits: Limits, streams: int) -> str:
    events = visit.page.events
    last = len(events) if visit.place is None else max(visit.place + 1, min(most, len(events)))
    shown = events[max(0, last - most) : last]
    steps = "\n".join(_step(event, times, ids, limits, event is visit.event) for event in shown)
    words = what_is_shown(visit, len(shown))
    body = f'<div class="esnb-steps">\n{steps}\n</div>' if shown else ""
    return (
        f'<div class="esnb esnb-saved">{style("drawing/esnb.css", "browse/browse.css")}\n{heading(visit)}'
        f'{crumbs(visit, times)}\n{body}<p class="esnb-note">{text(words)}</p>\n'
        f"{_streams(visit, times, streams)}</div>"
    )


def what_is_shown(visit: Visit, shown: int) -> str:
    """How much of what there is one sees, in words."""
    page = visit.page
    if not page.events:
        if page.unfinished:
            return f"none of the {page.searched:,} events that were looked at; there are more"
        return "no events" if not visit.here.filter else "no event fits the filter"
    words = (
        f"showing {shown:,}"
        if shown == len(page.events)
        else (f"showing {shown:,} of {len(page.events):,}")
    )
    words += f" event{'s' if len(page.events) > 1 else ''}"
    around = [side for side, a in (("earlier", page.earlier), ("later", page.later)) if a]
    more = f"; there are {' and '.join(around)} ones" if around else ""
    looked = f", looked at {page.searched:,}" if page.unfinished else ""
    return f"{words}{looked}{more}"


def _step(event: PageEvent, times: bool, ids: bool, limits: Limits, opened: bool) -> str:
    version = "" if event.record.version is None else f"{event.record.version:,}"
    when = ""
    if times and event.time is not None:
        when = f' <span class="esnb-when">{escape(stamp(event.time))}</span>'
    return (
        f'<details class="esnb-step"{" open" if opened else ""}>'
        f'<summary><b class="esnb-version">{version}</b> '
        f'<strong class="esnb-event">{text(event.name, 80)}</strong> '
        f'<span class="esnb-where">{text(short(event.stream) if ids else event.stream, 80)}</span> '
        f'<span class="esnb-what">{text(summary(event, 120), 200)}</span>{when}</summary>\n'
        f"{detail(event, limits, times, positions=ids)}</details>"
    )


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
    return "tombstoned" if row.tombstoned else row.last_type


def _stream(row: StreamRow, times: bool) -> str:
    when = f" {escape(stamp(row.last_time))}" if times and row.last_time is not None else ""
    return (
        f"<tr><th><code>{text(row.name, 120)}</code></th><td>{text(row.category, 80)}</td>"
        f'<td>{row.events:,}</td><td>{text(_last(row), 80)}<span class="esnb-when">{when}</span>'
        "</td></tr>"
    )
