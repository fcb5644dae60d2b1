"""The events of a source over time, as stacked bars."""

from __future__ import annotations

from typing import Any

from esnb.clients.uri import guarded_argument
from esnb.drawing.chart.svg import fitting_ends
from esnb.drawing.values import counted
from esnb.plot.bars import drawn
from esnb.plot.buckets import Buckets, by_order, by_time
from esnb.plot.kinds import WORDS, FoldedKinds, folded
from esnb.plot.picture import Picture
from esnb.plot.sparks import sparks
from esnb.plot.tally import NOWHEN, By, tally
from esnb.sources.moments import Moment
from esnb.sources.selection import Types, select
from esnb.sources.source import source_of

MOST = 8
"""Kinds that are told apart; what is rarer is drawn together."""
_BARS_OF_TEXT = 40


def events(
    source: Any,
    by: By = "type",
    *,
    types: Types | None = None,
    exclude: Types | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    times: bool = True,
    ids: bool = True,
    progress: bool | None = None,
) -> Picture:
    """The events of a source over time: bars, in which each kind has its colour.

    `source` and the filters are those of `esnb.events`. A bar stands for a round
    length of time, of which there are at most 80; times are UTC. `by` is what the
    kinds are: "type", "stream" or "category" (as in `esnb.streams`). The seven
    most frequent are told apart if there are more than eight; the rest is drawn
    together, and says how many they are. A type has the colour that it has in
    every other picture of this process.

    `times=False` draws the events in their order instead, with equally many in
    each bar, and `ids=False` writes `id-1`, `id-2` and so on for UUIDs: for
    documentation that is run again and compared.

    The whole sequence is read once, and of each event only its kind and its time
    are kept: about 12 bytes. Raises ValueError for any other `by`, and what
    `esnb.events` raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> dog.add_trick("fetch ball")
    >>> _ = app.save(dog)
    >>> print(esnb.plot.events(app, times=False))
    Events in order by type: 3 events of 2 types
    Dog.TrickAdded   ██  2
    Dog.Registered  █    1
    """
    opened = source_of(guarded_argument(source))
    found = tally(opened, select(types, exclude, since, until), by, progress, times=times)
    kinds = folded(found, by, MOST, ids)
    is_of_time = times and any(time != NOWHEN for time in found.times)
    title = f"Events {'over time' if is_of_time else 'in order'} by {by}"
    count = f"{counted(len(found), 'event')} of {counted(len(found.names), *WORDS[by])}"
    if is_of_time:
        buckets = by_time(found, kinds.places, len(kinds.shown))
        count += f", {buckets.span}"
    else:
        buckets = by_order(found, kinds.places, len(kinds.shown))
    drawing = drawn(f"{title}: {count}", kinds, buckets)
    return Picture(title, "", count, drawing, _written(kinds, buckets), _notes(buckets))


def _notes(buckets: Buckets) -> list[str]:
    if not buckets.undrawn:
        return []
    are = "is" if buckets.undrawn == 1 else "are"
    words = f"{counted(buckets.undrawn, 'event')} without a time {are} not drawn"
    return [f"{words}: times=False draws all in their order"]


def _written(kinds: FoldedKinds, buckets: Buckets) -> list[str]:
    names = [fitting_ends(kind.name, 40, 1) for kind in kinds.shown]
    width = max(map(len, names), default=0)
    rows = [_row([bar[place] for bar in buckets.counts]) for place in range(len(names))]
    return [
        f"{name:<{width}}  {row}  {kind.events:,}"
        for name, row, kind in zip(names, rows, kinds.shown, strict=True)
    ] or ["no events"]


def _row(counts: list[int]) -> str:
    """Bars in characters, each of as many bars as fit."""
    size = -(-len(counts) // _BARS_OF_TEXT)
    return sparks([sum(counts[at : at + size]) for at in range(0, len(counts), size)])
