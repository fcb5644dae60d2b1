"""A flow as HTML: a drawing without scripts, and the same as text below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from esnb.drawing import html
from esnb.drawing.html import heading, note, preformatted, within_budget
from esnb.drawing.ids import id_numbers
from esnb.drawing.values import counted
from esnb.widgets.flow import text as _flow_text
from esnb.widgets.flow.gutter import ROW
from esnb.widgets.flow.station_html import Told, lasts
from esnb.widgets.flow.stations import Station
from esnb.widgets.flow.swimlanes import Swimlanes, swimlanes
from esnb.widgets.flow.swimlanes_html import LanesInTime
from esnb.widgets.flow.swimlanes_text import columns
from esnb.widgets.flow.tree_html import CausationTree

_MOST = 150
"""Stations that are drawn at most."""
_HIGHEST = 484
"""Pixels of the drawing, which scrolls when there is more: eleven stations."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The stations of a flow, in lanes where these are given, else as a tree."""

    found: Sequence[Station]
    lanes: Swimlanes | None
    told: Told

    def parts(self, most: int) -> tuple[str, list[str]]:
        """The list of at most so many stations, and the same as lines of text."""
        if self.lanes is not None:
            first = self.lanes.first(most)
            return LanesInTime(first, self.told).html(), columns(first)
        found = self.found[:most]
        return CausationTree(found, self.told).html(), _flow_text.tree(found)


def saved(
    correlation_id: str,
    found: Sequence[Station],
    times: bool = True,
    ids: bool = True,
    layout: str = "tree",
) -> str:
    """The drawing, and below it the same as text, below 200 KB."""
    told = Told(times)
    if not ids:
        number = id_numbers()
        told = replace(told, numbered=number)
        correlation_id = number(correlation_id)
        found = [
            replace(each, place=number(each.place), error=number(each.error)) for each in found
        ]
    drawn = Drawn(found, swimlanes(found) if layout == "lanes" else None, told)
    sizes = ((_MOST, told.fields), (_MOST, 5), (_MOST, 2), (_MOST, 0), (50, 0), (25, 0), (10, 0))
    bodies = (
        _drawing(correlation_id, replace(drawn, told=replace(told, fields=fields)), most)
        for most, fields in sizes
    )
    return within_budget(html.saved(body, "widgets/flow/flow.css") for body in bodies)


def drawing(
    correlation_id: str, found: Sequence[Station], times: bool = True, layout: str = "tree"
) -> str:
    """Heading, drawing and text of a flow, without styles: as high in one layout as in the other."""
    lanes = swimlanes(found)
    drawn = Drawn(found, lanes if layout == "lanes" else None, Told(times))
    height = _height(found[:_MOST], lanes.first(_MOST))
    return _drawing(correlation_id, drawn, _MOST, f' style="height: {height}px"')


def _height(found: Sequence[Station], lanes: Swimlanes) -> int:
    told = Told(fields=0)
    in_time = LanesInTime(lanes, told)
    tree = CausationTree(found, told)
    return min(_HIGHEST, max(tree.rows * ROW, in_time.height_of_names + in_time.rows * ROW) + 12)


def _drawing(correlation_id: str, drawn: Drawn, most: int, size: str = "") -> str:
    """The same for at most so many stations."""
    count = len(drawn.found)
    took = lasts(drawn.found) if drawn.told.times else ""
    title = heading("Flow", correlation_id, counted(count, "station") + (took and f" in {took}"))
    if not count:
        return title + note(
            "Nothing has this correlation id. Record events within esnb.correlate(), "
            "then read the flow again."
        )
    omission = note(f"showing {most:,} of {count:,} stations") if count > most else ""
    listed, lines = drawn.parts(most)
    return (
        f"{title}{omission}\n"
        f'<div class="esnb-scroll" role="region" tabindex="0" aria-label="Stations"{size}>\n{listed}\n</div>\n'
        f'<details class="esnb-as-text"><summary>As text</summary>'
        f"{preformatted(chr(10).join(lines))}</details>"
    )
