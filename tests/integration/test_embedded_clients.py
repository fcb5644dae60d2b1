"""The embedded server through the ordinary client, blocking and asyncio."""

from __future__ import annotations

import asyncio
import threading
from itertools import takewhile
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from esnb.clients.installed import (
    Client,
    ClientError,
    MaximumAppendSizeExceeded,
    NewEvent,
    NotFound,
    StreamIsDeleted,
    StreamState,
    WrongCurrentVersion,
)
from tests.embedded_process import EmbeddedProcess, async_client
from tests.embedded_server import start_server

ANY, NO_STREAM = StreamState.ANY, StreamState.NO_STREAM


@pytest.fixture(scope="module")
def client(embedded_server: EmbeddedProcess) -> Any:
    return embedded_server.client()


@pytest.fixture
def name() -> str:
    return f"s-{uuid4().hex}"


def events(*types: str) -> list[NewEvent]:
    return [NewEvent(type, b'{"n": 1}', b'{"m": 2}') for type in types]


def test_append_and_read(client: Any, name: str) -> None:
    sent = events("A", "B", "C")
    position = client.append_to_stream(name, current_version=NO_STREAM, events=sent)
    client.append_to_stream(name, current_version=2, events=events("D")[0])
    found = client.get_stream(name)
    assert [(e.type, e.stream_position) for e in found] == [("A", 0), ("B", 1), ("C", 2), ("D", 3)]
    assert [e.id for e in found[:3]] == [e.id for e in sent]
    assert (found[0].data, found[0].metadata) == (b'{"n": 1}', b'{"m": 2}')
    assert found[2].commit_position == position
    assert found[0].recorded_at is not None
    assert [e.type for e in client.get_stream(name, backwards=True, limit=2)] == ["D", "C"]
    assert [e.type for e in client.get_stream(name, stream_position=1, limit=1)] == ["B"]
    assert client.get_current_version(name) == 3


def test_conflicts_and_limits(client: Any, name: str) -> None:
    client.append_to_stream(name, current_version=NO_STREAM, events=events("A"))
    for sent in (events("B"), events("B")[0]):
        with pytest.raises(WrongCurrentVersion):
            client.append_to_stream(name, current_version=5, events=sent)
    with pytest.raises(NotFound):
        client.get_stream(f"{name}-missing")
    large = [NewEvent("Large", b"x" * 300_000) for _ in range(4)]
    with pytest.raises(MaximumAppendSizeExceeded):
        client.append_to_stream(name, current_version=ANY, events=large)
    assert len(client.get_stream(name)) == 1


def test_delete_and_tombstone(client: Any, name: str) -> None:
    client.append_to_stream(name, current_version=NO_STREAM, events=events("A"))
    client.delete_stream(name, current_version=0)
    with pytest.raises(NotFound):
        client.get_stream(name)
    client.append_to_stream(name, current_version=NO_STREAM, events=events("B"))
    assert [e.stream_position for e in client.get_stream(name)] == [1]
    client.tombstone_stream(name, current_version=1)
    for refused in (
        lambda: client.get_stream(name),
        lambda: client.append_to_stream(name, current_version=ANY, events=events("C")),
        lambda: client.tombstone_stream(name, current_version=ANY),
    ):
        with pytest.raises(StreamIsDeleted):
            refused()


def test_stream_metadata(client: Any, name: str) -> None:
    assert client.get_stream_metadata(name) == ({}, NO_STREAM)
    client.append_to_stream(name, current_version=NO_STREAM, events=events("A", "B", "C"))
    client.set_stream_metadata(name, metadata={"$maxCount": 2}, current_version=NO_STREAM)
    assert client.get_stream_metadata(name) == ({"$maxCount": 2}, 0)
    assert [e.type for e in client.get_stream(name)] == ["B", "C"]


def test_everything(client: Any, name: str) -> None:
    before = client.get_commit_position()
    client.append_to_stream(name, current_version=NO_STREAM, events=events("A", "B"))
    client.append_to_stream(f"{name}-other", current_version=NO_STREAM, events=events("A"))
    assert next(iter(client.read_all(filter_exclude=[]))).stream_name.startswith("$")
    after = [e for e in client.read_all() if e.commit_position > before]
    assert [e.type for e in after] == ["A", "B", "A"]
    positions = [e.commit_position for e in after]
    assert positions == sorted(set(positions))
    resumed = client.read_all(commit_position=positions[1])
    assert [e.commit_position for e in resumed] == positions[1:]
    one = client.read_all(filter_include=[f"{name}"], filter_by_stream_name=True)
    assert [e.type for e in one] == ["A", "B"]
    newest = client.read_all(backwards=True, limit=1)
    assert [e.commit_position for e in newest] == positions[-1:]
    assert client.get_commit_position() == positions[-1]


