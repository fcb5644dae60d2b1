"""Runners as plain text, the same on every run: no positions, rates or times."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.drawing.values import visible
from esnb.widgets.watch.status_row import StatusRow

NOTHING = (
    "no runners: pass watch() a runner that was started, or the Stores that esnb.connect() returns, "
    "whose persistent subscriptions are shown as they come; queues= and projections= name others"
)


_NONE_YET = (
    "no runners: there is nothing to watch yet. The server has no persistent subscriptions; one is "
    "shown as soon as it is made. Stores do not know of runners, outboxes and workers: pass these "
    "as well, watch(stores, runner); queues= and projections= name others"
)


def nothing(sources: int) -> str:
    """What is said where nothing is shown, of so many things that were passed."""
    return _NONE_YET if sources else NOTHING


def table(rows: Sequence[StatusRow], sources: int = 0) -> str:
    """One line per runner; below it, what is wrong."""
    if not rows:
        return nothing(sources)
    names = [_named(each) for each in rows]
    width = max(map(len, names))
    states = max(len(visible(each.state, 20)) for each in rows)
    lines = []
    for name, each in zip(names, rows, strict=True):
        troubles = "".join(f", {visible(words, 60)}" for words in each.trouble_texts)
        state = visible(each.state, 20)
        lines.append(f"{name:<{width}}  {state:<{states}}  {each.lag_text}{troubles}".rstrip())
        lines += [f"  {what}: {visible(value, 200)}" for what, value in faults(each)]
    return "\n".join(lines)


def _named(row: StatusRow) -> str:
    kind = f" ({row.kind})" if row.kind else ""
    return f"{visible(row.name, 60)}{kind}"


def _is_told(row: StatusRow) -> bool:
    """Whether the event that is at fault is the one that was parked."""
    return bool(row.event) and (row.last_parked or "").startswith(row.event or "")


def faults(row: StatusRow) -> list[tuple[str, str]]:
    """What is wrong with a runner and what to do about it, by its names."""
    event = row.event.removeprefix("event ") if row.event else None
    pairs = (
        ("error", row.error),
        ("what to do", row.advice),
        ("event", event),
        ("handler", row.handler),
        ("last parked", None if _is_told(row) else row.last_parked),
    )
    return [(what, value) for what, value in pairs if value]
