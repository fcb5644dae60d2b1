"""How the consumers of a group are doing, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from esnb.clients.position import parse_position
from esnb.running.actions import Action
from esnb.running.progress import Progress
from esnb.running.status import CommonStatus, RunState

_WORST_FIRST: Sequence[RunState] = (
    "failed",
    "retrying",
    "starting",
    "running",
    "paused",
    "stopped",
)


@dataclass(frozen=True)
class PersistentStatus(CommonStatus):
    """The consumers of one runner, and their group, at one moment.

    Counts are of this runner since `start()`, but `waiting` and
    `parked_in_group`, which are the server's and of the whole group.
    """

    _counted = ("waiting", "handled", "failed", "restarts")
    _troubling: ClassVar[Mapping[str, str]] = {"parked": "parked_in_group"}

    name: str
    """The group's."""
    application: str
    """The application or stream that it is over, `$all` for all streams."""
    state: RunState
    """The worst of its consumers' states."""
    workers: int
    position: int | None
    """The highest commit position that this runner has handled."""
    head: int | None
    """Unknown: the server does not tell."""
    lag: int | None
    """0 when all events that are recorded are acknowledged or parked; else None,
    since the server only counts those that it has read (`waiting`). Of a group on
    `$all`: when the server says so, which passes over what it has lost."""
    lag_seconds: float | None
    """0.0 when `lag` is 0, else None."""
    waiting: int | None
    """Events that the server has read for the group, and that nobody has
    acknowledged; None while the server is away."""
    rate_per_s: float
    handled: int
    repeated: int
    """Delivered again though they were handled: acknowledged without the handler."""
    failed: int
    """How often a handler raised."""
    parked: int
    last_parked: str | None
    """The event that this runner has parked last, and why, until `replay_parked()`."""
    parked_in_group: int | None
    gone: int
    """Links whose target no longer exists: acknowledged."""
    restarts: int
    error: str | None
    event: str | None
    handler: str | None
    traceback: str | None
    waits_for: str | None = None
    """What a consumer that is not connected waits for."""
    warning: str | None = None
    """Of a group on `$all` that an earlier version made for an application: what
    that means, and how it is changed."""
    known_since: datetime | None = None
    """When a server that is away answered last (UTC); None while it answers, and
    for one that never has."""
    kind: str = "consumers"
    all_actions: tuple[Action, ...] = ("pause", "resume", "replay parked")


def worst(progresses: Sequence[Progress]) -> RunState:
    """The state that deserves most attention."""
    states = {progress.state for progress in progresses}
    return next((state for state in _WORST_FIRST if state in states), "stopped")


def waiting(info: object) -> int:
    """Events that a group's `SubscriptionInfo` counts and that are not acknowledged.

    Its live buffer is none of them: it keeps recent events that are done with, too.
    """
    return sum(
        max(0, getattr(info, name))
        for name in ("read_buffer_count", "retry_buffer_count", "total_in_flight_messages")
    )


def is_caught_up(info: object) -> bool:
    """Whether a group has read all there is, and holds nothing of it."""
    return str(getattr(info, "status", "")) == "Live" and waiting(info) == 0


def is_past(info: object, end: int) -> bool:
    """Whether a group has read the event at `end`, and nobody has it or an earlier one to do.

    `end` is a commit position or, of a stream's group, a revision.
    """
    checkpoint = parse_position(getattr(info, "last_checkpointed_event_position", ""))
    if checkpoint is not None and checkpoint >= end:
        return True
    known = parse_position(getattr(info, "last_known_event_position", ""))
    return known is not None and known >= end and is_caught_up(info)
