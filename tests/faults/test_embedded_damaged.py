"""Logs whose files were damaged: whatever is read of them, the error names the file."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from eventsourcing.persistence import OperationalError

from esnb.clients.installed import ClientError, NewEvent, StreamState
from esnb.embedded.processes.emptying import empty_eventstoredb
from esnb.embedded.projections.register import load_projections
from esnb.embedded.services.group_host import GroupHost
from esnb.embedded.storage.log import LogFull, LogUnusable
from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.storage.sqlite_log import SqliteLog
from esnb.embedded.streams.errors import WriteFailed
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.versioning import ANY
from tests.embedded_process import EmbeddedProcess
from tests.embedded_server import start_server
from tests.unit.embedded_logs import event

PAGE = 4096
STREAMS = [f"order-{number}" for number in range(7)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a log with events, links, groups and checkpoints."""
    path = tmp_path_factory.mktemp("log") / "events.db"
    with EmbeddedProcess(path) as server:
        client = server.client()
        client.create_subscription_to_stream("g", STREAMS[0], from_end=False)
        client.create_subscription_to_all("g")
        for number in range(140):
            events = [NewEvent(f"Type{number % 5}", b"{}" + b" " * 300) for _ in range(3)]
            stream = STREAMS[number % 7]
            client.append_to_stream(stream, current_version=StreamState.ANY, events=events)
        with client.subscribe_to_stream("$ce-order", timeout=60) as links:
            for _ in range(420):
                next(links)
    return path.read_bytes()


def bits(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 5, 50])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def page(content: bytearray, chance: random.Random) -> None:
    start = PAGE * chance.randrange(len(content) // PAGE)
    content[start : start + PAGE] = chance.choice([bytes(PAGE), b"\xff" * PAGE])


def other_page(content: bytearray, chance: random.Random) -> None:
    to, of = (PAGE * chance.randrange(len(content) // PAGE) for _ in range(2))
    content[to : to + PAGE] = content[of : of + PAGE]


def header(content: bytearray, chance: random.Random) -> None:
    content[chance.randrange(100)] = chance.randrange(256)


def end(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(1, len(content)) :]


async def use(path: Path) -> None:
    """What a server does when it starts, and what clients ask of it."""
    node = Node(SqliteLog(path))
    host = GroupHost(node)
    try:
        host.start()
        load_projections(node.store, enabled=True)
        for chunk in node.reader.all_forwards(0, 2**63 - 1, None):
            for record in chunk:
                node.store.types.name(record.type)
        for stream in STREAMS:
            found = node.reader.forwards(stream, 0, 1000)
            assert found is None or list(found.records) is not None
        await node.append(STREAMS[0], ANY, [event()])
    finally:
        await host.stop()
        await node.close()


@pytest.mark.parametrize("damage", [bits, page, other_page, header, end])
def test_a_damaged_log_is_named_or_read(
    whole: bytes, tmp_path: Path, damage: Callable[[bytearray, random.Random], None]
) -> None:
    said = []
    for seed in range(60):
        content = bytearray(whole)
        damage(content, random.Random(seed))
        folder = tmp_path / str(seed)
        folder.mkdir()
        path = folder / "events.db"
        path.write_bytes(content)
        try:
            asyncio.run(use(path))
        except (LogUnusable, LogDamaged, LogFull, WriteFailed) as error:
            said.append(str(error).replace(str(path), "PATH"))
    assert len(said) > 5
    assert all("PATH" in text or "of the event log is damaged" in text for text in said)


def test_a_log_that_is_damaged_while_it_is_served(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        client = server.client()
        client.create_subscription_to_stream("g", "a", from_end=False)
        for stream in ("a", "b", "c"):
            for _ in range(10):  # more than SQLite keeps in memory
                events = [NewEvent("Happened", b"{}" + b" " * 4000) for _ in range(100)]
                client.append_to_stream(stream, current_version=StreamState.ANY, events=events)
    with EmbeddedProcess(path) as server:
        client = server.client()
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(2 * PAGE)
            file.write(b"\xff" * (size - 2 * PAGE))

        def drain() -> None:
            with client.read_subscription_to_stream("g", "a") as consumer:
                for event in consumer:
                    consumer.ack(event)

        for ask in (
            lambda: list(client.read_all()),
            lambda: [client.get_stream(stream) for stream in "abc"],
            lambda: list(client.subscribe_to_all()),
            drain,
        ):
            with pytest.raises((ClientError, grpc.RpcError), match=f"event log {path} cannot be"):
                ask()
        said = server.stop()
    assert "Traceback" not in said


@pytest.mark.parametrize("limit", [0, 1_000, 5_000, 20_000, 40_000])
def test_a_log_that_there_is_no_room_for(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "events.db"
    with pytest.raises(AssertionError, match=f"event log {path} .*choose|free space") as failure:
        EmbeddedProcess(path, file_limit=limit)
    assert "Traceback" not in str(failure.value)


def test_a_log_that_cannot_be_emptied_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path, "--run-projections", "none") as server:
        events = [NewEvent("Happened", b"{}" + b" " * 4000) for _ in range(100)]
        server.client().append_to_stream("a", current_version=StreamState.ANY, events=events)
    with EmbeddedProcess(path, "--run-projections", "none", file_limit=36_000) as server:
        with pytest.raises(OperationalError, match=f"cannot empty event log {path}"):
            empty_eventstoredb(server.port, 60)
        assert len(server.client().get_stream("a")) == 100


def test_a_log_that_was_cut_to_nothing_is_not_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        server.client().append_to_stream(
            "a", current_version=StreamState.ANY, events=NewEvent("Happened", b"{}")
        )
        server.kill()
    ahead = path.with_name("events.db-wal")
    before = ahead.read_bytes()
    path.write_bytes(b"")
    with pytest.raises(LogUnusable, match=f"event log {path} is empty, and events.db-wal"):
        SqliteLog(path)
    assert ahead.read_bytes() == before


@pytest.mark.parametrize("damage", [bytes, lambda size: b"\xff" * size], ids=["zeros", "ones"])
def test_a_server_in_this_process_says_which_log_it_cannot_read(
    whole: bytes, tmp_path: Path, damage: Callable[[int], bytes]
) -> None:
    path = tmp_path / "events.db"
    path.write_bytes(whole[:PAGE] + damage(len(whole) - PAGE))
    with pytest.raises((LogUnusable, LogDamaged), match=f"event log {path} cannot be"):
        start_server(path)
