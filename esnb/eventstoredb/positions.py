"""Where in the whole log a number that may not be an event's position belongs.

The server reads and subscribes from positions of events only; the library asks
from any number (a section of its notification log begins at the last id + 1).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from typing import NamedTuple

Positions = Generator[int, None, None]
"""Of events, in order; closed when they are not needed any more."""

BEYOND_EVERY_LOG = 1 << 62
"""A log position counts bytes: no log has an event here."""


class Neighbours(NamedTuple):
    """The events next to a number, by their positions."""

    below: int | None
    """The last one below it; None when there is none."""
    at_or_above: int | None
    """The first one at or above it; None when there is none."""


def neighbours(
    number: int,
    forwards: Callable[[int | None], Positions],
    backwards: Callable[[], Positions],
    is_position: Callable[[int], bool],
) -> Neighbours:
    """The events next to `number`, which is not an event's position itself.

    `forwards` reads from a position on (None: from the log's start), `backwards`
    from its end, and `is_position` asks the server whether it reads from a number.

    Three ways are gone at once, a step of each in turn: from both ends of the
    log, and from `number` down to where the event begins in whose bytes it lies.
    So the cost grows with the distance to the nearer end or with the size of that
    event, whichever is less, and not with the log.

    >>> log = [10, 20, 30]
    >>> neighbours(
    ...     15, lambda start: (each for each in log), lambda: (each for each in log[::-1]), log.count
    ... )
    Neighbours(below=10, at_or_above=20)
    """
    below: int | None = None
    above: int | None = None
    lower = number
    with closing(forwards(None)) as ascending, closing(backwards()) as descending:
        while True:
            older = next(ascending, None)
            if older is None or older >= number:
                return Neighbours(below, older)
            newer = next(descending, None)
            if newer is None or newer < number:
                return Neighbours(newer, above)
            below, above, lower = older, newer, lower - 1
            if is_position(lower):
                break
    with closing(forwards(lower)) as positions:
        for position in positions:
            if position >= number:
                return Neighbours(lower, position)
            lower = position
    return Neighbours(lower, None)
