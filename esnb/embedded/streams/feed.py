"""Who waits for news of which stream. Subscribers keep their own place in the log; this
only wakes them, so a slow one costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from esnb.embedded.streams.errors import StoreEmptied


class Wakeup:
    """Wakes one subscriber."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._emptied = False

    async def wait(self) -> None:
        """Return when there was news since the last return; raises `StoreEmptied` after a reset."""
        await self._event.wait()
        self.check()
        self._event.clear()

    def check(self) -> None:
        """Raise `StoreEmptied` when the store was."""
        if self._emptied:
            raise StoreEmptied

    def clear(self) -> None:
        """Take the news so far as known."""
        self.check()
        self._event.clear()

    def notify(self) -> None:
        """There is news."""
        self._event.set()

    def end(self) -> None:
        """There will be no more news."""
        self._emptied = True
        self._event.set()


class NewsFeed:
    """Wakeups by stream; every commit notifies those of `$all`."""

    def __init__(self) -> None:
        self._of_all: set[Wakeup] = set()
        self._of_stream: dict[str, set[Wakeup]] = {}

    @contextmanager
    def all(self) -> Iterator[Wakeup]:
        """A wakeup that every commit notifies."""
        wakeup = Wakeup()
        self._of_all.add(wakeup)
        try:
            yield wakeup
        finally:
            self._of_all.discard(wakeup)

    @contextmanager
    def streams(self, *names: str) -> Iterator[Wakeup]:
        """A wakeup that is notified when one of the named streams gets events."""
        wakeup = Wakeup()
        for name in names:
            self._of_stream.setdefault(name, set()).add(wakeup)
        try:
            yield wakeup
        finally:
            for name in names:
                wakeups = self._of_stream[name]
                wakeups.discard(wakeup)
                if not wakeups:
                    del self._of_stream[name]

    def news(self, streams: Sequence[str]) -> None:
        """Notify those of the streams that got events."""
        if not streams:
            return
        for wakeup in self._of_all:
            wakeup.notify()
        if self._of_stream:
            for name in set(streams):
                for wakeup in self._of_stream.get(name, ()):
                    wakeup.notify()

    def end(self) -> None:
        """The store was emptied: every waiting subscription ends."""
        for wakeup in self._of_all:
            wakeup.end()
        for wakeups in self._of_stream.values():
            for wakeup in wakeups:
                wakeup.end()
