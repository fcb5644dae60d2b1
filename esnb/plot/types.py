"""How many events of each type there are, as bars."""

from __future__ import annotations

from typing import Any

from esnb.clients.uri import guarded_argument
from esnb.drawing.chart.scale import Scale
from esnb.drawing.chart.svg import Drawing, bars, fitting_ends, text
from esnb.drawing.values import counted
from esnb.plot.kinds import EventKind, FoldedKinds, folded
from esnb.plot.picture import Picture
from esnb.plot.tally import tally
from esnb.sources.moments import Moment
from esnb.sources.selection import Types, select
from esnb.sources.source import source_of

MOST = 20
"""Bars; what is rarer shares the last one."""
WIDTH, ROW = 760, 24
_NAMES, _COUNTS = 250, 120
_CELLS = 30


def types(
    source: Any,
    *,
    types: Types | None = None,
    exclude: Types | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    progress: bool | None = None,
) -> Picture:
    """How many events of each type there are: one bar per type, the most frequent first.

    `source` and the filters are those of `esnb.events`. With more than 20 types
    the rarer ones share the last bar, which says how many they are. A type has
    the colour that it has in every other picture of this process.

    Raises what `esnb.events` raises.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> dog.add_trick("fetch ball")
    >>> _ = app.save(dog)
    >>> print(esnb.plot.types(app))
    Event types: 3 events of 2 types
    Dog.TrickAdded  ██████████████████████████████ 2
    Dog.Registered  ███████████████                1
    """
    opened = source_of(guarded_argument(source))
    selection = select(types, exclude, since, until)
    found = tally(opened, selection, "type", progress, times=False)
    kinds = folded(found, "type", MOST, ids=True)
    count = f"{counted(len(found), 'event')} of {counted(len(found.names), 'type')}"
    return Picture(
        "Event types",
        "",
        count,
        _drawn(kinds, count),
        _written(kinds) or ["no events"],
    )


def _drawn(kinds: FoldedKinds, count: str) -> Drawing:
    top = max((kind.events for kind in kinds.shown), default=1)
    scale = Scale(0, top, _NAMES, WIDTH - _COUNTS)
    rows = [_bar(kind, 4 + place * ROW, scale) for place, kind in enumerate(kinds.shown)]
    body = "\n".join(rows) or text(0, 20, "no events", "esnb-quiet")
    about = "; ".join(f"{kind.name}: {kind.events:,}" for kind in kinds.shown)
    return Drawing(WIDTH, max(len(rows), 1) * ROW + 8, f"Event types: {count}", body, about)


def _bar(kind: EventKind, y: float, scale: Scale) -> str:
    end = max(scale.place(kind.events), scale.start + 1.5)
    middle = y + ROW / 2
    bar = bars(f"M{scale.start:g} {middle:g}H{end:.1f}", kind.look, ROW - 8)
    name = text(_NAMES - 10, middle + 4, fitting_ends(kind.name, _NAMES - 14), "", "end")
    return f"<g>{name}{bar}{text(end + 8, middle + 4, f'{kind.events:,}', 'esnb-quiet')}</g>"


def _written(kinds: FoldedKinds) -> list[str]:
    top = max((kind.events for kind in kinds.shown), default=1)
    names = [fitting_ends(kind.name, 40, 1) for kind in kinds.shown]
    width = max(map(len, names), default=0)
    return [
        f"{name:<{width}}  {'█' * max(1, round(kind.events / top * _CELLS)):<{_CELLS}} {kind.events:,}"
        for name, kind in zip(names, kinds.shown, strict=True)
    ]
