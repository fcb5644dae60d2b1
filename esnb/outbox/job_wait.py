"""Waiting for the jobs of a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from esnb.outbox.errors import EmptyQueueError
from esnb.running.progress import Progress
from esnb.running.runner import has_ended

EMPTY: Final = 3.0
"""Seconds that a queue must have been empty before a wait for jobs is given up."""
_LOOK: Final = 0.25
"""Seconds between two looks at the queue."""

Left = Mapping[str, int]
"""Jobs by state, but for the completed ones."""


class JobWait:
    """One wait: until so many `jobs` are completed, or (None) until the queue is empty."""

    def __init__(
        self,
        queue: str,
        progress: Progress,
        left: Callable[[], Left | None],
        more_may_come: Callable[[], bool],
        jobs: int | None,
        timeout: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`left` looks at the queue; None: it could not be asked."""
        self._queue, self._progress = queue, progress
        self._look, self._more_may_come = left, more_may_come
        self._jobs, self._timeout, self._clock = jobs, timeout, clock
        self._begun = clock()
        self._left: Left | None = None
        self._empty_since: float | None = None
        self._is_given_up = False

    def succeeds(self, *, gives_up: bool) -> bool:
        """Blocks; whether it has happened.

        With `gives_up`, a wait for jobs ends once the queue has been empty for three
        seconds and no more may come.
        """
        while not self._is_done():
            self._is_given_up = gives_up and self._is_hopeless()
            if self._rest <= 0 or self._is_given_up or has_ended(self._progress):
                return False
            self._wait_for_change()
        return True

    def text(self) -> str:
        """What is being waited for."""
        if self._jobs is None:
            return f"waiting until queue {self._queue!r} is empty{_listed(self._left, '; it has ')}"
        found = "; it is empty" if self._left == {} else _listed(self._left, "; it has ")
        return f"waiting for jobs of queue {self._queue!r}: {self._completed} of {self._jobs} are done{found}"

    def error(self, worker: str) -> TimeoutError:
        """Why it has not happened."""
        done = f"{worker} has completed {self._completed}"
        done += " jobs" if self._jobs is None else f" of {self._jobs} jobs"
        if self._is_given_up:
            return EmptyQueueError(
                f"{done}, and the queue is empty: add jobs to it, or publish records to it. A "
                "record that was published before is not published again; wait() without a "
                "number waits for the jobs that are there"
            )
        because = f": {self._progress.error}" if self._progress.error else ""
        found = _listed(self._left, f". Queue {self._queue!r} has these jobs: ")
        if self._left == {}:
            found = f". Queue {self._queue!r} is empty: add jobs to it, or publish records to it"
        return TimeoutError(
            f"{done} within {self._timeout - max(0.0, self._rest):.1f} s"
            f" ({self._progress.counts['failed']} attempts failed){because}{found}"
        )

    @property
    def _completed(self) -> int:
        return self._progress.counts["completed"]

    @property
    def _rest(self) -> float:
        return self._begun + self._timeout - self._clock()

    def _is_done(self) -> bool:
        if self._jobs is not None and self._completed >= self._jobs:
            return True
        self._left = self._look()
        if self._left is None or self._left.keys() - {"failed"}:
            self._empty_since = None
            return False
        if self._empty_since is None:
            self._empty_since = self._clock()
        # One that has not begun may yet fail.
        begun = self._progress.state in ("running", "paused")
        return self._jobs is None and begun and not self._more_may_come()

    def _is_hopeless(self) -> bool:
        return (
            self._jobs is not None
            and self._empty_since is not None
            and self._clock() - self._empty_since >= EMPTY
            and not self._more_may_come()
        )

    def _wait_for_change(self) -> None:
        before = self._completed
        self._progress.wait(
            min(self._rest, _LOOK),
            lambda: self._completed != before or has_ended(self._progress),
        )


def _listed(left: Left | None, begin: str) -> str:
    """Jobs by state, behind `begin`; nothing where there are none, or they are not known."""
    found = ", ".join(f"{number} {state}" for state, number in (left or {}).items())
    return begin + found if found else ""
