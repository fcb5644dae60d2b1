"""When the projections run: behind the appends, not beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

QUIET_SECONDS = 0.02
PATIENCE_SECONDS = 0.4
SPELL_SECONDS = 0.04


class Pace:
    """Lets the projector wait for a moment without appends, or for a tenth of the time.

    A client that appends without a pause would otherwise share the processor
    with three emissions an event.
    """

    def __init__(self, head: Callable[[], int], clock: Callable[[], float]) -> None:
        self._head = head
        self._clock = clock
        self._until = 0.0

    async def turn(self) -> None:
        """Return when it is the projections' turn."""
        patience = self._clock() + PATIENCE_SECONDS
        while True:
            seen = self._head()
            await asyncio.sleep(QUIET_SECONDS)
            if self._head() == seen or self._clock() >= patience:
                self._until = self._clock() + SPELL_SECONDS
                return

    @property
    def over(self) -> bool:
        """Whether the turn has lasted long enough."""
        return self._clock() >= self._until
