"""Runners as HTML: a table to be saved, a line each where they are live. No scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from esnb.drawing import html
from esnb.drawing.html import note, text, within_budget
from esnb.drawing.values import visible
from esnb.widgets.watch.board import Past
from esnb.widgets.watch.sparkline import sparkline
from esnb.widgets.watch.status_row import StatusRow
from esnb.widgets.watch.text import NOTHING, faults

_MARKS = {
    "running": "●",
    "Live": "●",
    "working": "●",
    "rebuilding": "◐",
    "retrying": "◐",
    "Behind": "◐",
    "paused": "‖",
    "stopped": "■",
    "failed": "✕",
}
"""Beside the word, so that a state is told by more than a colour."""
NONE = note(NOTHING)
_MOST = 200
"""Runners that a saved view shows."""
_LONGEST = 6_000
"""Characters of a traceback: of a longer one the end, which says most."""


def saved(rows: Sequence[StatusRow], numbers: bool) -> str:
    """The table with its styles, below 200 KB."""
    tables = (table(rows, numbers, *detail) for detail in ((_MOST, _LONGEST), (_MOST, 0), (20, 0)))
    return within_budget(html.saved(found, "widgets/watch/watch.css") for found in tables)


def table(
    rows: Sequence[StatusRow], numbers: bool, most: int = _MOST, longest: int = _LONGEST
) -> str:
    """One row per runner; `numbers`: with positions and rates, which differ from run to run."""
    if not rows:
        return NONE
    columns = ["runner", "state", "lag", *(["position", "head", "events/s"] if numbers else [])]
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    body = "".join(_row(each, numbers, len(columns), longest) for each in rows[:most])
    omission = ""
    if len(rows) > most:
        omission = note(f"showing {most:,} of {len(rows):,} runners")
    return (
        '<table class="esnb-runners"><caption>Runners</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{omission}"
    )


def line(row: StatusRow, past: Past, numbers: bool) -> str:
    """One runner on a line of cells, with the recent course of its lag and its rate."""
    cells = [
        f'<span class="esnb-who"><strong>{text(row.name, 60)}</strong>{_about(row)}</span>',
        f'<span class="esnb-state esnb-state-{text_class(row.state)}">{mark(row.state)}</span>',
        f"<span>{_lag(row)}{_troubles(row)}</span>",
    ]
    if numbers:
        cells[2] = f"<span>{_lag(row)}{_age(row)}{_troubles(row)}{_lags(past)}</span>"
        rate = "" if row.rate is None else f"{row.rate:,.1f}/s"
        cells += [
            f'<span>{rate}{_rates(past)}</span><span class="esnb-counts">{_counts(row)}</span>'
        ]
    return f'<div class="esnb-runner">{"".join(cells)}</div>'


def wrong(row: StatusRow, longest: int = _LONGEST) -> str:
    """What is wrong with a runner: the error, the event, the handler, the traceback."""
    said = "".join(
        f'<p class="esnb-message"><b>{what}</b> {text(value)}</p>' for what, value in faults(row)
    )
    if row.error and row.traceback and longest:
        lines = "\n".join(visible(each, 1000) for each in row.traceback.rstrip().split("\n"))
        cut = lines if len(lines) <= longest else f"…{lines[-longest:]}"
        said += (
            '<details class="esnb-traceback"><summary>Traceback</summary>'
            f"<pre><bdi>{escape(cut)}</bdi></pre></details>"
        )
    return said


def mark(state: str) -> str:
    """The state, with its sign."""
    return f"{_MARKS.get(state, '○')} {text(state, 20)}"


def text_class(state: str) -> str:
    """The state as a part of a class name."""
    return state.lower() if state.isascii() and state.isalpha() else "unknown"


def _row(row: StatusRow, numbers: bool, width: int, longest: int) -> str:
    cells = [
        f'<th scope="row">{text(row.name, 60)}{_about(row)}</th>',
        f'<td class="esnb-state esnb-state-{text_class(row.state)}">{mark(row.state)}</td>',
        f"<td>{_lag(row)}{_age(row) if numbers else ''}{_troubles(row)}</td>",
    ]
    if numbers:
        cells += [
            f"<td>{'' if number is None else f'{number:,}'}</td>"
            for number in (row.position, row.head)
        ]
        cells.append(f"<td>{'' if row.rate is None else f'{row.rate:,.0f}'}</td>")
    found = wrong(row, longest if numbers else 0)
    below = f'<tr><td colspan="{width}">{found}</td></tr>' if found else ""
    return f"<tr>{''.join(cells)}</tr>{below}"


def _about(row: StatusRow) -> str:
    over = f"over {text(row.application, 60)}" if row.application else ""
    words = " ".join(part for part in (row.kind, over) if part)
    return f" <small>{words}</small>" if words else ""


def _lag(row: StatusRow) -> str:
    return f'<span class="esnb-lag">{row.lag_text}</span>'


def _age(row: StatusRow) -> str:
    if not row.lag or row.lag_seconds is None:
        return ""
    return f" <small>{row.lag_seconds:,.1f} s</small>"


def _troubles(row: StatusRow) -> str:
    return "".join(
        f' <strong class="esnb-trouble">{number:,} {text(word, 40)}</strong>'
        for word, number in row.troubles
    )


def _counts(row: StatusRow) -> str:
    told = [f"{text(name.replace('_', ' '), 40)} {number:,}" for name, number in row.counts]
    if row.position is not None:
        of = "" if row.head is None or row.head < row.position else f" of {row.head:,}"
        told.insert(0, f"at {row.position:,}{of}")
    return ", ".join(told)


def _rates(past: Past) -> str:
    known = [rate for rate in past.rates if rate is not None]
    most = max(known, default=0.0)
    return sparkline(past.rates, f"recent rate: at most {most:,.1f} per second")


def _lags(past: Past) -> str:
    known = [lag for lag in past.lags if lag is not None]
    if not any(known):
        return ""
    return sparkline(past.lags, f"recent lag: at most {max(known):,} events")
