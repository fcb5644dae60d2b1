"""What every function of `esnb.plot` returns: a drawing, and the same as text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from esnb.drawing.chart.svg import Drawing
from esnb.drawing.html import as_text, heading, note, saved, text

_SHEET = "drawing/chart/chart.css"
_PAGE = (
    '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{}</title>\n{}\n</html>\n'
)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Picture:
    """A static drawing without scripts, which shows itself in a notebook.

    `str()` is the same as text, `svg` the drawing for a file of its own;
    `save()` writes it.
    """

    title: str
    id: str
    """Of what it shows, where that has one; else empty."""
    count: str
    """How much it shows, in words."""
    drawing: Drawing
    lines: Sequence[str]
    """The same as text."""
    notes: Sequence[str] = ()
    """What it does not show, in words."""

    @property
    def svg(self) -> str:
        """The drawing as a document of its own, light or dark as its reader's system is."""
        return self.drawing.file()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a file that ends in `.svg` or, with the text, in `.html`; returns its path.

        A file that is there is replaced. Raises ValueError for any other ending.
        """
        place = Path(path)
        match place.suffix.lower():
            case ".svg":
                written = f"{self.svg}\n"
            case ".html":
                written = _PAGE.format(escape(self.drawing.label), self._repr_html_())
            case _:
                raise ValueError(f"path={str(path)!r}: pass a path that ends in .svg or .html")
        place.write_text(written, "utf-8")
        return place

    def __str__(self) -> str:
        title = " ".join(filter(None, (self.title, self.id)))
        return "\n".join([f"{title}: {self.count}", *self.notes, *self.lines])

    def __repr__(self) -> str:
        return f"<Picture {self.title}: {self.count}>"

    def _repr_html_(self) -> str:
        title = heading(text(self.title), self.id, escape(self.count))
        parts = [
            title,
            f'<div class="esnb-drawing" tabindex="0">{self.drawing.inline()}</div>',
            *map(note, self.notes),
        ]
        if self.lines:
            parts.append(as_text("\n".join(self.lines)))
        return saved("\n".join(parts), _SHEET)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}
