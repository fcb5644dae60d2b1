"""What runs in threads of its own: started, stopped, paused and resumed."""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Generic, Self

from eventsourcing.persistence import ProgrammingError

from esnb.activity.sign import sign_of_life
from esnb.running.progress import Progress
from esnb.running.status import CommonStatus
from esnb.running.task import PATIENCE, Asked, Task, TWork, ask_to_stop
from esnb.running.telemetry import observe, unobserve


class Runner(ABC, Generic[TWork]):
    """The life of whatever runs: `start()`, `stop()`, a `with` block, and its failure.

    A runner that nothing refers to any more ends by itself.
    """

    def __init__(self, tasks: Sequence[Task[TWork]], patience: float = PATIENCE) -> None:
        """`patience`: seconds that `stop()` and `pause()` wait for the work at hand."""
        self._tasks = list(tasks)
        self._patience = patience
        self._lock = threading.RLock()
        weakref.finalize(self, ask_to_stop, self._tasks)

    @abstractmethod
    def _work(self, task: Task[TWork]) -> TWork:
        """New work for one of its threads."""

    @abstractmethod
    def status(self) -> CommonStatus:
        """How it is doing, as plain data."""

    @property
    def is_started(self) -> bool:
        """Whether it was started, also when it has been stopped or has failed since."""
        return any(task.thread is not None for task in self._tasks)

    def start(self) -> Self:
        """Starts, in threads of its own; does nothing while it is running.

        Also after `stop()` and after a failure. Stores that are away are waited
        for: `status()` says so.
        """
        with self._lock:
            running = [task.is_running() for task in self._tasks]
            for task, is_running in zip(self._tasks, running, strict=True):
                if not is_running:
                    # Counts are the whole runner's: one thread's new start does not end them.
                    task.progress.begin(keeps_counts=any(running))
                    task.begin(self._work(task))
        observe(self)
        return self

    def stop(self) -> None:
        """Stops after the work at hand; what has been done is committed.

        Does nothing when it is not running. Work that takes longer than 30 seconds
        is left to end by itself, in a thread that holds nothing up.
        """
        self._end(self._patience)

    def ask_to_stop(self) -> None:
        """As `stop()`, but does not wait: for a signal's handler."""
        ask_to_stop(self._tasks)

    def resume(self) -> None:
        """Continues after a failure and after `stop()`, as `start()` does."""
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stops; raises the runner's error, unless `wait()` or the block has raised one."""
        self.stop()
        if error is None:
            self._raise_failure(once=True)

    # --- for subclasses ------------------------------------------------

    def _end(self, timeout: float) -> bool:
        """Asks it to stop; whether it has ended within `timeout` seconds."""
        with self._lock:
            started = [task for task in self._tasks if task.thread is not None]
        unobserve(self)
        ask_to_stop(started)
        deadline = monotonic() + timeout
        others = [task for task in started if not task.is_current]
        with sign_of_life(lambda: f"stopping {self!r}"):
            return all(task.join(max(0.0, deadline - monotonic())) for task in others)

    def _ask(self, what: Asked, value: bool) -> None:
        for task in self._tasks:
            task.ask(what, value)

    def _wait_for(self, holds: Callable[[Progress], bool], timeout: float | None) -> bool:
        """Blocks until it holds of each thread's progress but the caller's own; whether it does."""
        deadline = None if timeout is None else monotonic() + timeout
        for task in self._tasks:
            left = None if deadline is None else max(0.0, deadline - monotonic())
            if not task.is_current and not task.progress.wait(left, partial(holds, task.progress)):
                return False
        return True

    def _check_started(self) -> None:
        if not self.is_started:
            raise ProgrammingError(f"{self!r} was not started: call start(), or use it in a with")

    def _raise_failure(self, *, once: bool = False) -> None:
        """Raises what a thread has failed with; `once`: unless that was raised before."""
        for progress in (task.progress for task in self._tasks):
            if progress.failure is not None and not (once and progress.is_raised):
                progress.is_raised = True
                raise progress.failure


class PausableRunner(Runner[TWork]):
    """A runner that can pause, and that can be all that a program does."""

    def pause(self) -> None:
        """Pauses until `resume()`; returns when no event is being worked on.

        Does nothing when it is not running, or has failed. Raises TimeoutError
        when a handler takes longer than 30 seconds; it pauses after that.
        """
        self._ask("pause", True)
        if not self._wait_for(_is_at_rest, self._patience):
            raise TimeoutError(
                f"{self!r} has not paused within {self._patience:g} s: it is at work on an event, "
                "or waits for the answer of a store, and pauses after that"
            )

    def resume(self) -> None:
        """Continues after `pause()`, a failure or `stop()`; does nothing while it is running.

        After a failure it begins with the event that failed, as `start()` does:
        put right first what was wrong with it.
        """
        self._ask("pause", False)
        self.start()

    def run_forever(self, timeout: float | None = None) -> None:
        """Runs until `stop()`, or for `timeout` seconds; raises the runner's own error."""
        self.start()
        try:
            self._wait_for(has_ended, timeout)
        except BaseException:
            self.stop()
            raise
        self._raise_failure()


def has_ended(progress: Progress) -> bool:
    """Whether the thread was stopped, or has failed."""
    return progress.state in ("stopped", "failed")


def _is_at_rest(progress: Progress) -> bool:
    return progress.state == "paused" or has_ended(progress)
