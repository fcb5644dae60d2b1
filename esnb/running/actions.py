"""What a runner can be asked to do, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

Action = Literal["pause", "resume", "rebuild", "skip event", "replay parked", "retry dead"]

_RESTING = ("paused", "stopped", "failed")


def method(action: str) -> str:
    """The name of the runner's method that does it.

    >>> method("replay parked")
    'replay_parked'
    """
    return action.replace(" ", "_")


def possible(
    actions: Iterable[Action], state: str, troubles: Mapping[str, int], *, event: bool = False
) -> tuple[Action, ...]:
    """The `actions` that make sense in a state; `troubles` counts events that need attention.

    `event` is whether one event is at fault for what is wrong.

    >>> possible(("pause", "resume", "replay parked"), "running", {})
    ('pause',)
    >>> possible(("pause", "resume", "replay parked"), "failed", {"parked": 2})
    ('resume', 'replay parked')
    """
    makes_sense = {
        "pause": state not in _RESTING,
        "resume": state in _RESTING,
        "rebuild": state != "paused",
        "skip event": state == "failed" and event,
        "replay parked": "parked" in troubles,
        "retry dead": "dead" in troubles,
    }
    return tuple(action for action in actions if makes_sense[action])
