"""What the cells of one runner say, in a saved table and in the live panel alike."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.drawing.html import text
from esnb.widgets.watch.board import Past
from esnb.widgets.watch.sparkline import sparkline
from esnb.widgets.watch.status_row import StatusRow

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
_JOBS = ("queue", "worker")
"""What does jobs, not events."""


def who(row: StatusRow) -> str:
    """Its name, and below it what it is."""
    over = f"over {text(row.application, 60)}" if row.application else ""
    words = " ".join(part for part in (row.kind, over) if part)
    about = f" <small>{words}</small>" if words else ""
    return f"<strong>{text(row.name, 60)}</strong>{about}"


def state(row: StatusRow) -> str:
    """The state with its sign, which do not part at the end of a line."""
    return f"{_MARKS.get(row.state, '○')}&nbsp;{text(row.state, 20)}"


def state_class(row: StatusRow) -> str:
    """The names of its state's class."""
    word = row.state if row.state.isascii() and row.state.isalpha() else "unknown"
    return f"esnb-state esnb-state-{word.lower()}"


def lag(row: StatusRow, past: Past, numbers: bool) -> str:
    """How far it is behind; below that what needs attention, and how the lag was of late."""
    age = ""
    if numbers and row.lag and row.lag_seconds is not None:
        age = f" <small>{row.lag_seconds:,.1f}&nbsp;s</small>"
    troubles = " ".join(
        f'<strong class="esnb-trouble">{text(each, 60)}</strong>' for each in row.trouble_texts
    )
    course = _course(past.lags, past, "lag", ",") if numbers else ""
    return f'<span class="esnb-lag">{row.lag_text}</span>{age}{_line(troubles, course)}'


def rate(row: StatusRow, past: Past) -> str:
    """What it does in a second, and how that was of late."""
    unit = " jobs/s" if row.kind in _JOBS else ""
    now = "" if row.rate is None else f"{row.rate:,.1f}{unit}"
    return f"{now}{_line(_course(past.rates, past, 'rate', ',.1f'))}"


def position(row: StatusRow) -> str:
    """Where in the log it is, and where that ends: places, not numbers of events."""
    here = "" if row.position is None else f"{row.position}"
    end = "" if row.head is None else f"log ends at {row.head}"
    if row.head is not None and row.position is None:
        here = "none yet"
    elif row.head == row.position and row.head is not None:
        end = "the end of the log"
    below = "; ".join(filter(None, (end, counts(row))))
    return f"{here} <small>{below}</small>" if below else here


def counts(row: StatusRow) -> str:
    """Further numbers, by their names."""
    return ", ".join(
        f"{text(name.replace('_', ' '), 40)} {number:,}" for name, number in row.counts
    )


def _line(*parts: str) -> str:
    """A line of its own below the first."""
    found = " ".join(filter(None, parts))
    return f' <span class="esnb-below">{found}</span>' if found else ""


def _course(found: Sequence[float | None], past: Past, what: str, form: str) -> str:
    """The latest looks as a line, with its highest point and its length in words.

    Nothing where nothing has happened, or not for long enough.
    """
    known = [each for each in found if each is not None]
    if not any(known) or past.seconds < 1:
        return ""
    most, span = format(max(known), form), f"{past.seconds:,.0f}"
    drawn = sparkline(found, f"recent {what}: at most {most} in the last {span} s")
    return f"{drawn} <small>max&nbsp;{most} in&nbsp;{span}&nbsp;s</small>" if drawn else ""
