"""When the projections run: behind the appends, not beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

QUIET_SECONDS = 0.02
PATIENCE_SECONDS = 0.4
SPELL_SECONDS = 0.04


class Pace:
    """Lets the projector work for a spell, and again after a moment without appends, or
    for a tenth of the time.

    A client that appends without a pause would otherwise share the processor
    with three emissions an event. One that appends a few events finds their
    links when it looks for them. A spell is measured by `effort`, the time that
    the processor has worked: a wait for the disk holds up nobody.
    """

    def __init__(
        self, head: Callable[[], int], clock: Callable[[], float], effort: Callable[[], float]
    ) -> None:
        self._head = head
        self._clock = clock
        self._effort = effort
        self._left = SPELL_SECONDS
        self._begun = effort()
        self._ended = clock()

    async def turn(self) -> None:
        """Return when it is the projections' turn, until it is `over` or they `rest`."""
        now = self._clock()
        if now - self._ended >= QUIET_SECONDS:
            self._left = SPELL_SECONDS
        elif self._left <= 0:
            await self._quiet(now + PATIENCE_SECONDS)
            self._left = SPELL_SECONDS
        self._begun = self._effort()

    def rest(self) -> None:
        """The turn has ended: what is left of the spell is for the next."""
        self._ended = self._clock()
        self._left -= self._effort() - self._begun

    @property
    def over(self) -> bool:
        """Whether the turn has lasted long enough."""
        return self._effort() - self._begun >= self._left

    async def _quiet(self, patience: float) -> None:
        """Return when the log has stood still for a moment, or when `patience` ends."""
        while True:
            seen = self._head()
            await asyncio.sleep(QUIET_SECONDS)
            if self._head() == seen or self._clock() >= patience:
                return
