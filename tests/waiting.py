"""Waiting in tests: for what comes to hold, and for a call that could hang."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 60.0
"""Seconds after which what should have happened counts as never happening."""


def until(
    holds: Callable[[], T],
    what: str = "",
    deadline: float = DEADLINE,
    *,
    despite: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Returns what `holds()` returns once it is true; fails after `deadline` seconds, naming `what`.

    An error that is one of `despite` says that it does not hold yet.
    """
    end = time.monotonic() + deadline
    found: object = None
    while True:
        try:
            if found := holds():
                return found
        except despite as error:
            found = error
        assert time.monotonic() < end, _never(what, deadline, found)
        time.sleep(0.02)


async def until_async(holds: Callable[[], T], what: str = "", deadline: float = DEADLINE) -> T:
    """`until` in a coroutine: the loop's other tasks go on meanwhile."""
    end = time.monotonic() + deadline
    while not (found := holds()):
        assert time.monotonic() < end, _never(what, deadline, found)
        await asyncio.sleep(0)
    return found


def _never(what: str, deadline: float, found: object) -> str:
    return f"{what or 'it'} did not come to hold within {deadline:g} s: {found!r}"


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