def test_links(client: Any, name: str) -> None:
    client.append_to_stream(name, current_version=NO_STREAM, events=events("A"))
    link = NewEvent("$>", f"0@{name}".encode(), content_type="application/octet-stream")
    client.append_to_stream(f"{name}-links", current_version=NO_STREAM, events=link)
    (found,) = client.get_stream(f"{name}-links", resolve_links=True)
    assert (found.stream_name, found.type) == (name, "A")
    assert found.link.stream_name == f"{name}-links"


def test_filtered_subscription_with_checkpoints(client: Any, name: str) -> None:
    with client.subscribe_to_all(
        from_end=True,
        filter_include=[f"Wanted{name}"],
        window_size=2,
        checkpoint_interval_multiplier=2,
        include_checkpoints=True,
        include_caught_up=True,
    ) as subscription:
        # Checkpoints come before it when the projections write their links just then.
        history = takewhile(lambda each: not each.is_caught_up, subscription)
        assert all(each.is_checkpoint for each in history)
        for type in ("No", "No", f"Wanted{name}", "No"):
            client.append_to_stream(name, current_version=ANY, events=events(type))
        # The links of the system projections are considered, too, wherever they come.
        found = next(event for event in subscription if not event.is_checkpoint)
        assert found.type == f"Wanted{name}"
        checkpoint = next(subscription)
        assert checkpoint.is_checkpoint
        [newest] = client.read_all(backwards=True, limit=1, filter_exclude=())
        # The event itself is the last of a window when enough links were before it.
        assert found.commit_position <= checkpoint.commit_position <= newest.commit_position


def test_fifty_subscriptions_and_a_writer(embedded_server: EmbeddedProcess, name: str) -> None:
    """Every one of them gets every event, in order."""
    client = embedded_server.client()
    subscriptions = [client.subscribe_to_stream(name, from_end=True) for _ in range(25)]
    subscriptions += [
        client.subscribe_to_all(from_end=True, filter_include=["Many"]) for _ in range(25)
    ]
    received: list[list[int]] = [[] for _ in subscriptions]

    def receive(subscription: Any, into: list[int]) -> None:
        while len(into) < 40:
            into.append(next(subscription).stream_position)

    threads = [
        threading.Thread(target=receive, args=pair, daemon=True)
        for pair in zip(subscriptions, received, strict=True)
    ]
    for thread in threads:
        thread.start()
    for _ in range(40):
        client.append_to_stream(name, current_version=ANY, events=events("Many"))
    for thread in threads:
        thread.join(60)
    assert received == [list(range(40))] * 50
    for subscription in subscriptions:
        subscription.stop()


def test_concurrent_appends_are_all_kept(embedded_server: EmbeddedProcess, name: str) -> None:
    def append() -> None:
        client = embedded_server.client()
        for _ in range(30):
            client.append_to_stream(name, current_version=ANY, events=events("A"))

    threads = [threading.Thread(target=append) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = embedded_server.client().get_stream(name)
    assert [e.stream_position for e in found] == list(range(180))


def test_asyncio_client(embedded_server: EmbeddedProcess, name: str) -> None:
    async def scenario() -> None:
        client = async_client(embedded_server.uri)
        await client.connect()
        subscription = await client.subscribe_to_stream(name)
        await client.append_to_stream(name, current_version=NO_STREAM, events=events("A", "B"))
        assert [(await anext(subscription)).type for _ in range(2)] == ["A", "B"]
        assert [e.type for e in await client.get_stream(name)] == ["A", "B"]
        with pytest.raises(WrongCurrentVersion):
            await client.append_to_stream(name, current_version=NO_STREAM, events=events("C"))
        await subscription.stop()
        await client.close()

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await scenario()

    asyncio.run(bounded())


def test_discovery(embedded_server: EmbeddedProcess, name: str) -> None:
    """Clients that ask for the cluster's leader are sent where they are."""
    client = Client(f"esdb+discover://127.0.0.1:{embedded_server.port}?Tls=false")
    client.append_to_stream(name, current_version=NO_STREAM, events=events("A"))
    assert len(client.get_stream(name)) == 1
    client.close()


def test_server_in_this_process(tmp_path: Path) -> None:
    """It can be emptied, and keeps its file over a restart; live subscriptions end with it."""
    with start_server(tmp_path / "events.db") as server:
        client = Client(f"esdb://127.0.0.1:{server.port}?Tls=false")
        client.append_to_stream("a", current_version=NO_STREAM, events=events("A"))
        subscription = client.subscribe_to_stream("a")
        assert next(subscription).type == "A"
        server.reset()
        with pytest.raises(ClientError):
            next(subscription)
        with pytest.raises(NotFound):
            client.get_stream("a")
        client.append_to_stream("a", current_version=NO_STREAM, events=events("B"))
        client.close()
    with start_server(tmp_path / "events.db") as server:
        client = Client(f"esdb://127.0.0.1:{server.port}?Tls=false")
        assert [e.type for e in client.get_stream("a")] == ["B"]
        client.close()
