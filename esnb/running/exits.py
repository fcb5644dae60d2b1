"""Exceptions that would end a thread, raised by a function that runs in one of esnb's own.

`sys.exit()` in a handler, an interrupt or a cancellation of its own are meant
for the function, and for nobody else: in such a thread they count as errors of
the function. In the main thread they keep their meaning.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent import futures
from typing import ParamSpec, TypeVar

from esnb.clients.uri import masked_error

P = ParamSpec("P")
R = TypeVar("R")


class ExitError(RuntimeError):
    """A function raised what would have ended its thread; the cause is what it raised."""


def contained(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `function` returns. Raises ExitError for what would end a thread of esnb's."""
    try:
        return function(*args, **kwargs)
    except BaseException as error:
        if _is_error(error) or threading.current_thread() is threading.main_thread():
            raise
        raise as_error(error) from error


async def awaited(function: Awaitable[R]) -> R:
    """As `contained`, of an async function; who cancels its task still does."""
    task = asyncio.current_task()
    try:
        return await function
    except BaseException as error:
        if _is_error(error) or (_is_cancellation(error) and task and task.cancelling()):
            raise
        raise as_error(error) from error


def as_error(error: BaseException) -> Exception:
    """`error`, if callers can be given it as an error; else an ExitError caused by it."""
    if isinstance(error, Exception) and _is_error(error):
        return error
    found = ExitError(
        f"{masked_error(error)} was raised in a thread, where it counts as an error: raise another "
        "exception, or return"
    )
    found.__cause__ = error
    return found


def _is_error(error: BaseException) -> bool:
    """Whether it is an error to those who call or wait, and no sign of something else.

    Futures and generators take two kinds of Exception for signs of their own.
    """
    return isinstance(error, Exception) and not isinstance(
        error, StopIteration | futures.CancelledError
    )


def _is_cancellation(error: BaseException) -> bool:
    return isinstance(error, asyncio.CancelledError | GeneratorExit)
