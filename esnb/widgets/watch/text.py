"""Runners as plain text, the same on every run: no positions, rates or times."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.drawing.values import visible
from esnb.widgets.watch.status_row import StatusRow

NOTHING = (
    "no runners: pass watch() a runner that was started, or the Stores that esnb.connect() returns, "
    "whose persistent subscriptions are shown as they come; queues= and projections= name others"
)


def table(rows: Sequence[StatusRow]) -> str:
    """One line per runner; below it, what is wrong."""
    if not rows:
        return NOTHING
    names = [_named(each) for each in rows]
    width = max(map(len, names))
    states = max(len(visible(each.state, 20)) for each in rows)
    lines = []
    for name, each in zip(names, rows, strict=True):
        troubles = "".join(f", {number:,} {visible(word, 40)}" for word, number in each.troubles)
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
    pairs = (
        ("error", row.error),
        ("what to do", row.advice),
        ("event", row.event),
        ("handler", row.handler),
        ("last parked", None if _is_told(row) else row.last_parked),
    )
    return [(what, value) for what, value in pairs if value]
