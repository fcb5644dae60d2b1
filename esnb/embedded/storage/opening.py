"""Which log a server keeps its records in."""

from __future__ import annotations

from pathlib import Path

from esnb.embedded.storage.log import StorageLog
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.sqlite_log import SqliteLog


def open_log(path: str | Path | None) -> StorageLog:
    """A log in memory, or in the file `path`; raises `LogUnusable`."""
    return MemoryLog() if path is None else SqliteLog(path)
