"""Where in the whole log a number that may be no event's position belongs.

The server reads and subscribes from positions of events only; the library asks
from any number (a section of its notification log begins at the last id + 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

BEYOND_EVERY_LOG = 1 << 62
"""A log position counts bytes: no log has an event here."""


@dataclass(frozen=True)
class Neighbours:
    """The events next to a number, by their positions."""

    below: int | None
    """The last one below it; None when there is none."""
    at_or_above: int | None
    """The first one at or above it; None when there is none."""


def neighbours(number: int, forwards: Iterator[int], backwards: Iterator[int]) -> Neighbours:
    """Finds the events next to `number` by reading the log from both ends in turn.

    `forwards` yields positions ascending from the log's start, `backwards`
    descending from its end. It costs twice the way from the nearer end.

    >>> neighbours(15, iter([10, 20, 30]), iter([30, 20, 10]))
    Neighbours(below=10, at_or_above=20)
    """
    below: int | None = None
    above: int | None = None
    while True:
        ascending = next(forwards, None)
        if ascending is None:
            return Neighbours(below, None)
        if ascending >= number:
            return Neighbours(below, ascending)
        below = ascending
        descending = next(backwards, None)
        if descending is None:
            return Neighbours(None, above)
        if descending < number:
            return Neighbours(descending, above)
        above = descending
