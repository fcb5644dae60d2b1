"""A lock, and waiting for what changes under it, which a KeyboardInterrupt leaves intact."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import NoReturn
from weakref import WeakSet

from esnb.threads.forks import Birth, refuse_pickling
from esnb.threads.outside import LOOK

# A subclass keeps the lock's own `__enter__`, which is one step of C; that of
# `threading.Condition` is Python, and an interrupt within it, after the lock
# was taken, leaves it taken forever.
_Lock = type(threading.RLock())

_all: WeakSet[Changes] = WeakSet()


class Changes(_Lock):  # type: ignore[misc, valid-type]
    """What `threading.Condition` does, but for those who wait: without holding the lock.

    Values are read and written within `with changes`; who changes them calls
    `notify_all()` there.
    """

    def __new__(cls) -> Changes:
        made: Changes = super().__new__(cls)
        made._waiters = []
        made._birth = Birth()
        _all.add(made)
        return made

    _waiters: list[SimpleQueue[None]]
    _birth: Birth

    def __reduce__(self) -> NoReturn:
        refuse_pickling("runners and connections")

    def notify_all(self) -> None:
        """Has those who wait look again. Called within `with changes`."""
        for waiter in self._waiters:
            waiter.put(None)

    def check_process(self) -> None:
        """Raises ForkedError in a process that was forked after this was made.

        Whoever makes the changes is not there.
        """
        self._birth.check("runners and connections")

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Blocks until `predicate()`, or for `timeout` seconds; what it says in the end.

        Called without the lock; `predicate` is called with it. Raises what
        `check_process()` raises.
        """
        self.check_process()
        assert not self._is_owned(), "whoever waits with the lock keeps others from the change"
        deadline = None if timeout is None else monotonic() + timeout
        waiter: SimpleQueue[None] = SimpleQueue()
        with self:
            self._waiters.append(waiter)
        try:
            while True:
                left = None if deadline is None else deadline - monotonic()
                with self:
                    if predicate():
                        return True
                if left is not None and left <= 0:
                    return False
                _await(waiter, left)
        finally:
            with self:
                self._waiters.remove(waiter)


class Flag:
    """What `threading.Event` does, and as little harmed by an interrupt as `Changes`."""

    def __init__(self) -> None:
        self._changes = Changes()
        self._is_set = False

    def set(self) -> None:
        """Raises the flag; those who wait go on."""
        with self._changes:
            self._is_set = True
            self._changes.notify_all()

    def clear(self) -> None:
        """Lowers the flag."""
        with self._changes:
            self._is_set = False

    def is_set(self) -> bool:
        """Whether the flag is raised."""
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until the flag is raised, or for `timeout` seconds; whether it is."""
        return self._changes.wait_for(self.is_set, timeout)


def _await(waiter: SimpleQueue[None], timeout: float | None) -> None:
    """Returns once the waiter was woken, the time is up, or it is time to look for interrupts."""
    with suppress(Empty):
        waiter.get(timeout=LOOK if timeout is None else min(timeout, LOOK))
        while True:
            waiter.get_nowait()


def _renew_locks() -> None:
    """A thread that held a lock when the process was forked never releases it in the child."""
    for each in _all:
        each._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
