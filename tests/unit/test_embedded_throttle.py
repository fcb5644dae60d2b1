"""When the system projections get their turn, and up to which event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from esnb.embedded.projections.throttle import (
    PATIENCE_SECONDS,
    QUIET_SECONDS,
    SLICE_SECONDS,
    Throttle,
)

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

    def cpu_time(self) -> float:
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


def take_turn(machine: Machine, throttle: Throttle, news: News | None = None) -> int:
    return asyncio.run(asyncio.wait_for(throttle.turn(news or machine.news), 30))


def work(machine: Machine, throttle: Throttle, seconds: float) -> None:
    take_turn(machine, throttle)
    assert not throttle.over
    machine.work(seconds)
    throttle.rest()


def tired(machine: Machine) -> Throttle:
    """A throttle whose slice has just ended."""
    throttle = Throttle(machine.head, machine.clock, machine.cpu_time)
    work(machine, throttle, SLICE_SECONDS)
    return throttle


@pytest.mark.parametrize("turns", [1, 4])
def test_turns_come_with_the_next_news_within_a_slice(turns: int) -> None:
    machine = Machine(busy=10**9)
    throttle = Throttle(machine.head, machine.clock, machine.cpu_time)
    for _ in range(turns):
        work(machine, throttle, SLICE_SECONDS / turns)
    assert machine.grown == turns
    take_turn(machine, throttle)
    assert machine.grown > turns + 1


def test_turn_comes_with_the_next_news_after_a_rest() -> None:
    machine = Machine(busy=10**9)
    throttle = tired(machine)
    machine.now += 2 * QUIET_SECONDS
    take_turn(machine, throttle)
    assert machine.grown == 2


def test_turn_comes_without_news_too() -> None:
    machine = Machine(busy=0)
    take_turn(machine, Throttle(machine.head, machine.clock, machine.cpu_time), machine.silence)


def test_turn_leaves_alone_what_came_while_it_was_waited_for() -> None:
    machine = Machine(busy=10**9)

    async def appended() -> None:
        machine.grown += 5

    assert (
        take_turn(machine, Throttle(machine.head, machine.clock, machine.cpu_time), appended) == 1
    )
    assert machine.grown == 6


def test_turn_comes_when_the_log_stands_still() -> None:
    machine = Machine(busy=5)
    assert take_turn(machine, tired(machine)) == 5


def test_turn_comes_although_the_log_never_stands_still() -> None:
    machine = Machine(busy=10**9)
    throttle = tired(machine)
    assert 2 < take_turn(machine, throttle) < 100


def test_turn_is_over_after_a_slice() -> None:
    machine = Machine(busy=0)
    throttle = tired(machine)
    take_turn(machine, throttle)
    assert not throttle.over
    machine.work(SLICE_SECONDS)
    assert throttle.over


def test_wait_for_the_disk_counts_for_nothing() -> None:
    machine = Machine(busy=10**9)
    throttle = Throttle(machine.head, machine.clock, machine.cpu_time)
    take_turn(machine, throttle)
    machine.now += SLICE_SECONDS
    assert not throttle.over
    throttle.rest()
    take_turn(machine, throttle)
    assert machine.grown == 2


def test_an_end_that_comes_together_with_the_news_is_an_end() -> None:
    async def ended() -> None:
        machine, news = Machine(busy=0), asyncio.Event()

        async def rung() -> None:
            await news.wait()

        turn = asyncio.create_task(
            Throttle(machine.head, machine.clock, machine.cpu_time).turn(rung)
        )
        for _ in range(3):
            await asyncio.sleep(0)
        news.set()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    asyncio.run(asyncio.wait_for(ended(), 30))
