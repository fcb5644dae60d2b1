"""One event as HTML: its headline, its payload as a tree, its envelope."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from esnb.drawing.html import entries, text, when
from esnb.drawing.values import Limits, ValueTree, bare, stamp, tree
from esnb.sources.page import PageEvent
from esnb.widgets.browse.words import data_of

_ONE_LINE = 48
"""Characters up to which a nested value is not folded: a branch has its key before it."""
_OPEN_LEVELS = 2
"""Levels of a tree that are unfolded at first."""


def headline(event: PageEvent, times: bool) -> str:
    """One line about an event; screen readers announce it."""
    version = "" if event.record.version is None else f"version {event.record.version:,}"
    return (
        f'<p class="esnb-headline" role="status"><strong class="esnb-event">'
        f'{text(event.name, 120)}</strong> <span class="esnb-version">{version}</span>{when(event.time, times)}</p>'
    )


def detail(event: PageEvent, limits: Limits, times: bool, positions: bool = True) -> str:
    """One event: where it stands, then data and metadata as trees."""
    envelope = "".join(
        f"<tr><th>{name}</th><td><code>{text(value, 400)}</code></td></tr>"
        for name, value in _envelope(event, times, positions)
    )
    return (
        f'<div class="esnb-detail">{branches("Data", data_of(event, times), limits)}'
        f"{branches('Metadata', event.metadata, limits)}"
        f'<table class="esnb-table esnb-envelope"><caption><strong>Envelope</strong></caption>'
        f"<tbody>{envelope}</tbody></table></div>"
    )


def scrolled(event: PageEvent, limits: Limits, times: bool) -> str:
    """The same in a part of the page that scrolls by itself, by keyboard too."""
    return (
        '<div class="esnb-scroll" tabindex="0" role="region" aria-label="The whole event">'
        f"{detail(event, limits, times)}</div>"
    )


def _envelope(event: PageEvent, times: bool, positions: bool) -> Iterator[tuple[str, str]]:
    """What is known of an event besides its payload, by name."""
    record = event.record
    yield "stream", record.stream
    yield "type", record.type
    if record.topic != record.type:
        yield "topic", record.topic
    if record.version is not None:
        yield "version", f"{record.version:,}"
    if record.position is not None and positions:
        yield "position", f"{record.position:,}"
    if record.event_id is not None:
        yield "event id", record.event_id
    if record.link_stream is not None:
        yield "link", f"{record.link_stream}, revision {record.link_revision}"
    if times and event.time is not None:
        yield "time", stamp(event.time)
    if times and record.recorded is not None and record.recorded != event.time:
        yield "recorded", stamp(record.recorded)
    if event.error is not None:
        yield "problem", event.error


def branches(name: str, value: object, limits: Limits) -> str:
    """A value as a tree that can be folded and unfolded, by keyboard too."""
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
    if len(whole) <= _ONE_LINE:
        return f"<li>{label}: <code>{text(whole)}</code></li>"
    opened = " open" if level < _OPEN_LEVELS else ""
    brackets = escape("…".join(node.brackets))
    return (
        f"<li><details{opened}><summary>{label} <code>{brackets}</code> "
        f'<span class="esnb-size">{entries(node)}</span></summary>'
        f"<ul>{_items(node, level + 1)}</ul></details></li>"
    )
