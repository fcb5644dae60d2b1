"""Parts of an inline SVG: no scripts, no ids, colours by class with a fallback."""

from __future__ import annotations

from html import escape

from esnb.drawing.chart.palette import Look
from esnb.drawing.chart.steps import short
from esnb.drawing.values import visible

LETTER = 6.8
"""Width of a character, in the units of a drawing: somewhat more than most take."""
_SHAPES = (
    "M{x} {y}m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z",
    "M{x} {y}m-4 -4h8v8h-8Z",
    "M{x} {y}m0 -5.6l5.6 5.6l-5.6 5.6l-5.6 -5.6Z",
    "M{x} {y}m0 -5.4l5.4 9.4h-10.8Z",
    "M{x} {y}m0 5.4l5.4 -9.4h-10.8Z",
    "M{x} {y}m-1.7 -5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3Z",
    "M{x} {y}m-5 -2.6h10v5.2h-10Z",
    "M{x} {y}m-2.6 -5h5.2v10h-5.2Z",
)
"""A point's outline at a place; beside its colour, so that types differ by more than that."""


def svg(width: float, height: float, label: str, body: str, about: str = "") -> str:
    """A drawing; `label` is its title, `about` what it shows, for who cannot see it."""
    described = f"<desc>{escape(visible(about, 2000))}</desc>" if about else ""
    size = f"{short(width)} {short(height)}"
    return (
        f'<svg class="esnb-chart" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(visible(label, 400))}" width="{short(width)}" '
        f'height="{short(height)}" viewBox="0 0 {size}" '
        'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">\n'
        f"<title>{escape(visible(label, 400))}</title>{described}\n{body}\n</svg>"
    )


def text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    """Words at a place, escaped; their direction does not spread to what is around them."""
    kind = f' class="{css}"' if css else ""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{short(x)}" y="{short(y)}"{kind}{at}>{escape(visible(words, 400))}</text>'


def fitting(words: str, room: float, letter: float = LETTER) -> str:
    """The words, as far as they fit: cut with an ellipsis.

    >>> fitting("PriceUpdated", 200), fitting("PriceUpdated", 50)
    ('PriceUpdated', 'PriceU…')
    """
    cut, most = visible(words, 400), max(int(room / letter), 1)
    return cut if len(cut) <= most else cut[: most - 1].rstrip() + "…"


def point(look: Look, x: float, y: float, title: str = "") -> str:
    """A point in the colour and shape of its kind; `title` shows when it is pointed at."""
    shape = _SHAPES[look.shape % len(_SHAPES)].format(x=short(x), y=short(y))
    about = f"<title>{escape(visible(title, 400))}</title>" if title else ""
    return f'<path class="esnb-point {look.css}" fill="{look.colour}" d="{shape}">{about}</path>'


def stroke(
    path: str, css: str, width: float, colour: str = "currentColor", dashes: str = ""
) -> str:
    """A line, or with a large `width` a row of bars, along a path."""
    gaps = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path class="{css}" fill="none" stroke="{colour}" stroke-width="{short(width)}"{gaps} '
        f'd="{path}"/>'
    )
