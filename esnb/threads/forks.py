"""What a forked process may not use: what its parent had opened.

A fork copies one thread and all sockets. gRPC's threads are missing in the
child, so that a call there waits forever. What the child closes, even as the
interpreter ends, is closed for the parent, too, and leaves the set of sockets
on which the parent's threads wait: the two processes share it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from weakref import WeakSet

WAY_OUT = (
    "start processes with 'spawn' (multiprocessing.get_context('spawn'), also as "
    "ProcessPoolExecutor(mp_context=…)) and call esnb.connect() in them"
)

_forks = 0
"""How often this process and its parents were forked since esnb was imported."""
_sockets: WeakSet[Any] = WeakSet()
"""Channels and calls, which may not be collected in a forked process."""
_in_use: set[Any] = set()
_is_spoilt = False
"""Whether gRPC was in use in the process that this one was forked from."""


class ForkedError(RuntimeError):
    """Something that belongs to the parent was used in a forked process."""


class Birth:
    """The process in which something was made."""

    def __init__(self) -> None:
        self._forks = _forks

    @property
    def is_here(self) -> bool:
        """Whether that is this process."""
        return self._forks == _forks

    def check(self, what: str) -> None:
        """Raises ForkedError in a process that was forked afterwards; `what` is in the plural."""
        if self._forks != _forks:
            raise ForkedError(
                f"this process was forked, and {what} of its parent do not work in it: {WAY_OUT}"
            )


def refuse_pickling(what: str) -> NoReturn:
    """Raises TypeError for what a spawned process cannot be given; `what` is in the plural."""
    raise TypeError(
        f"{what} cannot be pickled for another process: call esnb.connect() there, and make "
        "applications and runners with its stores"
    )


def check_connecting() -> None:
    """Raises ForkedError in a process that was forked while gRPC was in use."""
    if _is_spoilt:
        raise ForkedError(
            "this process was forked from one that had connected to EventStoreDB, and gRPC does "
            f"not work in it: {WAY_OUT}"
        )


def keep_open(owner: Any) -> None:
    """`owner`, a channel or a call of gRPC's, stays as it is in forked processes."""
    _sockets.add(owner)


@contextmanager
def kept_open(owner: Any) -> Iterator[None]:
    """The same for a block, without the weak references' calls at its end.

    One that runs in the main thread may swallow a KeyboardInterrupt.
    """
    _in_use.add(owner)
    try:
        yield
    finally:
        _in_use.discard(owner)


def _note_fork() -> None:
    global _forks, _is_spoilt
    _forks += 1
    for owner in {*_sockets, *_in_use}:
        _is_spoilt = True
        # Never given back, not even when the interpreter ends,
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(owner))
        # nor ended by whatever of the client's is collected then.
        owner.cancel = owner.close = _do_nothing


def _do_nothing(*_: Any) -> bool:
    """Stands for what would end a call or a channel of the parent's."""
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)
