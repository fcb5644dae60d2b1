"""When the projections run: behind the appends, not beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

QUIET_SECONDS = 0.02
PATIENCE_SECONDS = 0.4
SLICE_SECONDS = 0.04


class Throttle:
    """Lets the projector work for a slice of time, and again after a moment without appends, or
    for a tenth of the time.

    A client that appends without a pause would otherwise share the processor
    with three emissions an event. One that appends a few events finds links
    when it looks for them, but not yet of its last append: that is left alone
    until there is other news, or a moment without. So a subscription that is
    made right after it, from the end of the links, begins with them, as it
    does where the projections are slower. A slice is measured by `cpu_time`, the
    time that the processor has worked: a wait for the disk holds up nobody.
    """

    def __init__(
        self,
        head: Callable[[], int],
        clock: Callable[[], float],
        cpu_time: Callable[[], float],
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self._head = head
        self._clock = clock
        self._cpu_time = cpu_time
        self._quiet_seconds = quiet
        self._left = SLICE_SECONDS
        self._begun = cpu_time()
        self._ended = clock()

    async def turn(self, news: Callable[[], Awaitable[None]]) -> int:
        """Return when it is the projections' turn, until it is `over` or they `rest`.

        They have it up to the position returned; `news` returns when there is some.
        """
        now = self._clock()
        if now - self._ended >= self._quiet_seconds:
            self._left = SLICE_SECONDS
        if self._left > 0:
            last = self._head()
            # Python 3.11's wait_for loses a cancellation that comes together with the news.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._quiet_seconds):
                    await news()
        else:
            await self._quiet(now + PATIENCE_SECONDS)
            self._left = SLICE_SECONDS
            last = self._head()
        self._begun = self._cpu_time()
        return last

    def rest(self) -> None:
        """The turn has ended: what is left of the slice is for the next."""
        self._ended = self._clock()
        self._left -= self._cpu_time() - self._begun

    @property
    def over(self) -> bool:
        """Whether the turn has lasted long enough."""
        return self._cpu_time() - self._begun >= self._left

    async def _quiet(self, patience: float) -> None:
        """Return when the log has stood still for a moment, or when `patience` ends."""
        while True:
            seen = self._head()
            await asyncio.sleep(self._quiet_seconds)
            if self._head() == seen or self._clock() >= patience:
                return
