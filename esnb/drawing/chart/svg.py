"""Parts of an inline SVG: no scripts, no ids, colours by class with a fallback."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from esnb.drawing.chart.palette import Look
from esnb.drawing.chart.steps import short
from esnb.drawing.html import style
from esnb.drawing.values import visible

LETTER = 7.4
"""Width of a character, in the units of a drawing: somewhat more than most take."""
_MARGIN = 20
"""Around a drawing in a file of its own."""
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


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of a size, in its own units; `label` is its title."""

    width: float
    height: float
    label: str
    body: str
    about: str = ""
    """What it shows, for who cannot see it."""

    def inline(self) -> str:
        """For a page that has the style sheets, and a heading."""
        return self._written("esnb-chart", (0, 0, self.width, self.height), "")

    def file(self) -> str:
        """For a file of its own: with the sheets, a background, a margin and the title."""
        sheets = style("drawing/chart/chart.css", "drawing/chart/file.css")
        title = text(0, -18, fitting(self.label, self.width), "esnb-name")
        box = (-_MARGIN, -44, self.width + 2 * _MARGIN, self.height + 44 + _MARGIN)
        return self._written("esnb esnb-chart esnb-file", box, f"\n{sheets}\n{title}")

    def _written(self, css: str, box: tuple[float, float, float, float], more: str) -> str:
        described = f"<desc>{_inside(self.about, 2000)}</desc>" if self.about else ""
        left, top, width, height = map(short, box)
        label = _inside(self.label)
        return (
            f'<svg class="{css}" xmlns="http://www.w3.org/2000/svg" role="img" '
            f'aria-label="{label}" width="{width}" height="{height}" '
            f'viewBox="{left} {top} {width} {height}" font-family="system-ui, sans-serif" '
            f'font-size="12" fill="currentColor">\n'
            f"<title>{label}</title>{described}{more}\n{self.body}\n</svg>"
        )


def text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    """Words at a place, escaped; their direction does not spread to what is around them."""
    kind = f' class="{css}"' if css else ""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{short(x)}" y="{short(y)}"{kind}{at}>{_inside(words)}</text>'


def fitting(words: str, room: float, letter: float = LETTER) -> str:
    """The words, as far as they fit: cut with an ellipsis.

    >>> fitting("PriceUpdated", 200), fitting("PriceUpdated", 50)
    ('PriceUpdated', 'Price…')
    """
    cut, most = visible(words, 400), max(int(room / letter), 1)
    return cut if len(cut) <= most else cut[: most - 1].rstrip() + "…"


def fitting_ends(words: str, room: float, letter: float = LETTER) -> str:
    """The same, cut in the middle: names often differ at their ends.

    >>> fitting_ends("Shop.Product.PriceUpdated", 100)
    'Shop.P…pdated'
    """
    cut, most = visible(words, 400), max(int(room / letter), 3)
    half = most // 2
    return cut if len(cut) <= most else f"{cut[: most - half - 1]}…{cut[-half:]}"


def point(look: Look, x: float, y: float, title: str = "") -> str:
    """A point in the colour and shape of its kind; `title` shows when it is pointed at."""
    shape = _SHAPES[look.shape % len(_SHAPES)].format(x=short(x), y=short(y))
    about = hint(title)
    return f'<path class="esnb-point {look.css}" fill="{look.colour}" d="{shape}">{about}</path>'


def hint(words: str) -> str:
    """Inside an element: what shows when it is pointed at."""
    return f"<title>{_inside(words)}</title>" if words else ""


def stroke(path: str, css: str, width: float, colour: str = "currentColor") -> str:
    """A line along a path."""
    return _stroke(path, css, width, colour, "")


def grid_line(path: str) -> str:
    """A line behind the others, as faint without a style sheet as with it."""
    return _stroke(path, "esnb-axis", 1, "currentColor", ' stroke-opacity=".25"')


def bars(path: str, look: Look, width: float) -> str:
    """A row of bars: a line along a path that is as wide as they are, with the gaps of its kind."""
    css = f"esnb-bars {look.css}"
    if not look.dashes:
        return _stroke(path, css, width, look.colour, "")
    pale = _stroke(path, css, width, look.colour, ' stroke-opacity=".55"')
    return pale + _stroke(path, css, width, look.colour, f' stroke-dasharray="{look.dashes}"')


def _stroke(path: str, css: str, width: float, colour: str, more: str) -> str:
    return (
        f'<path class="{css}" fill="none" stroke="{colour}" stroke-width="{short(width)}"{more} '
        f'd="{path}"/>'
    )


def _inside(words: str, most: int = 400) -> str:
    return escape(visible(words, most))
