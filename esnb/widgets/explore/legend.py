"""The types of a timeline's events: how many there are of each, and its colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from esnb.drawing.chart.palette import COLOURS, REST, look_of
from esnb.drawing.html import text
from esnb.drawing.values import counted, visible


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry of the legend: a type, or all that have no entry of their own."""

    name: str
    types: frozenset[str]
    count: int
    colour: str


def legend_entries(types: Iterable[str]) -> list[LegendEntry]:
    """The types in order of first appearance; from many, the last entry stands for the others.

    >>> [(kind.name, kind.count) for kind in legend_entries(["Opened", "Added", "Added"])]
    [('Opened', 1), ('Added', 2)]
    """
    counts = Counter(types)
    names = list(counts)
    own = names if len(names) <= len(COLOURS) else names[: len(COLOURS) - 1]
    found = [LegendEntry(name, frozenset({name}), counts[name], look_of(name).css) for name in own]
    others = names[len(own) :]
    if others:
        count = sum(counts[name] for name in others)
        words = counted(len(others), "other type")
        found.append(LegendEntry(words, frozenset(others), count, REST.css))
    return found


def legend(kinds: Iterable[LegendEntry]) -> str:
    """The entries as HTML, for views without controls."""
    entries = " ".join(
        f'<span class="esnb-kind {kind.colour}">{text(shown_name(kind), 60)} {kind.count:,}</span>'
        for kind in kinds
    )
    return f'<p class="esnb-legend">{entries}</p>'


def shown_name(kind: LegendEntry) -> str:
    return visible(kind.name, 40)


def colours(kinds: Iterable[LegendEntry]) -> dict[str, str]:
    """The class of each type's colour."""
    return {name: kind.colour for kind in kinds for name in kind.types}
