"""A worker's wait: for so many jobs, or until the queue is empty."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import pytest

from esnb.outbox import EmptyQueueError
from esnb.outbox.job_wait import EMPTY, JobWait, Left
from esnb.running.progress import Progress


class Queue:
    """A queue in which something happens between two looks, and a clock that moves with them."""

    def __init__(self, *looks: Left | None, step: float = 1.0) -> None:
        self.now = 0.0
        self.looked = 0
        self._step = step
        self._looks: Iterator[Left | None] = chain(looks, repeat(looks[-1]))
        self.progress = Progress()
        self.progress.begin()
        self.progress.set_state("running")

    def left(self) -> Left | None:
        self.looked += 1
        self.now += self._step
        # What a wait waits for besides the time: a job is completed.
        self.progress.count("completed", 0)
        return next(self._looks)

    def wait(self, jobs: int | None, timeout: float, **options: Any) -> JobWait:
        may_come = options.pop("more_may_come", lambda: False)
        return JobWait(
            "q", self.progress, self.left, may_come, jobs, timeout, clock=lambda: self.now
        )


def test_a_worker_that_has_not_begun_may_yet_fail() -> None:
    queue = Queue({})
    queue.progress.set_state("starting")
    assert not queue.wait(None, 30).succeeds(gives_up=True)
    queue.progress.fail(ValueError("no"))
    assert not queue.wait(None, 30).succeeds(gives_up=True)


def test_without_a_number_it_returns_when_nothing_is_left_to_do() -> None:
    queue = Queue({"waiting": 2}, {"active": 1}, {})
    assert queue.wait(None, 30).succeeds(gives_up=True)
    assert queue.looked == 3


def test_failed_jobs_are_not_waited_for() -> None:
    assert Queue({"failed": 3}).wait(None, 30).succeeds(gives_up=True)


@pytest.mark.parametrize("state", ["waiting", "active", "paused", "prioritized", "delayed"])
def test_all_others_are(state: str) -> None:
    wait = Queue({state: 1}).wait(None, 3)
    assert not wait.succeeds(gives_up=True)
    assert f"Queue 'q' has these jobs: 1 {state}" in str(wait.error("<worker>"))
    assert not isinstance(wait.error("<worker>"), EmptyQueueError)


def test_records_that_are_still_to_be_published_are() -> None:
    looks = iter([True, True, False])
    queue = Queue({})
    assert queue.wait(None, 30, more_may_come=lambda: next(looks)).succeeds(gives_up=True)
    assert queue.looked == 3


def test_a_queue_that_cannot_be_asked_is_not_taken_for_empty() -> None:
    assert not Queue(None).wait(None, 3).succeeds(gives_up=True)
    assert not Queue(None).wait(1, 3 * EMPTY).succeeds(gives_up=True)


def test_jobs_that_nobody_adds_are_given_up_and_that_is_said() -> None:
    queue = Queue({})
    wait = queue.wait(2, 30)
    assert not wait.succeeds(gives_up=True)
    assert queue.now < 30
    error = wait.error("<worker>")
    assert isinstance(error, EmptyQueueError)
    assert "<worker> has completed 0 of 2 jobs, and the queue is empty" in str(error)
    assert wait.text() == "waiting for jobs of queue 'q': 0 of 2 are done; it is empty"


def test_jobs_are_waited_for_as_long_as_was_asked() -> None:
    queue = Queue({})
    wait = queue.wait(2, 30)
    assert not wait.succeeds(gives_up=False)
    assert queue.now >= 30
    assert not isinstance(wait.error("<worker>"), EmptyQueueError)
    assert "has completed 0 of 2 jobs within 30.0 s" in str(wait.error("<worker>"))


def test_jobs_that_a_publisher_here_may_add_are_waited_for() -> None:
    queue = Queue({})
    assert not queue.wait(2, 30, more_may_come=lambda: True).succeeds(gives_up=True)
    assert queue.now >= 30


def test_a_queue_that_fills_again_is_not_empty() -> None:
    queue = Queue({}, {}, {"waiting": 1}, {}, {}, {"waiting": 1})
    assert not queue.wait(2, 30).succeeds(gives_up=True)
    assert queue.now >= 30


def test_completed_jobs_are_counted_since_the_start() -> None:
    queue = Queue({})
    queue.progress.count("completed", 2)
    assert queue.wait(2, 30).succeeds(gives_up=True)
    assert queue.looked == 0


def test_a_worker_that_has_failed_is_not_waited_for() -> None:
    queue = Queue({"waiting": 1})
    queue.progress.fail(ValueError("no"))
    assert not queue.wait(2, 30).succeeds(gives_up=True)
    assert queue.looked == 1
