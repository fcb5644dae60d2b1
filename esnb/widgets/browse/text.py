"""A visit as plain text: for terminals, and for nbval, which compares it."""

from __future__ import annotations

from esnb.drawing.ids import short, without_ids
from esnb.drawing.values import Limits, ValueTree, bare, counted, cut_at_word, stamp, tree, visible
from esnb.sources.page import PageEvent
from esnb.widgets.browse.visit import Visit
from esnb.widgets.browse.words import data_of, summary, what_is_shown

_WIDTH = 120
_MOST_LINES = 40
_MOST_STREAMS = 10
_LIMITS = Limits(characters=200, entries=20, levels=4)


def title(visit: Visit) -> str:
    """Whose events these are, and what part of them is shown."""
    here = visit.here
    parts = [visible(visit.name, 80)]
    parts.append("all events" if here.stream is None else f"stream {visible(here.stream, 80)}")
    wanted = here.filter
    if wanted.correlation is not None:
        parts.append(f"correlation {visible(wanted.correlation, 80)}")
    if wanted.event_id is not None:
        parts.append(f"event {visible(wanted.event_id, 80)}")
    if wanted.causation is not None:
        parts.append(f"caused by {visible(wanted.causation, 80)}")
    if wanted.types:
        parts.append(f"type {visible(', '.join(wanted.types), 80)}")
    if wanted.text:
        parts.append(f"containing {visible(wanted.text, 80)}")
    if wanted.since is not None or wanted.until is not None:
        parts.append("within times")
    return ", ".join(parts)


def page(visit: Visit, times: bool = True, ids: bool = True) -> str:
    """The events of the page, then the selected one, then the streams."""
    events = visit.page.events
    lines = [title(visit), what_is_shown(visit, len(events)), ""]
    lines += [_row(each, each is visit.event, times, ids) for each in events]
    if visit.event is not None:
        lines += ["", *_about(visit.event, times, ids)]
    rows, count = visit.index.newest(_MOST_STREAMS)
    if rows:
        known = "" if visit.index.complete else f", of the newest {visit.index.searched:,} events"
        some = f"{len(rows)} of {count:,}" if len(rows) < count else f"{count}"
        lines += ["", f"Streams ({some}{known})"]
        lines += [
            f"  {visible(row.name, 80)}  {visible(row.category, 40)}  "
            f"{counted(row.events, 'event')}{', tombstoned' if row.tombstoned else ''}"
            for row in rows
        ]
    whole = "\n".join(lines)
    shown = (whole if ids else without_ids(whole)).split("\n")
    return "\n".join(cut_at_word(each, _WIDTH) for each in shown)


def _row(event: PageEvent, here: bool, times: bool, ids: bool) -> str:
    version = "" if event.record.version is None else f"{event.record.version:,}"
    when = f"{stamp(event.time)[:19]}  " if times and event.time is not None else ""
    stream = visible(short(event.stream) if ids else event.stream, 50)
    words = f"{visible(event.name, 40)}  {stream}  {visible(summary(event), 120)}"
    return f"{'→' if here else ' '} {version:>5}  {when}{words}".rstrip()


def _about(event: PageEvent, times: bool, ids: bool) -> list[str]:
    record = event.record
    when = f" at {stamp(event.time)}" if times and event.time is not None else ""
    version = "" if record.version is None else f", version {record.version:,}"
    lines = [f"{visible(record.type, 100)}{version}{when}"]
    lines.append(f"  stream: {visible(record.stream, 100)}")
    if ids and record.position is not None:
        lines.append(f"  position: {record.position:,}")
    if event.error is not None:
        lines.append(f"  problem: {visible(event.error, 100)}")
    lines += ["Data", *_branches(tree(data_of(event), _LIMITS))]
    if event.metadata:
        lines += ["Metadata", *_branches(tree(event.metadata, _LIMITS))]
    return lines


def _branches(node: ValueTree) -> list[str]:
    if not node.entries:
        return [f"  {node.line()}" if node.text != "{}" and node.text != "None" else "  none"]
    lines = [
        f"  {bare(key)}: {inner.line()}" if key else f"  {inner.line()}"
        for key, inner in node.entries
    ]
    omitted = node.omitted + max(0, len(lines) - _MOST_LINES)
    return lines[:_MOST_LINES] + ([f"  … {omitted:,} more"] if omitted else [])
