"""When the system projections get their turn: after a quiet moment, or in spite of none."""

from __future__ import annotations

import asyncio

from esnb.embedded.projections.pace import PATIENCE_SECONDS, SPELL_SECONDS, Pace


class Machine:
    """A clock that moves at every look, and a log that grows while `busy`."""

    def __init__(self, busy: int) -> None:
        self.busy = busy
        self.now = 0.0
        self.grown = 0

    def clock(self) -> float:
        self.now += PATIENCE_SECONDS / 10
        return self.now

    def head(self) -> int:
        if self.grown < self.busy:
            self.grown += 1
        return self.grown


def test_turn_comes_when_the_log_stands_still() -> None:
    machine = Machine(busy=5)
    pace = Pace(machine.head, machine.clock)
    asyncio.run(asyncio.wait_for(pace.turn(), 30))
    assert machine.grown == 5


def test_turn_comes_although_the_log_never_stands_still() -> None:
    machine = Machine(busy=10**9)
    pace = Pace(machine.head, machine.clock)
    asyncio.run(asyncio.wait_for(pace.turn(), 30))
    assert 2 < machine.grown < 100


def test_turn_is_over_after_a_spell() -> None:
    machine = Machine(busy=0)
    pace = Pace(machine.head, machine.clock)
    asyncio.run(asyncio.wait_for(pace.turn(), 30))
    machine.now += SPELL_SECONDS
    assert pace.over
