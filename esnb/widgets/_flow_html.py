"""A flow as inline SVG: no scripts, no ids; its text is a list to a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from esnb.widgets._event_html import short, without_ids
from esnb.widgets._flow_text import tree
from esnb.widgets._html import BUDGET, style, text
from esnb.widgets._stations import Station
from esnb.widgets._values import stamp, visible

_WIDTH, _ROW, _INDENT, _LETTER = 760, 44, 26, 6.6
_DEEPEST = 14
"""Levels that are drawn further to the right; deeper ones stand below each other."""
_SHAPES = {
    "event": '<circle cx="{x}" cy="{y}" r="6"/>',
    "outbox": '<rect x="{left}" y="{top}" width="12" height="12" rx="2"/>',
    "job": '<path d="M{left} {low} L{x} {top} L{right} {low} Z"/>',
}
"""Beside the word, a shape for each kind."""


def saved(
    correlation_id: str, found: Sequence[Station], times: bool = True, ids: bool = True
) -> str:
    """The drawing, and below it the same as text, below 200 KB."""
    sheet = style("esnb.css", "flow.css")
    for most in (150, 50, 10):
        body = drawing(correlation_id, found, times, most)
        page = f'<div class="esnb esnb-saved">{sheet}\n{body}</div>'
        if len(page.encode()) <= BUDGET:
            break
    return page if ids else without_ids(page)


def drawing(
    correlation_id: str, found: Sequence[Station], times: bool = True, most: int = 150
) -> str:
    """Heading, SVG and text of a flow, without styles."""
    count = len(found)
    heading = (
        f'<p class="esnb-title"><strong>Flow</strong> '
        f'<code class="esnb-id">{text(correlation_id, 80)}</code> '
        f'<span class="esnb-count">{count:,} station{"" if count == 1 else "s"}</span></p>'
    )
    if not found:
        return f'{heading}<p class="esnb-note">Nothing has this correlation id.</p>'
    said = ""
    if count > most:
        said = f'<p class="esnb-note">showing {most:,} of {count:,} stations</p>'
    lines = "\n".join(tree(found[:most]))
    return (
        f"{heading}{said}\n{svg(found[:most], times)}\n"
        f'<details class="esnb-as-text"><summary>As text</summary>'
        f"<pre><bdi>{escape(lines)}</bdi></pre></details>"
    )


def svg(found: Sequence[Station], times: bool = True) -> str:
    """The stations below each other, each to the right of its cause and joined to it."""
    height = len(found) * _ROW + 8
    above: list[int] = []
    drawn = []
    for place, station in enumerate(found):
        del above[station.depth :]
        cause = above[-1] if above else None
        drawn.append(_joined(found, cause, place) if cause is not None else "")
        drawn.append(_station(station, place, times))
        above.append(place)
    width = min(_WIDTH, max(_needed(station, times) for station in found))
    return (
        f'<svg class="esnb-flow" role="list" aria-label="Causation tree, causes first" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
        + "\n".join(part for part in drawn if part)
        + "\n</svg>"
    )


def _needed(station: Station, times: bool) -> int:
    """The width that a station's texts take: a narrow drawing is not made smaller in vain."""
    x, _ = _at(station, 0)
    first = visible(station.type, 80) + visible(station.state, 20)
    wide = max((len(first) + 6) * _LETTER * 1.15, len(_below(station, times)) * _LETTER)
    return int(x + 24 + wide)


def _at(station: Station, place: int) -> tuple[int, int]:
    return 12 + min(station.depth, _DEEPEST) * _INDENT, 18 + place * _ROW


def _joined(found: Sequence[Station], cause: int, place: int) -> str:
    """An elbow from the cause down and to the right."""
    (x, y), (right, low) = _at(found[cause], cause), _at(found[place], place)
    return (
        f'<path class="esnb-branch" aria-hidden="true" d="M{x} {y + 9} V{low} H{right - 9}" '
        'fill="none"/>'
    )


def _station(station: Station, place: int, times: bool) -> str:
    x, y = _at(station, place)
    shape = _SHAPES.get(station.kind, _SHAPES["event"]).format(
        x=x, y=y, left=x - 6, right=x + 6, top=y - 6, low=y + 6
    )
    room = int((_WIDTH - x - 20) / _LETTER)
    below, state = _below(station, times), visible(station.state, 20)
    first = _cut(visible(station.type, 80), room - len(state) - 6)
    second = _cut(below, room + 6)
    label = f"{visible(station.type, 80)}, {state}, {below}"
    return (
        f'<g role="listitem" aria-level="{station.depth + 1}" aria-label="{escape(label)}" '
        f'class="esnb-of-{escape(_known(station.kind))}">{shape}'
        f'<text x="{x + 16}" y="{y + 4}"><tspan class="esnb-type">{escape(first)}</tspan> '
        f'<tspan class="esnb-{station.mood}" dx="6">{station.mark} {escape(state)}</tspan></text> '
        f'<text x="{x + 16}" y="{y + 20}" class="esnb-below">{escape(second)}</text></g>'
    )


def _below(station: Station, times: bool) -> str:
    """Where and when it was, and what went wrong."""
    when = f" · {stamp(station.time)}" if times and station.time else ""
    wrong = f" · {visible(station.error, 200)}" if station.error else ""
    return visible(short(station.where) + when, 200) + wrong


def _known(kind: str) -> str:
    return kind if kind in _SHAPES else "event"


def _cut(words: str, most: int) -> str:
    most = max(most, 12)
    return words if len(words) <= most else f"{words[: most - 1]}…"
