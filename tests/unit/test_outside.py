"""Work of the main thread's that another one does."""

from __future__ import annotations

import contextvars
import os
import signal
import threading

import pytest

from esnb.threads.outside import outside
from tests.waiting import DEADLINE

name: contextvars.ContextVar[str] = contextvars.ContextVar("name")


def test_its_result_and_its_error_come_back() -> None:
    def fail() -> None:
        raise KeyError("why")

    assert outside(lambda: 1) == 1
    with pytest.raises(KeyError, match="why"):
        outside(fail)


def test_it_knows_the_callers_context() -> None:
    name.set("the caller's")

    assert outside(name.get) == "the caller's"


def test_within_itself_it_is_simply_called() -> None:
    assert outside(lambda: outside(threading.get_ident) == threading.get_ident())


def test_many_at_the_same_time() -> None:
    """One that waits does not keep the next from being begun."""
    first, second = threading.Event(), threading.Event()
    waiting = threading.Thread(target=lambda: first.wait(DEADLINE) and second.set())
    waiting.start()

    outside(first.set)

    assert outside(lambda: second.wait(DEADLINE))


def test_an_interrupt_reaches_the_caller_at_once_and_the_work_goes_on() -> None:
    release, done = threading.Event(), threading.Event()

    def work() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert release.wait(DEADLINE)
        done.set()

    with pytest.raises(KeyboardInterrupt):
        outside(work)
    assert not done.is_set()
    release.set()

    assert done.wait(DEADLINE)
