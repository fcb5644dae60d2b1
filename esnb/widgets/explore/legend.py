"""The types of a timeline's events: how many there are of each, and its colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from esnb.drawing.html import text
from esnb.drawing.type_colours import COLOURS, type_colours
from esnb.drawing.values import counted, visible


@dataclass(frozen=True, slots=True)
class EventKind:
    """One entry of the legend: a type, or all that have no entry of their own."""

    name: str
    types: frozenset[str]
    count: int
    colour: str


def event_kinds(types: Iterable[str]) -> list[EventKind]:
    """The types in order of first appearance; from many, the last entry stands for the others.

    >>> [(kind.name, kind.count) for kind in event_kinds(["Opened", "Added", "Added"])]
    [('Opened', 1), ('Added', 2)]
    """
    counts = Counter(types)
    colours = type_colours(counts)
    names = list(counts)
    own = names if len(names) <= COLOURS else names[: COLOURS - 1]
    found = [EventKind(name, frozenset({name}), counts[name], colours[name]) for name in own]
    others = names[len(own) :]
    if others:
        count = sum(counts[name] for name in others)
        words = counted(len(others), "other type")
        found.append(EventKind(words, frozenset(others), count, colours[others[0]]))
    return found


def legend(kinds: Iterable[EventKind]) -> str:
    """The entries as HTML, for views without controls."""
    entries = " ".join(
        f'<span class="esnb-kind {kind.colour}">{text(shown_name(kind), 60)} {kind.count:,}</span>'
        for kind in kinds
    )
    return f'<p class="esnb-legend">{entries}</p>'


def shown_name(kind: EventKind) -> str:
    return visible(kind.name, 40)
