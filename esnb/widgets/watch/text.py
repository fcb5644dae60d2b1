"""Runners as plain text, the same at every run: no positions, rates or times."""

from __future__ import annotations

from collections.abc import Sequence

from esnb.widgets.drawing.values import visible
from esnb.widgets.watch.seen import Seen

NOTHING = (
    "no runners: give watch() a runner that was started, or the stores that esnb.connect() gives, "
    "whose persistent subscriptions are shown as they come; queues= and projections= name others"
)


def table(seen: Sequence[Seen]) -> str:
    """A line a runner; below it, what is wrong."""
    if not seen:
        return NOTHING
    names = [_named(each) for each in seen]
    width = max(map(len, names))
    states = max(len(visible(each.state, 20)) for each in seen)
    lines = []
    for name, each in zip(names, seen, strict=True):
        troubles = "".join(f", {number:,} {visible(word, 40)}" for word, number in each.troubles)
        state = visible(each.state, 20)
        lines.append(f"{name:<{width}}  {state:<{states}}  {each.ago}{troubles}".rstrip())
        lines += [f"  {what}: {visible(value, 200)}" for what, value in faults(each)]
    return "\n".join(lines)


def _named(seen: Seen) -> str:
    kind = f" ({seen.kind})" if seen.kind else ""
    return f"{visible(seen.name, 60)}{kind}"


def _is_told(seen: Seen) -> bool:
    """Whether the event that is at fault is the one that was parked."""
    return bool(seen.event) and (seen.last_parked or "").startswith(seen.event or "")


def faults(seen: Seen) -> list[tuple[str, str]]:
    """What is wrong with a runner and what to do about it, by its names."""
    pairs = (
        ("error", seen.error),
        ("what to do", seen.advice),
        ("event", seen.event),
        ("handler", seen.handler),
        ("last parked", None if _is_told(seen) else seen.last_parked),
    )
    return [(what, value) for what, value in pairs if value]
