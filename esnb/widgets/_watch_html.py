"""Runners as an HTML table: no scripts, readable without styles."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.widgets._html import style, text
from esnb.widgets._watch_text import faults
from esnb.widgets._watching import Seen

_MARKS = {"running": "●", "rebuilding": "◐", "paused": "‖", "stopped": "■", "failed": "✕"}
"""Beside the word, so that a state is told by more than a colour."""


def saved(seen: Sequence[Seen], numbers: bool) -> str:
    """The table with its styles."""
    return f'<div class="esnb esnb-saved">{style("esnb.css", "watch.css")}\n{table(seen, numbers)}</div>'


def table(seen: Sequence[Seen], numbers: bool) -> str:
    """A row a runner; `numbers`: with positions and rates, which differ from run to run."""
    if not seen:
        return '<p class="esnb-note">no runners</p>'
    columns = ["runner", "state", "lag", *(["position", "head", "events/s"] if numbers else [])]
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    rows = "".join(_row(each, numbers, len(columns)) for each in seen)
    return (
        '<table class="esnb-runners"><caption>Runners</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(seen: Seen, numbers: bool, width: int) -> str:
    over = f" <small>over {text(seen.application, 60)}</small>" if seen.application else ""
    cells = [
        f'<th scope="row">{text(seen.name, 60)}{over}</th>',
        f'<td class="esnb-state esnb-{text_class(seen.state)}">{mark(seen.state)}</td>',
        f"<td>{seen.ago}{_age(seen) if numbers else ''}</td>",
    ]
    if numbers:
        cells += [
            f"<td>{'' if number is None else f'{number:,}'}</td>"
            for number in (seen.position, seen.head)
        ]
        cells.append(f"<td>{'' if seen.rate is None else f'{seen.rate:,.0f}'}</td>")
    wrong = "".join(
        f'<p class="esnb-message"><b>{what}</b> {text(value)}</p>' for what, value in faults(seen)
    )
    below = f'<tr><td colspan="{width}">{wrong}</td></tr>' if wrong else ""
    return f"<tr>{''.join(cells)}</tr>{below}"


def mark(state: str) -> str:
    """The state, with its sign."""
    return f"{_MARKS.get(state, '○')} {text(state, 20)}"


def text_class(state: str) -> str:
    """The state as a part of a class name."""
    return state if state.isalpha() else "unknown"


def _age(seen: Seen) -> str:
    if not seen.lag or seen.lag_seconds is None:
        return ""
    return f" <small>{seen.lag_seconds:,.1f} s</small>"
