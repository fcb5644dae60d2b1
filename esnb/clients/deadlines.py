"""How long a call may go unanswered before it is ended, so that another can be made.

A server may accept a call and never answer it, though it answers HTTP/2's
pings: of a cluster, a new leader whose services have not started yet. Where
neither the caller nor the connection string (`defaultDeadline`) sets a limit,
these are the limits.

A unary call has a deadline as a whole. Of a stream the first answer has one:
the confirmation of a subscription, the first event (or the end) of a read of
one stream. A read of `$all` has none: the server may look through a long log
for good reason before it finds something.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

ANSWER = 10.0
"""Seconds for the answer of a unary call, and for a subscription's confirmation."""
STREAMS_ANSWER = 30.0
"""Seconds for what writes to streams, and for the first event of a read of one."""

_STREAMS = ".Streams/"
_TICK = 0.25
"""Seconds between two looks at the calls under way."""


def of_unary(method: str, default: float | None) -> float:
    """The seconds that a unary call has; `default` is the connection string's."""
    if default is not None:
        return default
    return STREAMS_ANSWER if _STREAMS in method else ANSWER


def of_first_answer(method: str, request: Any, default: float | None) -> float | None:
    """The seconds that a stream's first answer has; None: no limit."""
    options: Any = getattr(request, "options", None)
    is_read = method.endswith(f"{_STREAMS}Read") and options is not None
    if is_read and options.WhichOneof("count_option") != "subscription":
        is_of_all = options.WhichOneof("stream_option") == "all"
        return None if is_of_all else default or STREAMS_ANSWER
    if _STREAMS in method and not is_read:  # an append
        return default or STREAMS_ANSWER
    return default or ANSWER


class FirstAnswer:
    """A streaming call that is cancelled when its first answer does not come in time.

    The time begins when somebody waits for it: a read may lie about. Then raises
    `error()` instead of what gRPC says of a call that was cancelled.
    """

    def __init__(self, call: Any, seconds: float, error: Callable[[], Exception]) -> None:
        self._call = call
        self._error = error
        self._is_given_up = False
        self._is_waiting = True
        self._seconds = seconds
        self.due = 0.0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if not self._is_waiting:
            return next(self._call)
        self.due = monotonic() + self._seconds
        _watch.add(self)
        try:
            return next(self._call)
        except Exception:
            if self._is_given_up:
                raise self._error() from None
            raise
        finally:
            self._is_waiting = False
            _watch.discard(self)

    def give_up(self) -> None:
        """Ends the call. Not for the main thread."""
        if self._is_waiting:
            self._is_given_up = True
            self._call.cancel()

    def cancel(self) -> Any:
        _watch.discard(self)
        return self._call.cancel()


class _Watch:
    """One thread for all calls of the process; it ends when there are none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: set[FirstAnswer] = set()
        self._thread: threading.Thread | None = None

    def add(self, call: FirstAnswer) -> None:
        with self._lock:
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="esnb-calls", daemon=True)
                self._thread.start()

    def discard(self, call: FirstAnswer) -> None:
        with self._lock:
            self._calls.discard(call)

    def _run(self) -> None:
        pause = threading.Event()  # never set: a sleep that ends with the interpreter
        while not pause.wait(_TICK):
            with self._lock:
                if not self._calls:
                    self._thread = None
                    return
                now = monotonic()
                due = [call for call in self._calls if call.due <= now]
                self._calls.difference_update(due)
            for call in due:
                call.give_up()


_watch = _Watch()


def _renew() -> None:
    """A forked child has neither the thread nor the calls."""
    global _watch
    _watch = _Watch()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
