"""Bars of which each is divided by the shares of its colours, as inline SVG without text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from esnb.drawing.steps_svg import stretched

HEIGHT = 14
"""Pixels."""
_MOST_APART = 120
"""Bars between which there is room for a gap."""
_WIDE = 10
"""Of one bar, in units of the drawing."""


def shares_svg(bars: Sequence[Mapping[str, float]]) -> str:
    """One bar for each mapping, which says how much of it has a class; decoration only.

    What the shares of a bar lack to 1 stays empty.

    >>> shares_svg([{"esnb-k0": 1.0}, {"esnb-k0": 0.5, "esnb-k1": 0.5}]).count("<path")
    3
    """
    paths: dict[str, list[str]] = {}
    for place, shares in enumerate(bars):
        top = 0.0
        for kind, share in shares.items():
            size = HEIGHT * share
            path = f"M{place * _WIDE} {top:.4g}h{_WIDE}v{size:.4g}h-{_WIDE}z"
            paths.setdefault(kind, []).append(path)
            top += size
    body = "".join(f'<path class="{kind}" d="{"".join(each)}"/>' for kind, each in paths.items())
    if len(bars) <= _MOST_APART:
        lines = "".join(f"M{place * _WIDE} 0v{HEIGHT}" for place in range(1, len(bars)))
        body += f'<path class="esnb-bar-gap" vector-effect="non-scaling-stroke" d="{lines}"/>'
    return (
        f'<svg class="esnb-shares-svg" aria-hidden="true" width="100%" height="{HEIGHT}">'
        f"{stretched(0, HEIGHT, body, wide=_WIDE * len(bars))}</svg>"
    )
