"""Group commit: batches that arrive while the disk is busy share the next transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple, Protocol

from esnb.embedded.storage.log import LogFull, LogWrite
from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.streams.errors import WriteFailed
from esnb.embedded.streams.store import Store

News = Callable[[Sequence[str]], None]
"""Told the names of the streams that have new events."""

_PROMPT_SECONDS = 0.005
_PROMPT_RECORDS = 256
"""What the event loop itself writes at most, and how long the last write may have taken
for that: handing over to a thread and back costs as long as a good disk's sync."""


class Committer(Protocol):
    """Makes prepared batches durable, in their order."""

    async def commit(self, batch: LogWrite) -> None:
        """Return when the batch and all before it are durable and shown.

        Raises `WriteFailed`, and `LogDamaged` where it is durable and cannot be shown.
        """

    async def close(self) -> None:
        """Finish what was handed in."""


class ImmediateCommitter:
    """For a log without a disk to wait for."""

    def __init__(self, store: Store, news: News) -> None:
        self._store = store
        self._news = news

    async def commit(self, batch: LogWrite) -> None:
        self._store.log.write((batch,))
        self._news(self._store.committed(batch))

    async def close(self) -> None:
        """Nothing is ever left to finish."""


class _Pending(NamedTuple):
    batch: LogWrite
    done: asyncio.Future[None]


class GroupCommitter:
    """Writes what waits in one transaction, then what came in meanwhile in the next.

    On a prompt disk the event loop writes; on a slow one a thread does, so that
    readers need not wait. A batch that was prepared while an earlier one was
    being written stands on that one's events, and fails with it.
    """

    def __init__(
        self, store: Store, news: News, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._news = news
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Pending] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._prompt = False
        self._thread = ThreadPoolExecutor(1, "esnb-log-writer")

    async def commit(self, batch: LogWrite) -> None:
        if self._closed:
            raise WriteFailed("the server is closing its log")
        pending = _Pending(batch, self._loop.create_future())
        self._waiting.append(pending)
        if self._idle.is_set():
            self._idle.clear()
            # Not at once: what else came in with it shares the transaction.
            self._loop.call_soon(self._begin)
        await pending.done

    async def close(self) -> None:
        self._closed = True
        await self._idle.wait()
        self._thread.shutdown()

    def _begin(self) -> None:
        items, self._waiting = self._waiting, []
        started = self._clock()
        if self._prompt and sum(len(item.batch.records) for item in items) <= _PROMPT_RECORDS:
            self._end(items, started, self._write(items))
            return
        writing = self._loop.run_in_executor(self._thread, self._write, items)
        writing.add_done_callback(lambda written: self._end(items, started, written.result()))

    def _write(self, items: list[_Pending]) -> LogFull | None:
        """What kept the items from being written."""
        try:
            self._store.log.write([item.batch for item in items])
        except LogFull as error:
            return error
        return None

    def _end(self, items: list[_Pending], started: float, error: LogFull | None) -> None:
        self._prompt = self._clock() - started < _PROMPT_SECONDS
        if error is None:
            self._succeed(items)
        else:
            self._fail(items, error)
        if self._waiting:
            self._loop.call_soon(self._begin)
        else:
            self._idle.set()

    def _succeed(self, items: list[_Pending]) -> None:
        names: list[str] = []
        for item in items:
            try:
                names += self._store.committed(item.batch)
            except LogDamaged as error:
                _settle(item, error)
            else:
                _settle(item)
        self._news(names)

    def _fail(self, items: list[_Pending], error: LogFull) -> None:
        unsound, self._waiting = self._waiting, []
        with suppress(LogDamaged):  # every later call is told of it
            self._store.abandon()
        for item in items:
            _settle(item, WriteFailed(str(error)))
        for item in unsound:
            _settle(item, WriteFailed("an earlier write failed"))


def _settle(item: _Pending, error: Exception | None = None) -> None:
    """Tell whoever waits, if somebody still does."""
    if item.done.done():
        return
    if error is None:
        item.done.set_result(None)
    else:
        item.done.set_exception(error)
