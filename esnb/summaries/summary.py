"""A summary: a title, and a few short tables of names and values; as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from esnb.drawing import html
from esnb.drawing.html import heading, table, text, within_budget
from esnb.drawing.ids import short
from esnb.drawing.values import Limits, ValueTree, tree, visible

DETAIL: Final = (Limits(2000, 100, 6), Limits(200, 20, 3), Limits(60, 6, 1))
"""How much of a value is shown: less, where the page would be too large."""
_MOST = 40
"""Rows of one table."""
_WIDTH = 140


class Words(str):
    """A text of esnb's own, which stands without quotes."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A name and its value."""

    name: str
    value: Any
    event: str = ""
    """The event's own name, before the value."""
    stream: str = ""
    """The stream it belongs to, shown by the beginning of its id."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table."""

    name: str
    about: str
    rows: Sequence[SummaryRow]
    empty: str = ""
    """What is said where there are no rows; without it the table is left out."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What an object is, on one line, and what is in it."""

    name: str
    id: str
    count: str
    sections: Sequence[Section] = ()

    def title(self, id: str | None = None) -> str:
        """The object on one line, with its id or a shorter one."""
        named = " ".join(filter(None, [visible(self.name, 80), visible(id or self.id, 80)]))
        return ", ".join(filter(None, [named, self.count]))

    def as_text(self) -> str:
        return "\n".join(_cut(line) for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield self.title()
        for section in self._shown():
            yield section.name
            yield from (f"  {_line(row)}" for row in section.rows[:_MOST])
            if not section.rows:
                yield f"  {section.empty}"
            if len(section.rows) > _MOST:
                yield f"  … {len(section.rows) - _MOST:,} more"

    def as_html(self) -> str:
        """Without scripts; below 200 KB, with values cut shorter if need be."""
        return within_budget(self._page(limits) for limits in DETAIL)

    def _page(self, limits: Limits) -> str:
        tables = "\n".join(_table(section, limits) for section in self._shown())
        return html.saved(
            f"{heading(text(self.name, 80), self.id, escape(self.count))}\n{tables}",
            "summaries/summary.css",
        )

    def _shown(self) -> Iterator[Section]:
        return (section for section in self.sections if section.rows or section.empty)


def _line(row: SummaryRow) -> str:
    value = _tree(row.value, Limits(200, 50, 4)).line()
    said = "  ".join(filter(None, [visible(row.event, 80), value, short(visible(row.stream, 80))]))
    return f"{visible(row.name, 80)}: {said}" if row.name else said


def _table(section: Section, limits: Limits) -> str:
    has_events = any(row.event for row in section.rows)
    write, width = (_event_row, 4) if has_events else (_row, 2)
    rows = [write(row, limits) for row in section.rows[:_MOST]]
    if not rows:
        rows = [_remark(section.empty, width)]
    if len(section.rows) > _MOST:
        rows.append(_remark(f"… {len(section.rows) - _MOST:,} more", width))
    kind = "esnb-summary esnb-events" if has_events else "esnb-summary"
    return table(section.name, section.about, kind, "".join(rows))


def _remark(words: str, width: int) -> str:
    return f'<tr><td colspan="{width}"><em>{words}</em></td></tr>'


def _row(row: SummaryRow, limits: Limits) -> str:
    return f"<tr><th>{text(row.name, 80)}</th><td>{_value(row.value, limits)}</td></tr>"


def _event_row(row: SummaryRow, limits: Limits) -> str:
    event = f'<strong class="esnb-event">{text(row.event, 80)}</strong>'
    cells = (event, _value(row.value, limits), _stream(row.stream))
    return f"<tr><th>{text(row.name, 80)}</th><td>{'</td> <td>'.join(cells)}</td></tr>"


def _stream(name: str) -> str:
    """The beginning of its id; the whole name for those who point at it."""
    title = escape(visible(name, 200), quote=True)
    return f'<code class="esnb-id" title="{title}">{text(short(name), 80)}</code>'


def _value(value: Any, limits: Limits) -> str:
    if isinstance(value, Words):
        return text(value, 400)
    return html.value(_tree(value, limits))


def _tree(value: Any, limits: Limits) -> ValueTree:
    if isinstance(value, ValueTree):
        return value
    return ValueTree(visible(value, 400)) if isinstance(value, Words) else tree(value, limits)


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
