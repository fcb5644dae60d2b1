"""A frame as HTML: a table that a reader of its bare text can read, too."""

from __future__ import annotations

from html import escape

from esnb.drawing.html import style
from esnb.tables import limits
from esnb.tables.columns import Column
from esnb.tables.excerpt import Excerpt

_LONG = 32
"""Characters from which a cell is cut where the page is too narrow."""


def html(excerpt: Excerpt) -> str:
    """The frame with its style sheet; no script, nothing to load, no blank line."""
    head = " ".join(_head(each) for each in excerpt.columns)
    rows = "\n".join(_rows(excerpt))
    return (
        f'<div class="esnb-frame tex2jax_ignore mathjax_ignore" tabindex="0" role="group" '
        f'aria-label="{escape(excerpt.about[0])}">{style("tables/table.css")}\n'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n"
        f"<p>{escape(excerpt.words())}</p>\n</div>"
    )


def _rows(excerpt: Excerpt) -> list[str]:
    rows = [
        f"<tr>{' '.join(_cell(each, row) for each in excerpt.columns)}</tr>"
        for row in range(len(excerpt.columns[0].cells))
    ]
    if excerpt.omitted:
        about = f'<td colspan="{len(excerpt.columns)}">{excerpt.cut}</td>'
        rows.insert(excerpt.head, f'<tr class="esnb-cut">{about}</tr>')
    return rows


def _head(column: Column) -> str:
    return f'<th scope="col"{_class(column)}>{escape(column.name)}</th>'


def _cell(column: Column, row: int) -> str:
    cell = column.cells[row]
    title = f' title="{escape(cell.whole)}"' if cell.whole else ""
    text = f"<bdi>{escape(cell.text)}</bdi>"
    if column.is_flexible and len(cell.text) > _LONG and limits.may_shrink():
        text = f'<div class="esnb-long">{text}</div>'
    return f"<td{_class(column)}{title}>{text}</td>"


def _class(column: Column) -> str:
    roles = [column.role] * (column.role != "text") + ["strong"] * column.is_strong
    return f' class="{" ".join(f"esnb-{role}" for role in roles)}"' if roles else ""
