"""Who waits for news of which stream. Subscribers keep their own place in the log; this
only wakes them, so a slow one costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from esnb.embedded.streams.errors import StoreEmptied


class Bell:
    """One subscriber's wake-up."""

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

    def ring(self) -> None:
        """There is news."""
        self._event.set()

    def end(self) -> None:
        """There will be no more news."""
        self._emptied = True
        self._event.set()


class Feed:
    """Bells by stream; those of `$all` ring at every commit."""

    def __init__(self) -> None:
        self._of_all: set[Bell] = set()
        self._of_stream: dict[str, set[Bell]] = {}

    @contextmanager
    def all(self) -> Iterator[Bell]:
        """A bell that rings at every commit."""
        bell = Bell()
        self._of_all.add(bell)
        try:
            yield bell
        finally:
            self._of_all.discard(bell)

    @contextmanager
    def streams(self, *names: str) -> Iterator[Bell]:
        """A bell that rings when one of the named streams gets events."""
        bell = Bell()
        for name in names:
            self._of_stream.setdefault(name, set()).add(bell)
        try:
            yield bell
        finally:
            for name in names:
                bells = self._of_stream[name]
                bells.discard(bell)
                if not bells:
                    del self._of_stream[name]

    def news(self, streams: Sequence[str]) -> None:
        """Ring for the streams that got events."""
        if not streams:
            return
        for bell in self._of_all:
            bell.ring()
        if self._of_stream:
            for name in set(streams):
                for bell in self._of_stream.get(name, ()):
                    bell.ring()

    def end(self) -> None:
        """The store was emptied: every waiting subscription ends."""
        for bell in self._of_all:
            bell.end()
        for bells in self._of_stream.values():
            for bell in bells:
                bell.end()
