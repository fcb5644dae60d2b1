"""Runners as HTML: a table to be saved, a line each where they are live. No scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from esnb.drawing import html
from esnb.drawing.html import note, preformatted, text, within_budget
from esnb.drawing.values import visible
from esnb.widgets.watch import cells
from esnb.widgets.watch.board import Past
from esnb.widgets.watch.status_row import StatusRow
from esnb.widgets.watch.text import faults

HEADS = ("runner", "state", "lag", "events/s", "position in the log")
"""Of the columns; without numbers the first three."""
_MOST = 200
"""Runners that a saved view shows."""
_LONGEST = 6_000
"""Characters of a traceback: of a longer one the end, which says most."""

PastOf = Callable[[StatusRow], Past]


def saved(rows: Sequence[StatusRow], numbers: bool, nothing: str, past: PastOf) -> str:
    """The table with its styles, below 200 KB; of no runners `nothing` says why."""
    if not rows:
        return html.nothing(nothing)
    details = ((_MOST, _LONGEST, past), (_MOST, 0, _none), (20, 0, _none))
    tables = (table(rows, numbers, *detail) for detail in details)
    return within_budget(html.saved(found, "widgets/watch/watch.css") for found in tables)


def table(rows: Sequence[StatusRow], numbers: bool, most: int, longest: int, past: PastOf) -> str:
    """One row per runner; `numbers`: with positions and rates, which differ from run to run."""
    shown = _heads(numbers)
    head = "".join(f'<th scope="col">{each}</th>' for each in shown)
    body = "".join(_row(each, numbers, longest, past(each)) for each in rows[:most])
    omission = ""
    if len(rows) > most:
        omission = note(f"showing {most:,} of {len(rows):,} runners")
    return (
        '<table class="esnb-runners"><caption>Runners</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>{omission}"
    )


def heads(numbers: bool) -> str:
    """The heads of the columns, above the lines."""
    names = "".join(f"<span>{each}</span>" for each in _heads(numbers))
    return f'<div class="esnb-runner esnb-heads{_few(numbers)}">{names}</div>'


def line(row: StatusRow, past: Past, numbers: bool) -> str:
    """One runner on a line of cells, with the recent course of its lag and its rate."""
    found = "".join(
        f'<span class="{kind}"{_whole(kind, row)}>{cell}</span>'
        for kind, cell in _cells(row, past, numbers)
    )
    return f'<div class="esnb-runner{_few(numbers)}">{found}</div>'


def wrong(row: StatusRow, longest: int = _LONGEST) -> str:
    """What is wrong with a runner: the error, the event, the handler, the traceback."""
    said = "".join(
        f'<p class="esnb-message"><b>{what}</b> {text(value)}</p>' for what, value in faults(row)
    )
    return f"{said}{_folded_traceback(row, longest)}" if row.error else said


def wrong_in_short(row: StatusRow) -> str:
    """The same on one line, whatever it is; all of it when it is opened."""
    found = faults(row)
    if not found:
        return ""
    (what, value), *others = found
    advice = f" <span>{text(row.advice)}</span>" if row.error and row.advice else ""
    first = f'<p class="esnb-fault"><b>{what}</b> {text(value)}{advice}</p>'
    if not others and len(value) < 60:
        return first
    name = "Traceback" if row.error and row.traceback else "Details"
    more = "".join(f"<p><b>{each}</b> {text(said)}</p>" for each, said in found)
    return (
        f'{first}<details class="esnb-traceback"><summary>{name}</summary>'
        f'<div class="esnb-message">{more}</div>{_traceback(row, _LONGEST)}</details>'
    )


def _folded_traceback(row: StatusRow, longest: int) -> str:
    found = _traceback(row, longest)
    if not found:
        return ""
    return f'<details class="esnb-traceback"><summary>Traceback</summary>{found}</details>'


def _traceback(row: StatusRow, longest: int) -> str:
    if not row.error or not row.traceback or not longest:
        return ""
    lines = "\n".join(visible(each, 1000) for each in row.traceback.rstrip().split("\n"))
    return preformatted(lines if len(lines) <= longest else f"…{lines[-longest:]}")


def _row(row: StatusRow, numbers: bool, longest: int, past: Past) -> str:
    (_, who), *others = _cells(row, past, numbers)
    found = wrong(row, longest if numbers else 0)
    below = f'<tr><td colspan="{len(others) + 1}">{found}</td></tr>' if found else ""
    columns = "".join(f'<td class="{kind}">{cell}</td>' for kind, cell in others)
    return f'<tr><th scope="row">{who}</th>{columns}</tr>{below}\n'


def _cells(row: StatusRow, past: Past, numbers: bool) -> list[tuple[str, str]]:
    """The class and the content of each."""
    found = [
        ("esnb-who", cells.who(row)),
        (cells.state_class(row), cells.state(row)),
        ("esnb-behind", cells.lag(row, past, numbers)),
    ]
    if numbers:
        found += [("esnb-rate", cells.rate(row, past)), ("esnb-position", cells.position(row))]
    return found


def _whole(kind: str, row: StatusRow) -> str:
    """A cell's whole text, where the line may cut it short."""
    return f' title="{escape(visible(row.name, 200))}"' if kind == "esnb-who" else ""


def _heads(numbers: bool) -> tuple[str, ...]:
    return HEADS if numbers else HEADS[:3]


def _few(numbers: bool) -> str:
    return "" if numbers else " esnb-few"


def _none(row: StatusRow) -> Past:
    return Past()
