"""A write that the machine did not finish: what was acknowledged before it stays."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esnb.clients.installed import NewEvent, StreamState
from tests.embedded_process import EmbeddedProcess

APPENDS = 30


def appended_and_killed(path: Path) -> list[uuid.UUID]:
    """The acknowledged events of a server that was killed before it could tidy up."""
    with EmbeddedProcess(path) as server:
        client = server.client()
        # The links of the system projections would be written in between.
        for name in ("streams", "stream_by_category", "by_category", "by_event_type"):
            client.disable_projection(f"${name}")
        client.disable_projection("$by_correlation_id")
        events = [NewEvent("Happened", b"{}" + b" " * 3000) for _ in range(APPENDS)]
        for event in events:
            client.append_to_stream("a", current_version=StreamState.ANY, events=event)
        server.kill()
    return [event.id for event in events]


def stored(path: Path) -> list[uuid.UUID]:
    """The stream after a restart; the server must go on with it, too."""
    with EmbeddedProcess(path) as server:
        client: Any = server.client()
        found = [event.id for event in client.get_stream("a")]
        client.append_to_stream(
            "a", current_version=len(found) - 1, events=NewEvent("Happened", b"{}")
        )
        assert [event.stream_position for event in client.get_stream("a")] == [
            *range(len(found) + 1)
        ]
    return found


def half_a_frame(log: Path) -> None:
    with log.open("ab") as file:
        file.write(log.read_bytes()[-2000:])


def garbage(log: Path) -> None:
    with log.open("ab") as file:
        file.write(bytes(range(256)) * 64)


@pytest.mark.parametrize("torn", [half_a_frame, garbage])
def test_write_that_was_never_acknowledged_is_dropped(
    tmp_path: Path, torn: Callable[[Path], None]
) -> None:
    path = tmp_path / "events.db"
    acknowledged = appended_and_killed(path)
    torn(path.with_name("events.db-wal"))
    assert stored(path) == acknowledged


@pytest.mark.parametrize("lost", [1, 500, 5000, 40_000])
def test_log_cut_short_keeps_all_before_the_cut(tmp_path: Path, lost: int) -> None:
    """A disk that lied about what it had written: a beginning remains, whole."""
    path = tmp_path / "events.db"
    acknowledged = appended_and_killed(path)
    log = path.with_name("events.db-wal")
    log.write_bytes(log.read_bytes()[:-lost])
    found = stored(path)
    assert found == acknowledged[: len(found)]
    assert APPENDS - 20 < len(found) < APPENDS


def test_server_killed_while_it_made_its_file(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    assert path.stat().st_size
    assert stored_after_first_append(path) == 1


def stored_after_first_append(path: Path) -> int:
    with EmbeddedProcess(path) as server:
        client = server.client()
        client.append_to_stream(
            "a", current_version=StreamState.NO_STREAM, events=NewEvent("Happened", b"{}")
        )
    with EmbeddedProcess(path) as server:
        return len(server.client().get_stream("a"))
