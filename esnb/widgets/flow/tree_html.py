"""A causation tree as HTML: a list, each entry below what caused it and joined to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from esnb.widgets.flow.gutter import across, down, gutter, shape, through
from esnb.widgets.flow.repeats import Repeat, repeats
from esnb.widgets.flow.station_html import Told, item, others
from esnb.widgets.flow.stations import Station, causes_of

_INDENT = 26
_DEEPEST = 14
"""Levels that are drawn further to the right; deeper ones stand below each other."""


class CausationTree:
    """The stations of a flow, causes first."""

    def __init__(self, found: Sequence[Station], told: Told) -> None:
        self._found = found
        self._told = told
        self._causes = causes_of(found)
        self._passing = _passing(found)
        self._repeats = repeats([each.likeness for each in found], [e.depth for e in found])

    @property
    def rows(self) -> int:
        """How many lines it has, as long as nothing is opened."""
        return sum(each.length + (each.times > 1) for each in self._repeats)

    def html(self) -> str:
        """The list."""
        lines = "\n".join(line for each in self._repeats for line in self._lines(each))
        return f'<div class="esnb-flow" role="list" aria-label="Causation tree, causes first">\n{lines}\n</div>'

    def _lines(self, repeat: Repeat) -> Iterator[str]:
        yield from map(self._item, repeat.first)
        if repeat.times > 1:
            rows = [self._item(place) for place in repeat.others]
            stations = [self._found[place] for place in repeat.others]
            yield others(stations, repeat.length, self._fold(repeat), rows, self._told)

    def _item(self, place: int) -> str:
        station, cause = self._found[place], self._causes[place]
        x = _x(station.depth)
        parts = [through(_x(level)) for level in sorted(self._passing[place])]
        if cause is not None:
            depth = self._found[cause].depth
            parts.append(across(_x(depth), x, passed=depth in self._passing[place]))
        parts += [shape(station.kind, x), down(x) if self._leads_on(place) else ""]
        above = None if cause is None else self._found[cause]
        level = f'aria-level="{station.depth + 1}" '
        return item(station, above, gutter(x + 16, *parts), self._told, level)

    def _fold(self, repeat: Repeat) -> str:
        """The lines beside the entry that stands for several."""
        first, last = repeat.others[0], repeat.others[-1]
        cause = self._causes[first]
        parts = [through(_x(level)) for level in sorted(self._passing[last])]
        depth = self._found[first].depth
        if cause is not None:
            above = self._found[cause].depth
            passed = above in self._passing[last]
            parts.append(across(_x(above), _x(depth) + 4, passed=passed))
            if not passed:
                parts.append(through(_x(above), "esnb-branch esnb-if-open"))
        return gutter(_x(depth) + 16, *parts, height=32)

    def _leads_on(self, place: int) -> bool:
        after = place + 1
        return after < len(self._found) and self._found[after].depth > self._found[place].depth


def _x(depth: int) -> int:
    return 12 + min(depth, _DEEPEST) * _INDENT


def _passing(found: Sequence[Station]) -> list[set[int]]:
    """For each station the levels whose lines lead past it, to what is further below."""
    coming: set[int] = set()
    levels: list[set[int]] = []
    for station in reversed(found):
        # Whatever is as deep, or deeper, belongs to another cause.
        coming = {level for level in coming if level < station.depth}
        levels.append({level for level in coming if level < _DEEPEST})
        if station.depth:
            coming.add(station.depth - 1)
    return levels[::-1]
