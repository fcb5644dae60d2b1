"""Questions to a store that may be frozen: another thread puts them, and waits as long as it must."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Generic, TypeVar

from eventsourcing.persistence import OperationalError

from esnb.clock import now
from esnb.threads.changes import Changes
from esnb.threads.outside import LOOK, begin, take
from esnb.threads.outside import outcome as outcome_of

T = TypeVar("T")
WorkOutcome = tuple[Any, BaseException | None]
WorkOutcomes = SimpleQueue[WorkOutcome]

PATIENCE = 1.0
"""Seconds that whoever shows a state waits for a store to answer."""


class UnansweredError(OperationalError):
    """A store has not answered in time. The question may still be under way."""


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What a store has said last."""

    value: T
    since: datetime
    """When (UTC)."""


def within(seconds: float, what: str, work: Callable[[], T]) -> T:
    """What `work` returns or raises, which another thread does.

    Raises UnansweredError, which names `what` was asked, when that takes longer
    than `seconds`; the other thread then goes on by itself.
    """
    if sys.is_finalizing():  # other threads no longer run
        return work()
    answers: WorkOutcomes = SimpleQueue()
    begin(partial(_put, work, answers))
    deadline = monotonic() + seconds
    while True:
        try:
            return _result(  # type: ignore[no-any-return]
                answers.get(timeout=max(0.0, min(LOOK, deadline - monotonic())))
            )
        except Empty:
            if monotonic() >= deadline:
                raise _unanswered(what, seconds) from None


def together(works: Sequence[Callable[[], T]]) -> list[T]:
    """What each of `works` returns, done at the same time; raises what the first of them raises."""
    if len(works) < 2 or sys.is_finalizing():
        return [work() for work in works]
    answers: list[WorkOutcomes] = [SimpleQueue() for _ in works]
    for work, answer in zip(works, answers, strict=True):
        begin(partial(_put, work, answer))
    return [_result(take(answer)) for answer in answers]


def _put(work: Callable[[], object], answer: WorkOutcomes) -> None:
    answer.put(outcome_of(work))


def _result(outcome: WorkOutcome) -> Any:
    """What was returned; raises what was raised."""
    found, error = outcome
    if error is None:
        return found
    try:
        raise error
    finally:
        del error  # its traceback holds this frame


class Question(Generic[T]):
    """One question that is put again and again; the newest answer is kept.

    While one that was put before is overdue, no other is put.
    """

    def __init__(self, what: str) -> None:
        """`what` is asked, for errors: "EventStoreDB about its last event"."""
        self.what = what
        self.newest: Answer[T] | None = None
        self._changed = Changes()
        self._overdue: set[int] = set()

    def put(self, work: Callable[[], T], patience: float | None = None) -> Callable[[], T]:
        """Has another thread do `work`; what is returned waits for its answer.

        That raises what `work` raises, and UnansweredError where there is no
        answer within `patience` seconds of the call of `put`. Raises ForkedError
        in a process that was forked after this was made.
        """
        self._changed.check_process()  # a forked process starts no thread for what it cannot ask
        seconds = PATIENCE if patience is None else patience
        deadline = monotonic() + seconds
        found = None if self._overdue else self._begin(work)

        def answer() -> T:
            outcome = found
            if outcome is None:
                self._wait(lambda: not self._overdue, deadline, seconds)
                outcome = self._begin(work)
            try:
                self._wait(lambda: bool(outcome), deadline, seconds)
            except UnansweredError:
                with self._changed:
                    if not outcome:
                        self._overdue.add(id(outcome))
                        raise
            return _result(outcome[0])  # type: ignore[no-any-return]

        return answer

    @property
    def since(self) -> datetime | None:
        """When the newest answer was had (UTC); None before the first."""
        newest = self.newest
        return None if newest is None else newest.since

    def _begin(self, work: Callable[[], T]) -> list[WorkOutcome]:
        outcome: list[WorkOutcome] = []

        def run() -> None:
            value, error = outcome_of(work)
            with self._changed:
                if error is None:
                    self.newest = Answer(value, now())
                outcome.append((value, error))
                self._overdue.discard(id(outcome))
                self._changed.notify_all()

        begin(run)
        return outcome

    def _wait(self, until: Callable[[], bool], deadline: float, seconds: float) -> None:
        if not self._changed.wait_for(until, max(0.0, deadline - monotonic())):
            raise _unanswered(self.what, seconds)


def not_known_since(since: datetime | None) -> str:
    """What to say of an answer that cannot be had now.

    >>> from datetime import UTC
    >>> not_known_since(datetime(2026, 11, 30, 9, 5, 7, tzinfo=UTC))
    'not known since 09:05:07 UTC'
    """
    return "not known yet" if since is None else f"not known since {since:%H:%M:%S} UTC"


def _unanswered(what: str, seconds: float) -> UnansweredError:
    return UnansweredError(f"no answer within {max(seconds, 0.0):.3g} s: {what}")
