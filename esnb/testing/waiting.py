"""Waiting for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    holds: Callable[[], T],
    what: str = "",
    timeout: float = 60.0,
    *,
    despite: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Returns what `holds()` returns as soon as that is true, asking 50 times a second.

    An error that is one of `despite` says that it does not hold yet; any other
    is raised. Raises AssertionError after `timeout` seconds, with `what` it was
    about and what was found last.

    >>> from threading import Timer
    >>> seen = []
    >>> Timer(0.01, seen.append, ["here"]).start()
    >>> until(lambda: seen, "the timer")
    ['here']
    >>> until(lambda: len(seen) > 1, "a second one", timeout=0.01)
    Traceback (most recent call last):
    AssertionError: a second one did not come to hold within 0.01 s: False
    """
    end = time.monotonic() + timeout
    while True:
        try:
            found: object = holds()
        except despite as error:
            found = error
        else:
            if found:
                return found  # type: ignore[return-value]
        if time.monotonic() >= end:
            raise AssertionError(
                f"{what or 'it'} did not come to hold within {timeout:g} s: {found!r}"
            )
        time.sleep(0.02)
