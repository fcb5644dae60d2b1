"""Where a number belongs in a log: found from both ends, and number by number."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from esnb.eventstoredb.positions import Neighbours, Positions, neighbours

logs = st.lists(st.integers(1, 200), unique=True).map(sorted)


class Server:
    """A log of positions, which counts what is asked of it."""

    def __init__(self, log: list[int], hidden: Iterable[int] = ()) -> None:
        self.log = log
        self.hidden = frozenset(hidden)
        """Positions of events that no read shows."""
        self.asked = 0

    def forwards(self, start: int | None) -> Positions:
        return self._counted(each for each in self.log if start is None or each >= start)

    def backwards(self) -> Positions:
        return self._counted(reversed(self.log))

    def is_position(self, number: int) -> bool:
        self.asked += 1
        return number in self.log or number in self.hidden

    def _counted(self, positions: Iterable[int]) -> Positions:
        for position in positions:
            self.asked += 1
            yield position

    def neighbours(self, number: int) -> Neighbours:
        return neighbours(number, self.forwards, self.backwards, self.is_position)


@given(log=logs, number=st.integers(-5, 210))
def test_the_neighbours_of_any_number(log: list[int], number: int) -> None:
    below = [position for position in log if position < number]
    above = [position for position in log if position >= number]
    assert Server(log).neighbours(number) == Neighbours(
        below[-1] if below else None, above[0] if above else None
    )


@given(log=logs.filter(bool), number=st.integers(0, 210))
def test_it_costs_no_more_than_the_way_from_the_nearest_of_three(
    log: list[int], number: int
) -> None:
    server = Server(log)

    server.neighbours(number)

    below = [position for position in log if position < number]
    event_size = number - below[-1] if below else number
    assert server.asked <= 3 * min(len(below), len(log) - len(below), event_size) + 4


@given(number=st.integers(1, 99), gap=st.integers(2, 100))
def test_the_length_of_the_log_does_not_count(number: int, gap: int) -> None:
    short, long = (Server(list(range(gap, events * gap, gap))) for events in (1_000, 10_000))
    offset = number % gap or 1

    short.neighbours(500 * gap + offset)
    long.neighbours(5_000 * gap + offset)

    assert long.asked == short.asked


@given(log=logs, hidden=st.sets(st.integers(1, 200)), number=st.integers(2, 210))
def test_a_position_that_no_read_shows_is_a_place_to_read_from(
    log: list[int], hidden: set[int], number: int
) -> None:
    found = Server(log, hidden).neighbours(number)

    assert found.at_or_above == next((each for each in log if each >= number), None)
    visible = [each for each in log if each < number]
    assert found.below in (*visible[-1:], *(each for each in hidden if each < number), None)
    assert (found.below or 0) >= (visible[-1] if visible else 0)


def test_events_stored_meanwhile_do_not_disturb() -> None:
    def forwards(start: int | None) -> Positions:
        yield from (10, 20, 30, 40)

    def backwards() -> Positions:
        yield from (30, 20, 10)

    assert neighbours(25, forwards, backwards, lambda position: False) == (20, 30)
