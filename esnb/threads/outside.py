"""Work done outside the main thread, where no KeyboardInterrupt can cut it in two.

Python raises KeyboardInterrupt in the main thread, between any two steps of
whatever runs there. In gRPC's Python code one such moment comes right after a
lock was taken and before the block that releases it: the lock is then held
forever, and everything else in the process that uses the channel waits for
it. So the main thread only waits, on a queue whose `get` is one step of C.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

LOOK = 0.5
"""Seconds after which a wait looks whether there was an interrupt."""

Answers = SimpleQueue[tuple[Any, BaseException | None]]
Inbox = SimpleQueue[Callable[[], object]]


def in_main_thread() -> bool:
    """Whether a KeyboardInterrupt may be raised here."""
    return threading.get_ident() == threading.main_thread().ident


def outside(work: Callable[[], T]) -> T:
    """What `work` returns or raises.

    Called in the main thread, another one does the work, and goes on with it
    when the wait for it is interrupted. Elsewhere, and when the interpreter
    ends, which stops all other threads, it is simply called.
    """
    if not in_main_thread() or sys.is_finalizing():
        return work()
    answers: Answers = SimpleQueue()
    begin(lambda: answers.put(outcome(work)))
    result, error = take(answers)
    if error is not None:
        try:
            raise error
        finally:
            del error  # its traceback holds this frame
    return result  # type: ignore[no-any-return]


def take(queue: SimpleQueue[T]) -> T:
    """The next item of `queue`; a wait that a KeyboardInterrupt ends on every system.

    On Windows a thread that waits for a lock is not interrupted, and elsewhere
    the main thread is not when another one has received the signal.
    """
    while True:
        try:
            return queue.get(timeout=LOOK)
        except Empty:
            continue


def import_whole(*names: str) -> None:
    """Imports modules, out of an interrupt's way: some are broken by an import that is cut short."""
    outside(lambda: [import_module(name) for name in names])


def begin(work: Callable[[], object]) -> None:
    """Has another thread do `work`, which raises nothing, in the caller's context."""
    context = copy_context()
    _workers.take().inbox.put(lambda: context.run(work))


def later() -> Inbox:
    """Takes short work of the garbage collector's, which may neither wait nor start a thread."""
    return _workers.later.inbox


def when_gone(owner: object, work: Callable[[], object]) -> None:
    """Has another thread do `work`, which must not hold `owner`, once nobody holds that.

    Without a `__del__`: one that runs in the main thread may swallow a
    KeyboardInterrupt. Here nothing of Python's runs where `owner` is collected.
    """
    watch = _Gone(owner, later().put)
    watch.work = work
    _watches.add(watch)


class _Gone(weakref.ref[Any]):
    """The weak reference that its callback is given, as work to do."""

    work: Callable[[], object]

    def __call__(self) -> None:
        _watches.discard(self)
        self.work()


_watches: set[_Gone] = set()


def outcome(work: Callable[[], object]) -> tuple[Any, BaseException | None]:
    """What `work` returns, or raises."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
        return None, error


class _Worker:
    """A thread that does one piece of work after another; it ends with the process."""

    def __init__(self, idle: deque[_Worker]) -> None:
        self.inbox: Inbox = SimpleQueue()
        self._idle = idle
        threading.Thread(target=self._run, name="esnb-call", daemon=True).start()

    def _run(self) -> None:
        while True:
            self.inbox.get()()
            self._idle.append(self)


class _Workers:
    """As many threads as there was ever work at the same time."""

    def __init__(self) -> None:
        self._idle: deque[_Worker] = deque()
        self._later: _Worker | None = None

    def take(self) -> _Worker:
        try:
            return self._idle.pop()
        except IndexError:
            return _Worker(self._idle)

    @property
    def later(self) -> _Worker:
        if self._later is None:
            self._later = _Worker(deque(maxlen=0))
        return self._later


_workers = _Workers()


def _renew() -> None:
    """A forked child has none of the threads."""
    global _workers
    _workers = _Workers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
