"""A handler that fails on purpose."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any


class FailingHandler:
    """A handler that fails `times` times and then does as it should.

    For a `PersistentRunner`, a `Worker`, or whatever else calls a function and
    calls it again. It takes any arguments. Then `handle` is called with them, if
    there is one, and what it returns is returned. `calls` are the arguments of all
    calls, in order, the failed ones too; `failures` says how many have failed.
    `error` is raised: by default a RuntimeError that says which failure it is.

    >>> handler = FailingHandler(1, lambda event: f"handled {event}")
    >>> handler("Registered")
    Traceback (most recent call last):
    RuntimeError: failed on purpose, 1 of 1
    >>> handler("Registered")
    'handled Registered'
    >>> handler.calls, handler.failures
    ([('Registered',), ('Registered',)], 1)
    """

    def __init__(
        self,
        times: int,
        handle: Callable[..., Any] | None = None,
        *,
        error: BaseException | None = None,
    ) -> None:
        if isinstance(times, bool) or not isinstance(times, int) or times < 0:
            raise ValueError(f"times is {times!r}: pass how many calls fail, a whole number from 0")
        if handle is not None and not callable(handle):
            raise TypeError(f"handle is {handle!r}: pass a function, which is called in the end")
        self._times = times
        self._handle = handle
        self._error = error
        self._lock = Lock()
        self.calls: list[tuple[Any, ...]] = []

    @property
    def failures(self) -> int:
        return min(len(self.calls), self._times)

    def __call__(self, *arguments: Any) -> Any:
        with self._lock:
            self.calls.append(arguments)
            number = len(self.calls)
        if number <= self._times:
            raise self._error or RuntimeError(f"failed on purpose, {number} of {self._times}")
        return None if self._handle is None else self._handle(*arguments)
