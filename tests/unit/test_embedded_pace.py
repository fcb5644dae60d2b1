"""When the system projections get their turn: in a spell, after a quiet moment, or without one."""

from __future__ import annotations

import asyncio

import pytest

from esnb.embedded.projections.pace import PATIENCE_SECONDS, QUIET_SECONDS, SPELL_SECONDS, Pace


class Machine:
    """A clock that moves while somebody waits, and a log that grows while `busy`."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.now = 0.0
        self.worked = 0.0
        self.grown = 0

    def clock(self) -> float:
        return self.now

    def effort(self) -> float:
        return self.worked

    def work(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds

    def head(self) -> int:
        self.now += PATIENCE_SECONDS / 10
        if self.grown < self.busy:
            self.grown += 1
        return self.grown


def take_turn(pace: Pace) -> None:
    asyncio.run(asyncio.wait_for(pace.turn(), 30))


def work(machine: Machine, pace: Pace, seconds: float) -> None:
    take_turn(pace)
    assert not pace.over
    machine.work(seconds)
    pace.rest()


def tired(machine: Machine) -> Pace:
    """A pace whose spell has just ended."""
    pace = Pace(machine.head, machine.clock, machine.effort)
    work(machine, pace, SPELL_SECONDS)
    return pace


@pytest.mark.parametrize("turns", [1, 4])
def test_turns_come_at_once_within_a_spell(turns: int) -> None:
    machine = Machine(busy=10**9)
    pace = Pace(machine.head, machine.clock, machine.effort)
    for _ in range(turns):
        work(machine, pace, SPELL_SECONDS / turns)
    assert machine.grown == 0
    take_turn(pace)
    assert machine.grown > 0


def test_turn_comes_at_once_after_a_rest() -> None:
    machine = Machine(busy=10**9)
    pace = tired(machine)
    machine.now += 2 * QUIET_SECONDS
    take_turn(pace)
    assert machine.grown == 0


def test_turn_comes_when_the_log_stands_still() -> None:
    machine = Machine(busy=5)
    take_turn(tired(machine))
    assert machine.grown == 5


def test_turn_comes_although_the_log_never_stands_still() -> None:
    machine = Machine(busy=10**9)
    take_turn(tired(machine))
    assert 2 < machine.grown < 100


def test_turn_is_over_after_a_spell() -> None:
    machine = Machine(busy=0)
    pace = tired(machine)
    take_turn(pace)
    assert not pace.over
    machine.work(SPELL_SECONDS)
    assert pace.over


def test_wait_for_the_disk_counts_for_nothing() -> None:
    machine = Machine(busy=10**9)
    pace = Pace(machine.head, machine.clock, machine.effort)
    take_turn(pace)
    machine.now += SPELL_SECONDS
    assert not pace.over
    pace.rest()
    take_turn(pace)
    assert machine.grown == 0
