"""Group commit: order, shared transactions, and what becomes of promises when the disk fails."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterable

import pytest

from esnb.embedded.storage.log import LogFull, LogWrite
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import LogRecord
from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.streams.committer import GroupCommitter
from esnb.embedded.streams.errors import WriteFailed
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.store import Store
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_logs import Clock, event
from tests.waiting import DEADLINE


class SlowLog(MemoryLog):
    """Writes when it is let, and fails when it is told to."""

    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.loop = asyncio.get_running_loop()
        self.begun = asyncio.Event()
        self.fails = False
        self.transactions: list[int] = []

    def write(self, batches: Iterable[LogWrite]) -> None:
        batches = list(batches)
        self.loop.call_soon_threadsafe(self.begun.set)
        assert self.gate.acquire(timeout=DEADLINE)
        self.transactions.append(len(batches))
        if self.fails:
            raise LogFull("no space left")
        super().write(batches)


class Bench:
    """A store over a slow log."""

    def __init__(self) -> None:
        self.log = SlowLog()
        self.store = Store(self.log, Clock())
        self.news: list[list[str]] = []
        self.committer = GroupCommitter(
            self.store, lambda names: self.news.append(list(names)), itertools.count().__next__
        )

    def append(self, stream: str) -> asyncio.Task[None]:
        _, batch = self.store.append(stream, ANY, [event()])
        return asyncio.create_task(self.committer.commit(batch))

    def length(self, stream: str) -> int:
        found = Reader(self.store).forwards(stream, 0, 99)
        return 0 if found is None else len(list(found.records))


async def settled(*tasks: asyncio.Task[None]) -> list[BaseException | None]:
    async with asyncio.timeout(DEADLINE):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def started(bench: Bench, *streams: str) -> list[asyncio.Task[None]]:
    tasks = [bench.append(stream) for stream in streams]
    await asyncio.sleep(0)  # each task hands its batch in
    return tasks


class WatchedLog(MemoryLog):
    """Notes which thread writes; each write takes as long as it is told."""

    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.seconds = 0.0
        self.writers: list[bool] = []

    def write(self, batches: Iterable[LogWrite]) -> None:
        self.now += self.seconds
        self.writers.append(threading.current_thread() is threading.main_thread())
        super().write(batches)


def test_event_loop_writes_itself_while_the_disk_is_prompt() -> None:
    async def scenario() -> None:
        log = WatchedLog()
        store = Store(log, Clock())
        committer = GroupCommitter(store, lambda names: None, lambda: log.now)

        async def append(events: int) -> bool:
            _, batch = store.append("a", ANY, [event() for _ in range(events)])
            await committer.commit(batch)
            return log.writers[-1]

        assert not await append(1), "nothing is known of the disk yet"
        assert await append(1)
        assert not await append(1000), "a long write holds up the readers"
        log.seconds = 0.01
        assert await append(1)
        assert not await append(1), "the last write took 10 ms"
        log.seconds = 0.001
        assert not await append(1)
        assert await append(1)
        await committer.close()

    asyncio.run(scenario())


def test_what_waits_shares_a_transaction() -> None:
    async def scenario() -> None:
        bench = Bench()
        tasks = await started(bench, "a")
        await bench.log.begun.wait()
        tasks += await started(bench, "b", "c", "b")
        bench.log.gate.release(2)
        assert await settled(*tasks) == [None] * 4
        assert bench.log.transactions == [1, 3]
        assert [bench.length(name) for name in "abc"] == [1, 2, 1]
        assert [name for names in bench.news for name in names] == ["a", "b", "c", "b"]
        await bench.committer.close()

    asyncio.run(scenario())


def test_nothing_is_shown_before_it_is_written() -> None:
    async def scenario() -> None:
        bench = Bench()
        (task,) = await started(bench, "a")
        assert bench.length("a") == 0
        bench.log.gate.release()
        assert await settled(task) == [None]
        assert bench.length("a") == 1
        await bench.committer.close()

    asyncio.run(scenario())


def test_failed_write_fails_what_was_built_on_it_and_nothing_else() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.log.fails = True
        first = await started(bench, "a")
        await bench.log.begun.wait()
        second = await started(bench, "a")  # revision 1 of a stream whose revision 0 fails
        bench.log.gate.release(1)
        outcomes = await settled(*first, *second)
        assert all(isinstance(outcome, WriteFailed) for outcome in outcomes)
        assert "no space left" in str(outcomes[0])
        assert bench.length("a") == 0
        bench.log.fails = False
        bench.log.gate.release(1)
        third = await started(bench, "a")
        assert await settled(*third) == [None]
        found = Reader(bench.store).forwards("a", 0, 9)
        assert found is not None
        assert [record.revision for record in found.records] == [0]
        await bench.committer.close()

    asyncio.run(scenario())


def test_closed_committer_takes_nothing() -> None:
    async def scenario() -> None:
        bench = Bench()
        tasks = await started(bench, "a", "b")
        bench.log.gate.release(2)
        await bench.committer.close()
        assert await settled(*tasks) == [None, None]
        with pytest.raises(WriteFailed):
            await bench.committer.commit(LogWrite())

    asyncio.run(scenario())


class DamagedLog(MemoryLog):
    """Cannot be read any more; nor written, where it `is_full`."""

    durable = True
    is_damaged = is_full = False

    def last_of(self, stream: int) -> LogRecord | None:
        self._check()
        return super().last_of(stream)

    def newest(self, limit: int) -> list[LogRecord]:
        self._check()
        return super().newest(limit)

    def write(self, batches: Iterable[LogWrite]) -> None:
        if self.is_full:
            raise LogFull("no space left")
        super().write(batches)

    def _check(self) -> None:
        if self.is_damaged:
            raise LogDamaged("a page is damaged")


@pytest.mark.parametrize(("is_full", "expected"), [(True, WriteFailed), (False, LogDamaged)])
def test_nobody_waits_for_ever_for_a_log_that_was_damaged_meanwhile(
    is_full: bool, expected: type[Exception]
) -> None:
    async def scenario() -> None:
        log = DamagedLog()
        store = Store(log, Clock())
        committer = GroupCommitter(store, lambda names: None)
        _, batch = store.append("a", ANY, [event()])
        log.is_damaged, log.is_full = True, is_full
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(expected):
                await committer.commit(batch)
            await committer.close()

    asyncio.run(scenario())
