"""Saying that something is still going on, while the main thread waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Concatenate, ParamSpec, TypeVar

from esnb.activity.line import Line, new_line
from esnb.activity.wanted import is_wanted
from esnb.threads.outside import begin, in_main_thread

DELAY = 1.0
"""Seconds that something may take before it is said what it is."""
INTERVAL = 0.5
"""Seconds between two looks at the clock."""
_PATIENCE = 5.0
"""Seconds that a line may take to vanish."""

P = ParamSpec("P")
R = TypeVar("R")
Self = TypeVar("Self")
Text = str | Callable[[], str]

_is_shown: ContextVar[bool] = ContextVar("is_shown", default=False)


@contextmanager
def sign_of_life(text: Text) -> Iterator[None]:
    """Shows `text` and the seconds, from the first second until the block ends; then nothing.

    Another thread shows it (and calls `text`, where that is a function), so the
    block may do whatever it likes. Within another block it does nothing; nor does
    it outside the main thread, at the end of the process, with `ESNB_PROGRESS=0`,
    or where nobody would see it.
    """
    if _is_shown.get() or not _is_useful():
        yield
        return
    sign = _Sign(text)
    token = _is_shown.set(True)
    try:
        begin(sign.show)
        yield
    finally:
        _is_shown.reset(token)
        sign.end()


def shown_while_waiting(
    method: Callable[Concatenate[Self, P], R],
) -> Callable[Concatenate[Self, P], R]:
    """Has a method show what it waits for: the object, by its repr."""

    @wraps(method)
    def shown(self: Self, /, *args: P.args, **options: P.kwargs) -> R:
        with sign_of_life(lambda: f"waiting for {self!r}"):
            return method(self, *args, **options)

    return shown


def _is_useful() -> bool:
    return in_main_thread() and threading.main_thread().is_alive() and is_wanted()


class _Sign:
    """What two threads tell each other: queues, since an interrupt may hit the one that waits."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._begun = monotonic()
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._gone: SimpleQueue[None] = SimpleQueue()
        self._permit: SimpleQueue[None] = SimpleQueue()
        self._permit.put(None)

    def show(self) -> None:
        """Until `end()` is called; in a thread of its own."""
        if _comes_within(DELAY, self._ended):
            return
        line = new_line()  # may import
        if line is not None and _comes_within(0, self._permit):
            try:
                self._show(line)
            finally:
                self._gone.put(None)

    def end(self) -> None:
        """Returns when nothing is shown any more, and nothing will be."""
        self._ended.put(None)
        if not _comes_within(0, self._permit):
            _comes_within(_PATIENCE, self._gone)
        self._text = ""  # the other thread may take a while to end: it keeps no runner alive

    def _show(self, line: Line) -> None:
        try:
            line.show(self._said())
            while not _comes_within(INTERVAL, self._ended):
                line.show(self._said())
        finally:
            line.vanish()

    def _said(self) -> str:
        text = self._text if isinstance(self._text, str) else self._text()
        return f"{text} … {monotonic() - self._begun:.0f} s"


def _comes_within(seconds: float, queue: SimpleQueue[None]) -> bool:
    with suppress(Empty):
        queue.get(timeout=seconds)
        return True
    return False
