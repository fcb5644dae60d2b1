"""A frame as plain text, within the width that pandas has for it."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Sequence
from typing import NamedTuple
from unicodedata import combining, east_asian_width

from esnb.tables import limits
from esnb.tables.columns import Column
from esnb.tables.excerpt import Excerpt

_GAP = 2
_LEAST = 12
"""Characters below which no cell is cut."""


def text(excerpt: Excerpt) -> str:
    """The frame: a line for the names of the columns, one for each row, and what is said of it."""
    width = limits.width()
    fitted, widths = _fitted(excerpt, width)
    columns = list(zip(fitted.columns, widths, strict=True))
    lines = [_line([(each.name, each, size) for each, size in columns])]
    for row in range(len(fitted.columns[0].cells)):
        if excerpt.omitted and row == excerpt.head:
            lines.append(excerpt.cut)
        lines.append(_line([(each.cells[row].text, each, size) for each, size in columns]))
    if excerpt.omitted and excerpt.head == len(fitted.columns[0].cells):
        lines.append(excerpt.cut)
    return "\n".join([*lines, *textwrap.wrap(fitted.words(), width, break_on_hyphens=False)])


class _Size(NamedTuple):
    """The width that a column wants, and the least that it can do with."""

    wanted: int
    least: int


def _fitted(excerpt: Excerpt, width: int) -> tuple[Excerpt, list[int]]:
    """The excerpt with as many columns as fit, and their widths."""
    sizes = list(map(_size, excerpt.columns))
    kept = set(range(len(sizes)))
    for least_wanted in sorted(kept, key=lambda i: _rank(excerpt.columns[i], i)):
        if len(kept) == 1 or _room(width, kept) >= sum(sizes[i].least for i in kept):
            break
        kept.remove(least_wanted)
    left = [sizes[i] for i in sorted(kept)]
    return excerpt.keeping(kept), _shared(left, _room(width, kept))


def _room(width: int, columns: Collection[int]) -> int:
    return width - _GAP * (len(columns) - 1)


def _rank(column: Column, place: int) -> tuple[bool, bool, int]:
    """Which columns to do without first: the last of those that need not be there."""
    return column.is_strong, column.is_kept, -place


def _size(column: Column) -> _Size:
    wanted = max(map(_cells, [column.name, *(cell.text for cell in column.cells)]))
    return _Size(wanted, min(wanted, _LEAST) if column.is_flexible else wanted)


def _shared(sizes: Sequence[_Size], room: int) -> list[int]:
    """The room shared out: what is left goes where least is missing first."""
    widths = [size.least for size in sizes]
    for i in sorted(range(len(sizes)), key=lambda i: sizes[i].wanted - sizes[i].least):
        hungry = sum(width < size.wanted for width, size in zip(widths, sizes, strict=True))
        spare = max(room - sum(widths), 0)
        widths[i] += min(sizes[i].wanted - widths[i], spare // hungry if hungry else 0)
    return [min(width, room) for width in widths]


def _line(cells: Sequence[tuple[str, Column, int]]) -> str:
    placed = [_placed(text, size, column.is_number) for text, column, size in cells]
    return (" " * _GAP).join(placed).rstrip()


def _placed(text: str, width: int, right: bool) -> str:
    text = _cut(text, width)
    space = " " * (width - _cells(text))
    return space + text if right else text + space


def _cut(text: str, width: int) -> str:
    if _cells(text) <= width:
        return text
    while _cells(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def _cell(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
