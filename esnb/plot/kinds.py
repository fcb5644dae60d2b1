"""Kinds of events as a picture shows them: the most frequent by name, the rest together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from esnb.drawing.chart.palette import REST, Look, look_of, numbered
from esnb.drawing.ids import id_numbers, short
from esnb.drawing.values import counted, visible
from esnb.plot.tally import By, Tally


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind, or the rest of them: its name, its look and how many events it has."""

    name: str
    look: Look
    events: int


@dataclass(frozen=True, slots=True)
class FoldedKinds:
    """The kinds of a picture, most frequent first, and where each of all kinds is among them."""

    shown: Sequence[EventKind]
    places: Sequence[int]
    """For each name of the tally the place of its kind in `shown`."""
    folded: int
    """How many kinds share the last place."""


def folded(found: Tally, by: By, most: int, ids: bool) -> FoldedKinds:
    """At most `most` kinds; where there are more, the last one is the rest."""
    counts = found.counts()
    often = sorted(range(len(counts)), key=lambda kind: (-counts[kind], kind))
    kept = often if len(often) <= most else often[: most - 1]
    looks = {kind: look_of(found.own_names[kind]) for kind in sorted(kept)} if by == "type" else {}
    name = naming(by, ids)
    shown = [
        EventKind(name(found.names[kind]), looks.get(kind) or numbered(place), counts[kind])
        for place, kind in enumerate(kept)
    ]
    rest = len(often) - len(kept)
    if rest:
        events = sum(counts[kind] for kind in often[len(kept) :])
        shown.append(EventKind(f"other ({counted(rest, *WORDS[by])})", REST, events))
    places = {kind: place for place, kind in enumerate(kept)}
    return FoldedKinds(shown, [places.get(kind, len(kept)) for kind in range(len(counts))], rest)


WORDS: dict[By, tuple[str, str]] = {
    "type": ("type", "types"),
    "stream": ("stream", "streams"),
    "category": ("category", "categories"),
}


def naming(by: By, ids: bool) -> Callable[[str], str]:
    """How names are shown: ids cut short, or numbered."""
    number = short if ids else id_numbers()
    return lambda name: visible(name if by == "type" else number(name), 120)
