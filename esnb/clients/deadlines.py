"""How long a call may go unanswered before it is ended, so that another can be made.

A server may accept a call and never answer it, though it answers HTTP/2's
pings: of a cluster, a new leader whose services have not started yet. Where
neither the caller nor the connection string (`defaultDeadline`) sets a limit,
these are the limits.

A unary call has a deadline as a whole. Of a stream the first answer has one:
the confirmation of a subscription, the first event (or the end) of a read of
one stream or of the whole of `$all`. A read of `$all` with a filter has none: the
server may look through a long log for good reason before it finds something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

from esnb.threads.watchdog import Watchdog

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
        is_filtered = options.WhichOneof("filter_option") == "filter"
        return None if is_filtered else default or STREAMS_ANSWER
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
        _watchdog.add(self)
        try:
            return next(self._call)
        except Exception:
            if self._is_given_up:
                raise self._error() from None
            raise
        finally:
            self._is_waiting = False
            _watchdog.discard(self)

    def give_up(self) -> None:
        """Ends the call. Not for the main thread."""
        if self._is_waiting:
            self._is_given_up = True
            self._call.cancel()

    def cancel(self) -> Any:
        _watchdog.discard(self)
        return self._call.cancel()


def _give_up_late(call: FirstAnswer) -> None:
    if call.due <= monotonic():
        _watchdog.discard(call)
        call.give_up()


_watchdog = Watchdog("esnb-calls", _TICK, _give_up_late)
