"""One running store: its log, its readers, its subscribers, and what makes writes durable."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from esnb.embedded.storage.log import LogFull, LogWrite, StorageLog
from esnb.embedded.storage.record import Proposed
from esnb.embedded.streams.bootstrap import bootstrap
from esnb.embedded.streams.committer import Committer, GroupCommitter, ImmediateCommitter
from esnb.embedded.streams.errors import WriteFailed
from esnb.embedded.streams.feed import NewsFeed
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.store import Clock, Store, Written


def system_clock() -> int:
    """Now, in units of 100 ns since 1970."""
    return time.time_ns() // 100


async def _nothing() -> None:
    """What follows an append of most nodes."""


class Node:
    """Belongs to the event loop in which it was made."""

    after_append: Callable[[], Awaitable[None]] = staticmethod(_nothing)
    """Done before an append is answered."""

    def __init__(self, log: StorageLog, clock: Clock = system_clock) -> None:
        self.store = Store(log, clock)
        self.reader = Reader(self.store)
        self.feed = NewsFeed()
        if self.store.head == 0:
            bootstrap(self.store)
        self._committer = self._new_committer()

    async def append(self, stream: str, expected: int, events: Sequence[Proposed]) -> Written:
        """Append, and return when it is durable; errors as in `Store.append`."""
        written, batch = self.store.append(stream, expected, events)
        await self._committer.commit(batch)
        await self.after_append()
        return written

    async def delete(self, stream: str, expected: int) -> Written:
        """Soft-delete; errors as in `Store.append`."""
        written, batch = self.store.delete(stream, expected)
        await self._committer.commit(batch)
        return written

    async def tombstone(self, stream: str, expected: int) -> Written:
        """Delete for good; errors as in `Store.append`."""
        written, batch = self.store.tombstone(stream, expected)
        await self._committer.commit(batch)
        return written

    async def emit(self, emissions: Mapping[str, Sequence[Proposed]]) -> None:
        """Append the server's own events, stream by stream, all of them or none.

        Returns when they are durable; raises `WriteFailed`.
        """
        batch = LogWrite()
        for stream, events in emissions.items():
            self.store.emit(batch, stream, events)
        await self._committer.commit(batch)

    async def reset(self) -> None:
        """Empty the store, as new. Subscriptions end with `StoreEmptied`.

        Raises `WriteFailed`; the store is then as it was.
        """
        await self._committer.close()
        self._committer = self._new_committer()
        try:
            self.store.log.clear()
        except LogFull as error:
            raise WriteFailed(str(error)) from error
        self.store.abandon()
        bootstrap(self.store)
        self.feed.end()

    async def close(self) -> None:
        """Finish what was promised and let the log go."""
        await self._committer.close()
        self.store.log.close()

    def _new_committer(self) -> Committer:
        kind = GroupCommitter if self.store.log.durable else ImmediateCommitter
        return kind(self.store, self.feed.news)
