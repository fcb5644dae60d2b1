"""One thread of a runner."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any, Generic, Literal, TypeVar

from esnb.running.exits import as_error
from esnb.running.progress import Progress
from esnb.running.work import Work
from esnb.threads.changes import Flag

PATIENCE = 30.0
"""Seconds that a thread is given to end, or to pause; also how long `wait()` waits."""

Asked = Literal["stop", "pause"]
TWork = TypeVar("TWork", bound=Work)
_current: ContextVar[Progress | None] = ContextVar("_current", default=None)
"""That of the work the caller is part of; asyncio copies it into its tasks and threads."""


class Task(Generic[TWork]):
    """Runs work in a thread, one after another: begins it, asks it to stop, waits for its end."""

    def __init__(self, name: str, progress: Progress) -> None:
        """`name` is the thread's."""
        self.name = name
        self.progress = progress
        self.work: TWork | None = None
        self.thread: threading.Thread | None = None
        self.ended = Flag()
        """Raised when the thread does nothing any more: those who wait look why."""

    @property
    def is_current(self) -> bool:
        """Whether the caller is part of its work, such as a handler that stops its own runner."""
        return _current.get() is self.progress

    def is_running(self) -> bool:
        """Whether its thread is alive; one that is about to end is waited for.

        A thread says that it failed, or is asked to stop, a moment before it ends:
        whoever starts it again in that moment must not find it running.
        """
        if self.thread is None:
            return False
        return not self.join(PATIENCE if self.progress.is_ending else 0.0)

    def begin(self, work: TWork) -> None:
        """Starts a thread that does it. Called while none is running."""
        self.ended.clear()
        self.work = work
        self.thread = threading.Thread(
            target=_live, args=(work, self.progress, self.ended), name=self.name, daemon=True
        )
        self.thread.start()

    def ask(self, what: Asked, value: bool) -> None:
        """Sets what is asked of the thread, in its progress."""
        with self.progress.changed:
            setattr(self.progress, what, value)
        self.interrupt()

    def interrupt(self) -> None:
        """Makes the thread look at what is asked of it."""
        with self.progress.changed:
            self.progress.changed.notify_all()
        if self.work is not None:
            self.work.interrupt()

    def join(self, timeout: float) -> bool:
        """Waits for the thread's end; whether it has ended. Its own work does not wait for itself."""
        if self.thread is None:
            return True
        if not self.is_current and self.thread.is_alive():
            self.thread.join(timeout)
        return not self.thread.is_alive()


def _live(work: Work, progress: Progress, ended: Flag) -> None:
    """A thread's whole life; whatever leaves it is what it has failed with."""
    _current.set(progress)
    try:
        work.run()
    except BaseException as error:  # noqa: BLE001 - shown by status(), raised by wait()
        if progress.failure is not error:
            progress.fail(as_error(error))
    else:
        if progress.failure is None:
            progress.set_state("stopped")
    finally:
        ended.set()


def ask_to_stop(tasks: list[Task[Any]]) -> None:
    """Asks them to stop, and does not wait for it. Safe in a signal handler."""
    for task in tasks:
        task.ask("stop", True)
