"""A log in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

from esnb.embedded.storage.file_lock import FileLock
from esnb.embedded.storage.log import LogFull, LogUnusable, LogWrite
from esnb.embedded.storage.record import LogRecord
from esnb.embedded.storage.refused import LogDamaged

APPLICATION_ID = 0x65736E62
"""`esnb` in the file's header, where SQLite keeps what program a file belongs to."""
VERSION = 1
"""Raised with every change of the schema."""
_COLUMNS = (int,) * 5 + (bytes,) * 2
_FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""Of a damaged file, SQLite's own words can be damaged as well."""
_ROWS = (100, 10, 1)
"""How many records one statement inserts: SQLite lets go of Python's lock at every
statement, and a busy event loop then keeps it for milliseconds."""


@cache
def _query(name: str) -> str:
    return files(__package__).joinpath("queries", f"{name}.sql").read_text("utf-8")


@cache
def _insertion(rows: int) -> str:
    """`insert_event` for so many records."""
    statement = _query("insert_event").rstrip()
    row = statement[statement.rindex("(") :]
    return ", ".join((statement, *[row] * (rows - 1)))


class SqliteLog:
    """Records in a table. One connection writes, in one thread at a time; another one reads.

    WAL with `synchronous=FULL`: a commit returns when its pages are on disk,
    and readers never wait for it. The file is locked for as long as it is open,
    so that no second server writes to it.
    """

    durable = True

    def __init__(self, path: str | Path) -> None:
        """Open or create; raises `LogUnusable` for any file that is not this program's log."""
        self.path = Path(path).absolute()
        self._lock = FileLock(self.path.with_name(self.path.name + ".lock"))
        try:
            self._lock.acquire()
            _refuse_cut_off(self.path)
            self._writer = _open(self.path)
            self._reader = _connect(self.path)
            self._reader.execute("PRAGMA query_only = ON")
        except (OSError, *_FAULTS) as error:
            self._lock.release()
            raise LogUnusable(
                f"cannot open event log {self.path} ({error}): see whether its disk is full, its "
                "folder can be written and the file is whole, or choose another path"
            ) from error
        except LogUnusable:
            self._lock.release()
            raise

    def head(self) -> LogRecord | None:
        return self._record("head")

    def find_stream(self, name: str) -> int | None:
        return self._number("find_stream", name)

    def find_type(self, name: str) -> int | None:
        return self._number("find_type", name)

    def stream_name(self, number: int) -> str:
        return self._name("stream_name", number)

    def type_name(self, number: int) -> str:
        return self._name("type_name", number)

    def last_stream(self) -> int:
        return self._number("last_stream") or 0

    def last_type(self) -> int:
        return self._number("last_type") or 0

    def last_of(self, stream: int) -> LogRecord | None:
        return self._record("last_of", stream)

    def at(self, stream: int, revision: int) -> LogRecord | None:
        return self._record("at", stream, revision)

    def at_position(self, position: int) -> LogRecord | None:
        return self._record("at_position", position)

    def forwards(self, stream: int, first: int, last: int, limit: int) -> list[LogRecord]:
        return self._records("forwards", stream, first, last, limit)

    def backwards(self, stream: int, first: int, last: int, limit: int) -> list[LogRecord]:
        return self._records("backwards", stream, first, last, limit)

    def all_forwards(self, first: int, last: int, limit: int) -> list[LogRecord]:
        return self._records("all_forwards", first, last, limit)

    def all_backwards(self, first: int, last: int, limit: int) -> list[LogRecord]:
        return self._records("all_backwards", first, last, limit)

    def newest(self, limit: int) -> list[LogRecord]:
        return self._records("newest", limit)[::-1]

    def write(self, batches: Iterable[LogWrite]) -> None:
        connection = self._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            for batch in batches:
                if batch.streams:
                    connection.executemany(_query("insert_stream"), batch.streams)
                if batch.types:
                    connection.executemany(_query("insert_type"), batch.types)
                _insert(connection, batch.records)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise LogFull(
                f"cannot write to event log {self.path} ({error}): free space on its disk, or "
                "restore the file from a copy"
            ) from error

    def clear(self) -> None:
        try:
            self._writer.executescript(f"BEGIN IMMEDIATE; {_query('clear')} COMMIT;")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise LogFull(f"cannot empty event log {self.path}: {error}") from error

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
        self._lock.release()

    def _number(self, query: str, *names: str) -> int | None:
        number = self._value(query, *names)
        if number is not None and not isinstance(number, int):
            raise _damage(self.path, f"{number!r} is not a number")
        return number

    def _name(self, query: str, number: int) -> str:
        name = self._value(query, number)
        if not isinstance(name, str):
            raise _damage(self.path, f"number {number} has no {query.replace('_', ' ')}")
        return name

    def _value(self, query: str, *arguments: Any) -> Any:
        rows = self._rows(query, arguments)
        return rows[0][0] if rows else None

    def _record(self, query: str, *arguments: int) -> LogRecord | None:
        records = self._records(query, *arguments)
        return records[0] if records else None

    def _records(self, query: str, *arguments: int) -> list[LogRecord]:
        return [self._sound(row) for row in self._rows(query, arguments)]

    def _sound(self, row: tuple[Any, ...]) -> LogRecord:
        if tuple(map(type, row)) != _COLUMNS:
            raise _damage(self.path, f"{row[0]!r} is not the position of an event")
        return LogRecord._make(row)

    def _rows(self, query: str, arguments: Sequence[Any]) -> list[Any]:
        try:
            return self._reader.execute(_query(query), arguments).fetchall()
        except _FAULTS as error:
            raise _damage(self.path, error) from error


def _damage(path: Path, reason: object) -> LogDamaged:
    return LogDamaged(
        f"event log {path} cannot be read ({reason}): restore it from a copy, save what is left "
        f"of it (sqlite3 {path.name} .recover), or choose another path"
    )


def _insert(connection: sqlite3.Connection, records: list[LogRecord]) -> None:
    start = 0
    for rows in _ROWS:
        while len(records) - start >= rows:
            taken = records[start : start + rows]
            connection.execute(_insertion(rows), tuple(chain.from_iterable(taken)))
            start += rows


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.DatabaseError as error:
        connection.close()
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise LogUnusable(f"{path} is not an event log of esnb: choose another path") from error
    return connection


def _open(path: Path) -> sqlite3.Connection:
    """A connection to a log of this version, created where there is none yet."""
    connection = _connect(path)
    try:
        if _is_blank(connection):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(
                f"BEGIN EXCLUSIVE; PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {VERSION}; {_query('schema')} COMMIT;"
            )
        _refuse_foreign(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _is_blank(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever kept here: a new file, or one whose maker was killed at once."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    return not tables and not application


def _refuse_cut_off(path: Path) -> None:
    """SQLite would take the file for a new one, and delete what was written ahead of it."""
    ahead = path.with_name(path.name + "-wal")
    if _is_empty(path) and ahead.exists() and not _is_empty(ahead):
        raise LogUnusable(
            f"event log {path} is empty, and {ahead.name} beside it is not: restore it from a "
            "copy, or choose another path"
        )


def _is_empty(path: Path) -> bool:
    return path.is_file() and not path.stat().st_size


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise LogUnusable(
            f"{path} is the database of another program, not an event log of esnb: "
            "choose another path"
        )
    if version != VERSION:
        raise LogUnusable(
            f"{path} is an event log of format {version}, and this esnb reads format "
            f"{VERSION}: use the esnb version that wrote it, or choose another path"
        )
