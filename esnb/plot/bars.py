"""Stacked bars as a drawing, with a legend that has the counts."""

from __future__ import annotations

from itertools import pairwise

from esnb.drawing.chart.axes import across, room_for, up
from esnb.drawing.chart.scale import Scale
from esnb.drawing.chart.steps import short
from esnb.drawing.chart.svg import LETTER, Drawing, bars, fitting_ends, hint, text
from esnb.plot.buckets import Buckets, height_axis
from esnb.plot.kinds import FoldedKinds

WIDTH = 760
_TOP, _HEIGHT, _BELOW = 26, 170, 34
_LEGEND, _ROW = 230, 20
_MOST_WIDE = 36
"""Of one bar."""


def drawn(title: str, kinds: FoldedKinds, buckets: Buckets) -> Drawing:
    """The bars with their axes, and beside them the legend, in the order of the stack."""
    if not kinds.shown:
        return Drawing(WIDTH, 30, title, text(0, 20, "no events", "esnb-quiet"))
    heights = height_axis(buckets.highest)
    left = room_for([heights], 120)
    x = Scale(buckets.axis.low, buckets.axis.high, left, WIDTH - _LEGEND - 20)
    y = Scale(heights.low, heights.high, _TOP + _HEIGHT, _TOP)
    parts = [text(0, 12, buckets.width, "esnb-quiet"), up(heights, y, left, x.end, left - 12)]
    parts += _bars(kinds, buckets, x, y)
    parts += [across(buckets.axis, x, y.start, x.end), _legend(kinds), *_hints(kinds, buckets, x)]
    about = "; ".join(f"{kind.name}: {kind.events:,}" for kind in kinds.shown)
    return Drawing(WIDTH, _TOP + _HEIGHT + _BELOW, title, "\n".join(filter(None, parts)), about)


def _bars(kinds: FoldedKinds, buckets: Buckets, x: Scale, y: Scale) -> list[str]:
    """One path per kind: a line as wide as a bar, upwards, for each bar that has the kind."""
    places = [x.place(edge) for edge in buckets.edges]
    wide = min(later - place for place, later in pairwise(places))
    wide = min(max(wide * 0.86, 1), _MOST_WIDE)
    reached = [0] * len(buckets.counts)
    drawn = []
    for place, kind in enumerate(kinds.shown):
        path = []
        for bar, counts in enumerate(buckets.counts):
            if counts[place]:
                middle = (places[bar] + places[bar + 1]) / 2
                low, high = y.place(reached[bar]), y.place(reached[bar] + counts[place])
                path.append(f"M{short(middle)} {short(low)}V{short(min(high, low - 0.6))}")
                reached[bar] += counts[place]
        drawn.append(bars("".join(path), kind.look, wide))
    return drawn


def _legend(kinds: FoldedKinds) -> str:
    """Beside the bars, from the top of a stack down."""
    left, rows = WIDTH - _LEGEND, []
    for row, kind in enumerate(reversed(kinds.shown)):
        y = _TOP + 8 + row * _ROW
        count = f"{kind.events:,}"
        swatch = f"M{left + 6} {y + 6}V{y - 6}"
        name = fitting_ends(kind.name, _LEGEND - 30 - len(count) * LETTER)
        rows.append(
            f"<g>{bars(swatch, kind.look, 12)}"
            f"{text(left + 20, y + 4, name)}{text(WIDTH, y + 4, count, 'esnb-quiet', 'end')}"
            f"{hint(kind.name)}</g>"
        )
    return "\n".join(rows)


def _hints(kinds: FoldedKinds, buckets: Buckets, x: Scale) -> list[str]:
    """What a bar stands for, where it is pointed at."""
    found = []
    for bar, counts in enumerate(buckets.counts):
        if any(counts):
            start, end = x.place(buckets.edges[bar]), x.place(buckets.edges[bar + 1])
            inside = ", ".join(
                f"{kind.name} {count:,}"
                for kind, count in zip(kinds.shown, counts, strict=True)
                if count
            )
            found.append(
                f'<rect x="{short(start)}" y="{_TOP}" width="{short(end - start)}" '
                f'height="{_HEIGHT}" fill="none" pointer-events="all">'
                f"{hint(f'{buckets.name(bar)}: {inside}')}</rect>"
            )
    return found
