"""What repeats in a flow: the same stations again and again, one after another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

FEWEST = 3
"""Times that something is there before the others are folded behind the first."""
_LONGEST = 8
"""Stations of one repetition, at most."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """From `start` on, `times` times the same `length` stations."""

    start: int
    length: int = 1
    times: int = 1

    @property
    def first(self) -> range:
        """The stations that are shown."""
        return range(self.start, self.start + self.length)

    @property
    def others(self) -> range:
        """The stations that are folded behind them."""
        return range(self.start + self.length, self.end)

    @property
    def end(self) -> int:
        """The place after the last of them."""
        return self.start + self.length * self.times


def repeats(keys: Sequence[Hashable], depths: Sequence[int]) -> list[Repeat]:
    """All stations, in their order, those that repeat together.

    `keys` says what is the same; `depths` count from the first of a repetition,
    so that both a list of equal branches and a chain of equal causes repeat.

    >>> repeats("abcbcbcd", [0, 1, 2, 1, 2, 1, 2, 1])
    [Repeat(start=0, length=1, times=1), Repeat(start=1, length=2, times=3), \
Repeat(start=7, length=1, times=1)]
    """
    found: list[Repeat] = []
    place = 0
    while place < len(keys):
        best = Repeat(place)
        for length in range(1, _LONGEST + 1):
            times = _times(keys, depths, place, length)
            if times >= FEWEST and times * length > best.end - best.start:
                best = Repeat(place, length, times)
        found.append(best)
        place = best.end
    return found


def _times(keys: Sequence[Hashable], depths: Sequence[int], start: int, length: int) -> int:
    """How often the `length` stations from `start` on are there in succession."""
    times = 1
    while all(
        _is_same(keys, depths, start, length, start + times * length, each)
        for each in range(length)
    ):
        times += 1
    return times


def _is_same(
    keys: Sequence[Hashable], depths: Sequence[int], one: int, length: int, other: int, at: int
) -> bool:
    if other + length > len(keys):
        return False
    return (keys[one + at], depths[one + at] - depths[one]) == (
        keys[other + at],
        depths[other + at] - depths[other],
    )
