"""A row of numbers as a small drawing: inline SVG, no scripts, with its meaning in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite

WIDTH, HEIGHT = 56, 18


def sparkline(numbers: Sequence[float | None], label: str) -> str:
    """A line over the numbers, the newest at the right; None leaves a gap.

    `label` is what a screen reader says. Empty with fewer than two numbers;
    infinities and NaN are none.

    >>> sparkline([0, None], "rate")
    ''
    >>> sparkline([0, 4], "rate").count("<polyline")
    1
    """
    numbers = list(map(_finite, numbers))
    known = [number for number in numbers if number is not None]
    if len(known) < 2:
        return ""
    top = max(known) or 1.0
    step = (WIDTH - 2) / (len(numbers) - 1)
    lines: list[list[str]] = [[]]
    for place, number in enumerate(numbers):
        if number is None:
            lines.append([])
        else:
            height = (HEIGHT - 4) * min(max(number / top, 0.0), 1.0)
            lines[-1].append(f"{1 + place * step:.1f},{HEIGHT - 2 - height:.1f}")
    drawn = "".join(
        f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" '
        'stroke-width="1.5" stroke-linejoin="round"/>'
        for points in lines
        if len(points) > 1
    )
    return (
        f'<svg class="esnb-spark" role="img" aria-label="{escape(label)}" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">{drawn}</svg>'
    )


def _finite(number: float | None) -> float | None:
    return None if isinstance(number, float) and not isfinite(number) else number
