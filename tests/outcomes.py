"""What a call comes to that is made by another thread, so that the test outlives one that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from tests.waiting import DEADLINE

T = TypeVar("T")


def begun(call: Callable[[], T]) -> Callable[[], T]:
    """Begins `call`; what is returned waits for its end, and returns or raises what it did."""
    future = _future_of(call)
    return lambda: _done(future).result()


def outcome(call: Callable[[], Any]) -> Any:
    """What `call` returns or raises."""
    future = _done(_future_of(call))
    return future.exception() or future.result()


def error_of(call: Callable[[], Any]) -> BaseException:
    """What `call` raises."""
    error = _done(_future_of(call)).exception()
    assert error is not None, "nothing was raised"
    return error


def _future_of(call: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001  handed to the test
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _done(future: Future[T]) -> Future[T]:
    assert wait([future], DEADLINE).done, f"the call has not ended within {DEADLINE:g} s"
    return future
