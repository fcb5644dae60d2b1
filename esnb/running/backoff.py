"""Pauses between attempts: longer each time, and never two alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

SHORTEST = 0.05
LONGEST = 5.0


@dataclass
class Backoff:
    """Seconds to wait before the next attempt: doubled each time, with jitter.

    Each pause lies between half and the whole of its step, so that many
    runners do not come back to a restarted server at the same moment.

    >>> backoff = Backoff(shortest=1, longest=3, chance=lambda: 1.0)
    >>> [backoff.next() for _ in range(3)]
    [1.0, 2.0, 3.0]
    >>> backoff.reset()
    >>> backoff.next()
    1.0
    """

    shortest: float = SHORTEST
    longest: float = LONGEST
    chance: Callable[[], float] = random.random
    """A number from 0 to 1 each time it is called."""
    _step: float = 0.0

    def next(self) -> float:
        """The pause before the next attempt."""
        self._step = min(self.longest, 2 * self._step or self.shortest)
        return self._step * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        """Begins again: an attempt has succeeded."""
        self._step = 0.0
