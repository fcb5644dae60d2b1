"""What a runner's thread does."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field

from esnb.running.progress import Progress


class Work(ABC):
    """The work of one thread, told and asked in a `Progress`.

    It refers to no runner, so that a runner that nobody holds is collected, and ends.
    """

    @abstractmethod
    def run(self) -> None:
        """Works until it is asked to stop, or has failed; what it raises it fails with."""

    def interrupt(self) -> None:  # noqa: B027 - most wait for their progress only
        """Ends a wait for something other than a change of the progress. From any thread."""


@dataclass
class LoopWork(Work):
    """Work in an event loop of the thread's own."""

    progress: Progress
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _wake: asyncio.Event | None = field(default=None, init=False)

    def run(self) -> None:
        asyncio.run(self._begin())

    def interrupt(self) -> None:
        with self.progress.changed:
            loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(wake.set)

    async def _begin(self) -> None:
        with self.progress.changed:
            self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
            if self.progress.stop:
                self._wake.set()
        await self._main(self._wake)

    @abstractmethod
    async def _main(self, wake: asyncio.Event) -> None:
        """As `run()`; `wake` is set when something is asked of it."""


async def woken(wake: asyncio.Event, seconds: float) -> bool:
    """Waits for so many seconds at most; whether it was woken."""
    try:
        async with asyncio.timeout(seconds):
            return await wake.wait()
    except TimeoutError:
        return False
