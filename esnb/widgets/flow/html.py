"""A flow as HTML: a drawing without scripts, and the same as text below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from esnb.widgets.drawing.html import BUDGET, note, style, text
from esnb.widgets.drawing.ids import id_numbers
from esnb.widgets.flow import swimlanes_svg, tree_svg
from esnb.widgets.flow import text as _flow_text
from esnb.widgets.flow.stations import Station
from esnb.widgets.flow.swimlanes import Swimlanes, swimlanes
from esnb.widgets.flow.swimlanes_text import columns

_MOST = 150


def saved(
    correlation_id: str,
    found: Sequence[Station],
    times: bool = True,
    ids: bool = True,
    layout: str = "tree",
) -> str:
    """The drawing, and below it the same as text, below 200 KB."""
    sheet = style("drawing/esnb.css", "flow/flow.css")
    if not ids:
        number = id_numbers()
        correlation_id = number(correlation_id)
        found = [
            replace(each, place=number(each.place), error=number(each.error)) for each in found
        ]
    lanes = swimlanes(found) if layout == "lanes" else None
    for most in (_MOST, 50, 10):
        body = _drawing(correlation_id, found, lanes, times, most)
        page = f'<div class="esnb esnb-saved">{sheet}\n{body}</div>'
        if len(page.encode()) <= BUDGET:
            break
    return page


def drawing(
    correlation_id: str, found: Sequence[Station], times: bool = True, layout: str = "tree"
) -> str:
    """Heading, SVG and text of a flow, without styles."""
    lanes = swimlanes(found) if layout == "lanes" else None
    return _drawing(correlation_id, found, lanes, times, _MOST)


def _drawing(
    correlation_id: str,
    found: Sequence[Station],
    lanes: Swimlanes | None,
    times: bool,
    most: int,
) -> str:
    """The same of at most so many stations: in lanes, where they are given, else as a tree."""
    count = len(found)
    heading = (
        f'<p class="esnb-title"><strong>Flow</strong> '
        f'<code class="esnb-id">{text(correlation_id, 80)}</code> '
        f'<span class="esnb-count">{count:,} station{"" if count == 1 else "s"}</span></p>'
    )
    if not found:
        return heading + note(
            "Nothing has this correlation id. What is recorded within esnb.correlate() has one: "
            "read the flow again then."
        )
    said = ""
    if count > most:
        said = f'<p class="esnb-note">showing {most:,} of {count:,} stations</p>'
    if lanes is not None:
        first = lanes.first(most)
        svg, written = swimlanes_svg.svg(first, times), columns(first)
    else:
        svg, written = tree_svg.svg(found[:most], times), _flow_text.tree(found[:most])
    lines = "\n".join(written)
    return (
        f"{heading}{said}\n{svg}\n"
        f'<details class="esnb-as-text"><summary>As text</summary>'
        f"<pre><bdi>{escape(lines)}</bdi></pre></details>"
    )
