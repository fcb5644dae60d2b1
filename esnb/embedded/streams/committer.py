"""Group commit: batches that arrive while the disk is busy share the next transaction."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from esnb.embedded.storage.log import Batch, Log, LogFull
from esnb.embedded.streams.errors import WriteFailed
from esnb.embedded.streams.store import Store

News = Callable[[Sequence[str]], None]
"""Told the names of the streams that have new events."""


class Committer(Protocol):
    """Makes prepared batches durable, in their order."""

    async def commit(self, batch: Batch) -> None:
        """Return when the batch and all before it are durable and shown; or raise `WriteFailed`."""

    async def close(self) -> None:
        """Finish what was handed in."""


class ImmediateCommitter:
    """For a log without a disk to wait for."""

    def __init__(self, store: Store, news: News) -> None:
        self._store = store
        self._news = news

    async def commit(self, batch: Batch) -> None:
        self._store.log.write((batch,))
        self._news(self._store.committed(batch))

    async def close(self) -> None:
        """Nothing is ever left to finish."""


class _Pending:
    __slots__ = ("batch", "done", "era")

    def __init__(self, batch: Batch, done: asyncio.Future[None], era: int) -> None:
        self.batch = batch
        self.done = done
        self.era = era


class GroupCommitter:
    """One thread writes; everything else happens in the event loop.

    A batch that was prepared while an earlier one was failing stands on events
    that do not exist: `era` tells such batches apart, and they fail as well.
    """

    def __init__(self, store: Store, news: News) -> None:
        self._store = store
        self._news = news
        self._loop = asyncio.get_running_loop()
        self._era = 0
        self._closed = False
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="esnb-log-writer", daemon=True)
        self._thread.start()

    async def commit(self, batch: Batch) -> None:
        if self._closed:
            raise WriteFailed("the server is closing its log")
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put(_Pending(batch, done, self._era))
        await done

    async def close(self) -> None:
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        log: Log = self._store.log
        failed_era = -1
        while True:
            pending, closing = self._taken()
            sound = [item for item in pending if item.era != failed_era]
            unsound = [item for item in pending if item.era == failed_era]
            error: LogFull | None = None
            if sound:
                try:
                    log.write([item.batch for item in sound])
                except LogFull as full:
                    error, failed_era = full, sound[0].era
            if unsound:
                self._tell(self._fail, unsound, "an earlier write failed")
            if error is not None:
                self._tell(self._fail, sound, str(error))
            elif sound:
                self._tell(self._succeed, sound)
            if closing:
                return

    def _taken(self) -> tuple[list[_Pending], bool]:
        """All that waits, at least one; and whether that was the last."""
        items = [self._queue.get()]
        while True:
            try:
                items.append(self._queue.get_nowait())
            except queue.Empty:
                break
        pending = [item for item in items if item is not None]
        return pending, len(pending) < len(items)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        self._loop.call_soon_threadsafe(callback, *arguments)

    def _succeed(self, items: list[_Pending]) -> None:
        names: list[str] = []
        for item in items:
            names += self._store.committed(item.batch)
            if not item.done.done():
                item.done.set_result(None)
        self._news(names)

    def _fail(self, items: list[_Pending], reason: str) -> None:
        if items[0].era == self._era:
            self._era += 1
            self._store.abandon()
        for item in items:
            if not item.done.done():
                item.done.set_exception(WriteFailed(reason))
