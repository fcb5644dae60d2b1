"""Waiting in tests: for what comes to hold, and for a call that could hang."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from esnb.testing.waiting import until as until

T = TypeVar("T")

DEADLINE = 60.0
"""Seconds after which what should have happened counts as never happening."""


async def until_async(holds: Callable[[], T], what: str = "", deadline: float = DEADLINE) -> T:
    """`until` in a coroutine: the loop's other tasks go on meanwhile."""
    end = time.monotonic() + deadline
    while not (found := holds()):
        assert time.monotonic() < end, f"{what or 'it'} did not come to hold: {found!r}"
        await asyncio.sleep(0)
    return found


@contextmanager
def alarm(what: str, deadline: float = DEADLINE) -> Iterator[None]:
    """Ends a block of the main thread that hangs, with a failure that says `what` it means."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"{what}: for {deadline:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
