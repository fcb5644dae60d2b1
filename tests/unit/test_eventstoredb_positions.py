"""Where a number belongs in a log, found from both ends."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from esnb.eventstoredb.positions import Neighbours, neighbours

logs = st.lists(st.integers(1, 200), unique=True).map(sorted)


@given(log=logs, number=st.integers(-5, 210))
def test_the_neighbours_of_any_number(log: list[int], number: int) -> None:
    below = [position for position in log if position < number]
    above = [position for position in log if position >= number]
    assert neighbours(number, iter(log), reversed(log)) == Neighbours(
        below[-1] if below else None, above[0] if above else None
    )


@given(log=logs.filter(bool), number=st.integers(0, 210))
def test_it_costs_twice_the_way_from_the_nearer_end(log: list[int], number: int) -> None:
    read: list[int] = []

    def counted(positions: Iterator[int]) -> Iterator[int]:
        for position in positions:
            read.append(position)
            yield position

    neighbours(number, counted(iter(log)), counted(reversed(log)))
    below = sum(position < number for position in log)
    assert len(read) <= 2 * min(below, len(log) - below) + 2


def test_events_stored_meanwhile_do_not_disturb() -> None:
    growing = chain([10, 20, 30], [40])
    assert neighbours(25, growing, iter([30, 20, 10])) == Neighbours(20, 30)
