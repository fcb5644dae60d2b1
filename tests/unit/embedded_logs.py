"""Logs, events and clocks for tests of the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from esnb.embedded.storage.log import StorageLog
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import Proposed
from esnb.embedded.storage.sqlite_log import SqliteLog
from esnb.embedded.streams.store import Store, Written

_ids = count(1)


def event(
    type: str = "Happened", data: bytes = b"{}", *, is_json: bool = True, id: int | None = None
) -> Proposed:
    """An event with an id of its own, or with `id`."""
    number = next(_ids) + 2**64 if id is None else id
    return Proposed(number.to_bytes(16, "big"), type, is_json, data, b"")


class Clock:
    """Says what it was set to."""

    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[StorageLog]:
    """A log in memory, or in a file of `folder`."""
    log: StorageLog = MemoryLog() if kind == "memory" else SqliteLog(folder / "events.db")
    try:
        yield log
    finally:
        log.close()


def append(store: Store, stream: str, expected: int, *events: Proposed) -> Written:
    """Append and write at once."""
    written, batch = store.append(stream, expected, events)
    store.log.write((batch,))
    store.committed(batch)
    return written
