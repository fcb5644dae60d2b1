"""A flow as HTML: a drawing without scripts, and the same as text below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from esnb.drawing import html
from esnb.drawing.html import heading, note, within_budget
from esnb.drawing.ids import id_numbers
from esnb.drawing.values import counted
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
    if not ids:
        number = id_numbers()
        correlation_id = number(correlation_id)
        found = [
            replace(each, place=number(each.place), error=number(each.error)) for each in found
        ]
    lanes = swimlanes(found) if layout == "lanes" else None
    bodies = (_drawing(correlation_id, found, lanes, times, most) for most in (_MOST, 50, 10))
    return within_budget(html.saved(body, "widgets/flow/flow.css") for body in bodies)


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
    """The same for at most so many stations: in lanes, where they are given, else as a tree."""
    count = len(found)
    title = heading("Flow", correlation_id, counted(count, "station"))
    if not found:
        return title + note(
            "Nothing has this correlation id. Record events within esnb.correlate(), "
            "then read the flow again."
        )
    omission = note(f"showing {most:,} of {count:,} stations") if count > most else ""
    if lanes is not None:
        first = lanes.first(most)
        svg, written = swimlanes_svg.svg(first, times), columns(first)
    else:
        svg, written = tree_svg.svg(found[:most], times), _flow_text.tree(found[:most])
    lines = "\n".join(written)
    return (
        f"{title}{omission}\n{svg}\n"
        f'<details class="esnb-as-text"><summary>As text</summary>'
        f"<pre><bdi>{escape(lines)}</bdi></pre></details>"
    )
