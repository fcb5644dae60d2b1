"""How much of the processor's time a search may take, so that others are served meanwhile."""

from __future__ import annotations

_MOST_SECONDS = 0.1
_SECONDS_A_NAME = 0.0002
"""What it gains with each name that it judges: one that is a little slow must not add up."""


class Allowance:
    """Seconds of processor time that are `left`; some at first, and more with each name."""

    def __init__(self) -> None:
        self.left = _MOST_SECONDS

    def spend(self, seconds: float) -> bool:
        """Take them for one name. Whether there were so many."""
        enough = seconds <= self.left
        left = max(self.left - seconds, 0) + _SECONDS_A_NAME
        self.left = min(left, _MOST_SECONDS)
        return enough
