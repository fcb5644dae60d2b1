"""Persistent subscriptions of the embedded server through the ordinary client."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from esnb.clients.installed import (
    AlreadyExists,
    Client,
    ClientError,
    NewEvent,
    NotFound,
    StreamState,
)
from tests.embedded_process import EmbeddedProcess, async_client
from tests.embedded_server import start_server
from tests.waiting import DEADLINE, until

ANY = StreamState.ANY

_CONSUMER = """
import sys
from esnb.clients.installed import Client
client = Client(sys.argv[1])
for event in client.read_subscription_to_stream("g", sys.argv[2]):
    print(event.id, flush=True)
"""


@pytest.fixture(scope="module")
def client(embedded_server: EmbeddedProcess) -> Any:
    return embedded_server.client()


@pytest.fixture
def name() -> str:
    return f"s-{uuid4().hex}"


class Worker(threading.Thread):
    """Handles what it is given until its subscription ends; `error` says how it ended."""

    def __init__(self, consumer: Any, handle: Callable[[Any, Any], None]) -> None:
        super().__init__(daemon=True)
        self.consumer = consumer
        self.seen: list[UUID] = []
        self.error: Exception | None = None
        self._act = handle
        self.start()

    def run(self) -> None:
        try:
            for event in self.consumer:
                self.seen.append(event.id)
                self._act(self.consumer, event)
        except ClientError as error:
            self.error = error

    def has_seen(self, count: int) -> bool:
        return len(self.seen) == count

    def stop(self) -> None:
        self.consumer.stop()
        self.join(DEADLINE)
        assert not self.is_alive()


def ack(consumer: Any, event: Any) -> None:
    consumer.ack(event)


def park(consumer: Any, event: Any) -> None:
    consumer.nack(event, "park")


def append(client: Any, stream: str, count: int) -> list[UUID]:
    ids = []
    for first in range(0, count, 500):
        events = [NewEvent("Happened", b"{}") for _ in range(first, min(count, first + 500))]
        client.append_to_stream(stream, current_version=ANY, events=events)
        ids += [event.id for event in events]
    return ids


@pytest.mark.once
def test_ten_thousand_events_go_to_four_consumers_once_each(client: Any, name: str) -> None:
    ids = append(client, name, 10_000)
    client.create_subscription_to_stream("g", name, consumer_strategy="RoundRobin")
    consumers = [
        client.read_subscription_to_stream("g", name, event_buffer_size=50) for _ in range(4)
    ]
    workers = [Worker(consumer, ack) for consumer in consumers]
    until(lambda: sum(len(worker.seen) for worker in workers) >= len(ids), "all are seen")
    info = until(lambda: _idle(client, name), "all are acknowledged")
    assert (info.total_items, info.last_known_event_position) == (10_000, "9999")
    for worker in workers:
        worker.stop()
    assert Counter(one for worker in workers for one in worker.seen) == Counter(ids)
    # Its buffer is filled before anybody else gets more, however slow a consumer is.
    assert min(len(worker.seen) for worker in workers) >= 50


def _idle(client: Any, name: str) -> Any:
    info = client.get_subscription_info("g", name)
    return info if info.outstanding_messages_count == 0 else None


def test_what_a_killed_consumer_held_goes_to_another(
    embedded_server: EmbeddedProcess, client: Any, name: str
) -> None:
    ids = append(client, name, 5)
    client.create_subscription_to_stream("g", name)
    process = subprocess.Popen(
        [sys.executable, "-c", _CONSUMER, embedded_server.uri, name],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    held = [UUID(process.stdout.readline().strip()) for _ in ids]
    process.kill()
    process.wait(60)
    process.stdout.close()
    worker = Worker(client.read_subscription_to_stream("g", name), ack)
    until(lambda: len(worker.seen) == len(ids), "they are handled")
    worker.stop()
    assert worker.seen == held == ids


def test_retry_park_skip_and_replay(client: Any, name: str) -> None:
    ids = append(client, name, 4)
    client.create_subscription_to_stream("g", name, max_retry_count=2)
    actions = dict(zip(ids, ("retry", "park", "skip", "stop"), strict=True))
    tries: list[tuple[str, int]] = []

    def handle(consumer: Any, event: Any) -> None:
        action = actions.get(event.id)
        tries.append((action or "", event.retry_count))
        if action is None or event.link is not None:
            consumer.ack(event)
        else:
            consumer.nack(event, action)

    worker = Worker(client.read_subscription_to_stream("g", name), handle)
    until(lambda: _parked(client, name) == 2, "two are parked")
    assert sorted(tries) == [
        ("park", 0), ("retry", 0), ("retry", 1), ("retry", 2), ("skip", 0), ("stop", 0),
    ]  # fmt: skip
    links = client.get_stream(f"$persistentsubscription-{name}::g-parked")
    assert [(link.type, link.data) for link in links] == [
        ("$>", f"1@{name}".encode()),
        ("$>", f"0@{name}".encode()),
    ]
    tries.clear()
    client.replay_parked_events("g", name)
    until(lambda: len(tries) == 2, "both come again")
    assert sorted(tries) == [("park", 0), ("retry", 0)]
    client.replay_parked_events("g", name)
    until(lambda: _idle(client, name), "all are handled")
    assert _parked(client, name) == 0
    worker.stop()
    assert len(tries) == 2


def _parked(client: Any, name: str) -> int:
    return int(client.get_subscription_info("g", name).parked_message_count)


def test_a_slow_consumer_of_a_small_buffer_misses_nothing(client: Any, name: str) -> None:
    client.create_subscription_to_stream(
        "g", name, history_buffer_size=20, read_batch_size=5, live_buffer_size=10
    )
    gate = threading.Event()

    def handle(consumer: Any, event: Any) -> None:
        gate.wait(DEADLINE)
        consumer.ack(event)

    one_by_one = client.read_subscription_to_stream(
        "g", name, event_buffer_size=1, max_ack_batch_size=1
    )
    worker = Worker(one_by_one, handle)
    ids = append(client, name, 300)
    until(lambda: client.get_subscription_info("g", name).status == "Behind", "it falls behind")
    gate.set()
    until(lambda: len(worker.seen) == len(ids), "it catches up")
    worker.stop()
    assert worker.seen == ids


def test_all_through_a_filter(client: Any, name: str) -> None:
    append(client, f"{name}-before", 1)
    client.create_subscription_to_all(
        f"g-{name}", from_end=True, filter_include=(f"{name}-.*",), filter_by_stream_name=True
    )
    worker = Worker(client.read_subscription_to_all(f"g-{name}"), ack)
    append(client, f"other-{name}", 3)
    ids = append(client, f"{name}-after", 3)
    until(lambda: len(worker.seen) == 3, "three come")
    worker.stop()
    assert worker.seen == ids
    (info,) = [one for one in client.list_subscriptions() if one.group_name == f"g-{name}"]
    assert (info.event_source, info.start_from) == ("$all", "C:-1/P:-1")
    client.delete_subscription(f"g-{name}")


def test_errors(client: Any, name: str) -> None:
    for refused in (
        lambda: client.get_subscription_info("g", name),
        lambda: client.delete_subscription("g", name),
        lambda: client.update_subscription_to_stream("g", name, from_end=True),
        lambda: client.replay_parked_events("g", name),
        lambda: next(client.read_subscription_to_stream("g", name)),
    ):
        with pytest.raises(NotFound):
            refused()
    assert list(client.list_subscriptions_to_stream(name)) == []
    client.create_subscription_to_stream("g", name, max_subscriber_count=1)
    with pytest.raises(AlreadyExists):
        client.create_subscription_to_stream("g", name)
    with pytest.raises(ClientError, match="does not exist"):
        client.create_subscription_to_stream("h", name, consumer_strategy="Odd")
    with pytest.raises(ClientError, match="ReadBatchSize"):
        client.create_subscription_to_stream("h", name, read_batch_size=9, history_buffer_size=9)
    append(client, name, 1)
    first = Worker(client.read_subscription_to_stream("g", name), ack)
    until(lambda: len(first.seen) == 1, "it is there")
    with pytest.raises(ClientError, match="Maximum subscriptions reached"):
        next(client.read_subscription_to_stream("g", name))
    assert [one.group_name for one in client.list_subscriptions_to_stream(name)] == ["g"]
    client.delete_subscription("g", name)
    first.join(DEADLINE)
    assert "was dropped" in str(first.error)


def test_an_update_drops_consumers_and_keeps_the_place(client: Any, name: str) -> None:
    ids = append(client, name, 3)
    client.create_subscription_to_stream("g", name, min_checkpoint_count=1, max_checkpoint_count=1)
    first = Worker(client.read_subscription_to_stream("g", name), ack)
    until(lambda: _checkpoint(client, name) == "2", "a checkpoint")
    client.update_subscription_to_stream("g", name, max_retry_count=3, max_checkpoint_count=5)
    first.join(DEADLINE)
    assert "was dropped" in str(first.error)
    more = append(client, name, 2)
    second = Worker(client.read_subscription_to_stream("g", name), ack)
    until(lambda: len(second.seen) == 2, "the new ones")
    second.stop()
    assert (first.seen, second.seen) == (ids, more)
    assert client.get_subscription_info("g", name).max_retry_count == 3


def _checkpoint(client: Any, name: str) -> str:
    return str(client.get_subscription_info("g", name).last_checkpointed_event_position)


def test_asyncio_client(embedded_server: EmbeddedProcess, name: str) -> None:
    async def run() -> None:
        client = async_client(embedded_server.uri)
        await client.connect()
        events = [NewEvent("A", b"1"), NewEvent("B", b"2")]
        await client.append_to_stream(name, current_version=ANY, events=events)
        await client.create_subscription_to_stream("g", name)
        consumer = await client.read_subscription_to_stream("g", name)
        first = await anext(consumer)
        await consumer.nack(first, "retry")
        second = await anext(consumer)
        again = await anext(consumer)
        assert [event.type for event in (first, second, again)] == ["A", "B", "A"]
        assert again.retry_count == 1
        for event in (second, again):
            await consumer.ack(event)
        await consumer.stop()
        await client.delete_subscription("g", name)
        await client.close()

    async def bounded() -> None:
        async with asyncio.timeout(DEADLINE):
            await run()

    asyncio.run(bounded())


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_a_restart_keeps_groups_checkpoints_and_parked_messages(
    tmp_path: Path, killed: bool
) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        client = server.client()
        ids = append(client, "s", 6)
        client.create_subscription_to_stream(
            "g", "s", min_checkpoint_count=1, max_checkpoint_count=1, max_retry_count=7
        )
        consumer = client.read_subscription_to_stream("g", "s", max_ack_batch_size=1)
        given = [next(consumer) for _ in ids]
        for event in given[:2]:
            consumer.ack(event)
        consumer.nack(given[3], "park")
        until(lambda: _checkpoint(client, "s") == "1", "a checkpoint")
        until(lambda: client.get_subscription_info("g", "s").parked_message_count, "one is parked")
        server.kill() if killed else server.stop()
    with EmbeddedProcess(path) as server:
        client = server.client()
        info = client.get_subscription_info("g", "s")
        assert (info.max_retry_count, info.parked_message_count) == (7, 1)
        assert info.last_checkpointed_event_position == "1"
        worker = Worker(client.read_subscription_to_stream("g", "s"), ack)
        until(lambda: len(worker.seen) == 4, "what was left")
        client.replay_parked_events("g", "s")
        until(lambda: len(worker.seen) == 5, "the parked one")
        worker.stop()
        assert worker.seen == [*ids[2:], ids[3]]
        assert server.stop() == ""


def test_a_kill_during_a_replay_loses_no_parked_message(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    with EmbeddedProcess(path) as server:
        client = server.client()
        ids = append(client, "s", 6)
        client.create_subscription_to_stream("g", "s", min_checkpoint_count=1)
        worker = Worker(client.read_subscription_to_stream("g", "s"), park)
        until(lambda: client.get_subscription_info("g", "s").parked_message_count == 6)
        worker.stop()
        until(lambda: _checkpoint(client, "s") == "5", "a checkpoint")
        client.replay_parked_events("g", "s")
        assert client.get_subscription_info("g", "s").parked_message_count == 0
        server.kill()
    for _ in range(2):
        with EmbeddedProcess(path) as server:
            client = server.client()
            worker = Worker(client.read_subscription_to_stream("g", "s"), lambda *_: None)
            until(partial(worker.has_seen, 6), "all are replayed")
            assert worker.seen == ids
            server.kill()
            worker.join(DEADLINE)


def test_a_stop_and_a_reset_end_consumers_at_once() -> None:
    with start_server() as server:
        client = Client(f"esdb://127.0.0.1:{server.port}?Tls=false")
        append(client, "s", 3)
        client.create_subscription_to_stream("g", "s")
        reset = Worker(client.read_subscription_to_stream("g", "s"), lambda *_: None)
        until(lambda: len(reset.seen) == 3, "it has all")
        server.reset()
        reset.join(DEADLINE)
        assert reset.error is not None
        with pytest.raises(NotFound):
            client.get_subscription_info("g", "s")
        append(client, "s", 3)
        client.create_subscription_to_stream("g", "s")
        stopped = Worker(client.read_subscription_to_stream("g", "s"), lambda *_: None)
        until(lambda: len(stopped.seen) == 3, "it has all")
        server.stop()
        stopped.join(DEADLINE)
        assert stopped.error is not None
        client.close()
