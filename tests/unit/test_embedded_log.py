"""One contract for both logs, and what a file may be."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from esnb.embedded.storage.log import LogFull, LogUnusable, LogWrite, StorageLog
from esnb.embedded.storage.names import NewName
from esnb.embedded.storage.record import TOMBSTONE, LogRecord
from esnb.embedded.storage.sqlite_log import SqliteLog
from tests.unit.embedded_logs import opened


def record(position: int, stream: int, revision: int) -> LogRecord:
    return LogRecord(position, stream, revision, 1, position * 10, bytes(16), b"body %d" % position)


A0, B0, A1, A2, B1 = (
    record(10, 1, 0),
    record(25, 2, 0),
    record(40, 1, 1),
    record(55, 1, 2),
    record(70, 2, TOMBSTONE),
)
FIRST = LogWrite([A0, B0], [NewName(1, "a"), NewName(2, "b")], [NewName(1, "Happened")])
SECOND = LogWrite([A1, A2])
THIRD = LogWrite([B1])


@pytest.fixture(params=["memory", "disk"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageLog]:
    with opened(request.param, tmp_path) as log:
        log.write((FIRST,))
        log.write((SECOND, THIRD))
        yield log


def test_names(log: StorageLog) -> None:
    assert (log.find_stream("b"), log.stream_name(2), log.last_stream()) == (2, "b", 2)
    assert (log.find_type("Happened"), log.type_name(1), log.last_type()) == (1, "Happened", 1)
    assert log.find_stream("c") is None
    assert log.find_type("c") is None


def test_by_stream(log: StorageLog) -> None:
    assert log.last_of(1) == A2
    assert log.last_of(2) == B1
    assert log.last_of(3) is None
    assert log.at(1, 1) == A1
    assert log.at(1, 3) is None
    assert log.forwards(1, 0, 2, 2) == [A0, A1]
    assert log.forwards(1, 1, 9, 9) == [A1, A2]
    assert log.backwards(1, 0, 2, 2) == [A2, A1]
    assert log.backwards(1, 0, 1, 9) == [A1, A0]
    assert log.forwards(3, 0, 9, 9) == []


def test_by_position(log: StorageLog) -> None:
    assert log.head() == B1
    assert log.at_position(40) == A1
    assert log.at_position(41) is None
    assert log.all_forwards(25, 55, 9) == [B0, A1, A2]
    assert log.all_forwards(26, 99, 1) == [A1]
    assert log.all_backwards(0, 54, 9) == [A1, B0, A0]
    assert log.all_backwards(0, 99, 2) == [B1, A2]
    assert log.newest(2) == [A2, B1]


def test_cleared(log: StorageLog) -> None:
    log.clear()
    assert log.head() is None
    assert log.find_stream("a") is None
    assert log.last_stream() == 0
    log.write((FIRST,))
    assert log.all_forwards(0, 99, 9) == [A0, B0]


def test_file_is_kept(tmp_path: Path) -> None:
    with opened("disk", tmp_path) as log:
        log.write((FIRST, SECOND))
    with opened("disk", tmp_path) as log:
        assert log.all_forwards(0, 99, 9) == [A0, B0, A1, A2]
        assert log.last_stream() == 2


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with opened("disk", tmp_path) as log:
        log.write((FIRST,))
        with pytest.raises(LogFull, match=r"events\.db"):
            log.write((SECOND, LogWrite([A0])))
        assert log.all_forwards(0, 99, 9) == [A0, B0]
        log.write((SECOND,))
        assert log.head() == A2


def test_long_path_with_space_and_umlaut(tmp_path: Path) -> None:
    folder = tmp_path / ("ein langer Pfad für Ereignisse " * 5).strip()
    folder.mkdir()
    with opened("disk", folder) as log:
        log.write((FIRST,))
        assert log.head() == B0


def test_file_in_use(tmp_path: Path) -> None:
    with opened("disk", tmp_path), pytest.raises(LogUnusable, match="in use by another server"):
        SqliteLog(tmp_path / "events.db")
    with opened("disk", tmp_path) as log:
        assert log.head() is None


def foreign_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (x)")
    connection.close()


def later_version(path: Path) -> None:
    SqliteLog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def text(path: Path) -> None:
    path.write_text("not a database, but longer than a header of one would be\n" * 9)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (foreign_database, "another program"),
        (later_version, "format 99"),
        (text, "not an event log"),
        (Path.mkdir, "cannot open"),
    ],
)
def test_other_files_are_refused_and_left_alone(make: object, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(LogUnusable, match=says) as refused:
        SqliteLog(path)
    assert str(path) in str(refused.value)
    assert before == (path.read_bytes() if path.is_file() else None)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(LogUnusable, match="nowhere"):
        SqliteLog(tmp_path / "nowhere" / "events.db")
