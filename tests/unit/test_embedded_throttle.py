"""When the system projections get their turn, and up to which event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from esnb.embedded.projections.pace import PATIENCE_SECONDS, QUIET_SECONDS, SPELL_SECONDS, Pace

News = Callable[[], Awaitable[None]]


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

    async def news(self) -> None:
        """There is some at once."""

    async def silence(self) -> None:
        """There is none."""
        await asyncio.Event().wait()


def take_turn(machine: Machine, pace: Pace, news: News | None = None) -> int:
    return asyncio.run(asyncio.wait_for(pace.turn(news or machine.news), 30))


def work(machine: Machine, pace: Pace, seconds: float) -> None:
    take_turn(machine, pace)
    assert not pace.over
    machine.work(seconds)
    pace.rest()


def tired(machine: Machine) -> Pace:
    """A pace whose spell has just ended."""
    pace = Pace(machine.head, machine.clock, machine.effort)
    work(machine, pace, SPELL_SECONDS)
    return pace


@pytest.mark.parametrize("turns", [1, 4])
def test_turns_come_with_the_next_news_within_a_spell(turns: int) -> None:
    machine = Machine(busy=10**9)
    pace = Pace(machine.head, machine.clock, machine.effort)
    for _ in range(turns):
        work(machine, pace, SPELL_SECONDS / turns)
    assert machine.grown == turns
    take_turn(machine, pace)
    assert machine.grown > turns + 1


def test_turn_comes_with_the_next_news_after_a_rest() -> None:
    machine = Machine(busy=10**9)
    pace = tired(machine)
    machine.now += 2 * QUIET_SECONDS
    take_turn(machine, pace)
    assert machine.grown == 2


def test_turn_comes_without_news_too() -> None:
    machine = Machine(busy=0)
    take_turn(machine, Pace(machine.head, machine.clock, machine.effort), machine.silence)


def test_turn_leaves_alone_what_came_while_it_was_waited_for() -> None:
    machine = Machine(busy=10**9)

    async def appended() -> None:
        machine.grown += 5

    assert take_turn(machine, Pace(machine.head, machine.clock, machine.effort), appended) == 1
    assert machine.grown == 6


def test_turn_comes_when_the_log_stands_still() -> None:
    machine = Machine(busy=5)
    assert take_turn(machine, tired(machine)) == 5


def test_turn_comes_although_the_log_never_stands_still() -> None:
    machine = Machine(busy=10**9)
    pace = tired(machine)
    assert 2 < take_turn(machine, pace) < 100


def test_turn_is_over_after_a_spell() -> None:
    machine = Machine(busy=0)
    pace = tired(machine)
    take_turn(machine, pace)
    assert not pace.over
    machine.work(SPELL_SECONDS)
    assert pace.over


def test_wait_for_the_disk_counts_for_nothing() -> None:
    machine = Machine(busy=10**9)
    pace = Pace(machine.head, machine.clock, machine.effort)
    take_turn(machine, pace)
    machine.now += SPELL_SECONDS
    assert not pace.over
    pace.rest()
    take_turn(machine, pace)
    assert machine.grown == 2


def test_an_end_that_comes_together_with_the_news_is_an_end() -> None:
    async def ended() -> None:
        machine, news = Machine(busy=0), asyncio.Event()

        async def rung() -> None:
            await news.wait()

        turn = asyncio.create_task(Pace(machine.head, machine.clock, machine.effort).turn(rung))
        for _ in range(3):
            await asyncio.sleep(0)
        news.set()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    asyncio.run(asyncio.wait_for(ended(), 30))
