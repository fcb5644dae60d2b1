"""Work beside the kernel's main thread: handed over at once, or later, or stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from esnb.threads.changes import Flag
from esnb.widgets.live.working import LongWork, StoppedError, WorkBar
from tests.waiting import DEADLINE, until


class Outcome:
    """What a bar handed over."""

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.errors: list[Exception] = []

    def run(self, bar: WorkBar, work: Any, patience: float | None) -> None:
        bar.run("Counting", work, self.found.append, self.errors.append, patience)


def held(gate: Flag) -> Iterator[int]:
    """Three items, of which the second waits at a gate."""
    yield 1
    gate.wait(DEADLINE)
    yield 2
    yield 3


def test_short_work_is_done_when_run_returns() -> None:
    bar, outcome = WorkBar(), Outcome()
    outcome.run(bar, lambda work: list(work.count([1, 2])), None)
    assert (outcome.found, outcome.errors, bar.busy) == ([[1, 2]], [], False)
    assert bar.root.layout.display == "none"


def test_what_it_raises_is_handed_over() -> None:
    bar, outcome = WorkBar(), Outcome()
    outcome.run(bar, lambda _: 1 / 0, None)
    outcome.run(bar, lambda _: exit_at_once(), None)
    assert [type(each) for each in outcome.errors] == [ZeroDivisionError, RuntimeError]
    assert "Counting raised SystemExit" in str(outcome.errors[1])
    assert not bar.busy


def exit_at_once() -> None:
    raise SystemExit


def test_long_work_says_how_far_it_is_and_is_handed_over_when_it_is_done() -> None:
    bar, outcome, gate = WorkBar(), Outcome(), Flag()
    outcome.run(bar, lambda work: list(work.count(held(gate), 3)), 0)
    assert bar.busy
    assert bar.root.layout.display == ""
    assert "Counting…" in bar._note.value
    gate.set()
    until(lambda: outcome.found == [[1, 2, 3]])
    assert bar.join(DEADLINE)
    assert re.search(r"Counting… (\d of 3)?", bar._note.value)
    assert bar.root.layout.display == "none"


def test_a_stop_counts_at_once_and_what_comes_later_does_not() -> None:
    bar, outcome, gate, seen = WorkBar(), Outcome(), Flag(), Flag()

    def work(running: LongWork) -> list[int]:
        try:
            return list(running.count(held(gate)))
        finally:
            seen.set()

    outcome.run(bar, work, 0)
    bar.stop.click()
    assert [type(each) for each in outcome.errors] == [StoppedError]
    assert not bar.busy
    gate.set()
    assert seen.wait(DEADLINE)
    assert outcome.found == []


def test_the_newest_work_takes_the_place_of_what_goes_on() -> None:
    bar, first, second, gate = WorkBar(), Outcome(), Outcome(), Flag()
    first.run(bar, lambda work: list(work.count(held(gate))), 0)
    second.run(bar, lambda work: list(work.count([1])), None)
    gate.set()
    assert second.found == [[1]]
    assert bar.join(DEADLINE)
    assert (first.found, first.errors) == ([], [])


def test_an_interrupted_wait_stops_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    bar, outcome, gate = WorkBar(), Outcome(), Flag()

    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(bar._changes, "wait_for", interrupted, raising=False)
    with pytest.raises(KeyboardInterrupt):
        outcome.run(bar, lambda work: list(work.count(held(gate))), None)
    gate.set()
    assert not bar.busy
