"""What time it is: the machine's, or one that moves on only when events are made.

For the times that esnb records and shows. How long to wait, and whether that is
over, is asked of `time.monotonic`, whatever this says.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class TickingClock:
    """Says the same time until it is told to tick; the first tick is the start."""

    def __init__(self, start: datetime, step: timedelta) -> None:
        self.start = start.astimezone(UTC)
        self._step = step
        self._ticks = 0
        self._lock = threading.Lock()

    @property
    def now(self) -> datetime:
        """The time of the last tick; before the first one the start."""
        return self.start + max(self._ticks - 1, 0) * self._step

    def tick(self) -> datetime:
        """Moves on by a step, and returns the time."""
        with self._lock:
            self._ticks += 1
            return self.now


_ticking: TickingClock | None = None


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC) if _ticking is None else _ticking.now


def ticking() -> TickingClock | None:
    """The clock by which time ticks; None where it passes."""
    return _ticking


@contextmanager
def go_by(clock: TickingClock) -> Iterator[None]:
    """Has time tick in this process, in all of its threads, until the end of the block."""
    global _ticking
    before, _ticking = _ticking, clock
    try:
        yield
    finally:
        _ticking = before
