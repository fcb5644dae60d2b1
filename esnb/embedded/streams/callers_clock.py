"""A clock that the server's callers set: for what is to be the same on every run."""

from __future__ import annotations

from datetime import datetime

_MICROSECOND = 10
"""In units of 100 ns."""


class CallersClock:
    """Says the latest time that a caller has told it, in units of 100 ns since 1970."""

    def __init__(self, start: datetime) -> None:
        self._now = _since_1970(start)

    def __call__(self) -> int:
        return self._now

    def reach(self, time: datetime) -> None:
        """Moves on to a time, never back."""
        self._now = max(self._now, _since_1970(time))


def _since_1970(time: datetime) -> int:
    # Not by timestamp(), whose float loses microseconds.
    since = time - datetime.fromtimestamp(0, tz=time.tzinfo)
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * _MICROSECOND
