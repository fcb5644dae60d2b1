"""Dropped connections, slow consumers, servers that are away: nothing lost, nothing twice."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import OperationalError, PersistenceError, StoredEvent
from eventsourcing.utils import Environment

from esnb.clients.errors import ReadInterrupted
from esnb.clients.installed import (
    Client,
    ConsumerTooSlow,
    DeadlineExceeded,
    NewEvent,
    ServiceUnavailable,
    StreamState,
)
from esnb.eventstoredb import EventStoreDBApplicationRecorder, EventStoreDBFactory, category, log
from esnb.eventstoredb.connection import SharedClient
from esnb.eventstoredb.reading import read, whole
from tests.contract.eventstoredb.conftest import MakeFactory
from tests.embedded_server import start_server
from tests.eventstoredb_server import EventStoreDBServer
from tests.redis_server import RedisServer
from tests.reserved_port import ReservedPort
from tests.waiting import until


@pytest.fixture
def recorder(make_factory: MakeFactory) -> EventStoreDBApplicationRecorder:
    return make_factory().application_recorder()


def save(recorder: EventStoreDBApplicationRecorder, count: int = 1) -> list[int]:
    originator_id = uuid4()
    return list(
        recorder.insert_events(
            [StoredEvent(originator_id, version, "t", b"{}") for version in range(1, count + 1)]
        )
    )


class Collector:
    """Collects a subscription's ids in a thread, until it has so many."""

    def __init__(self, subscription: Any, enough: int) -> None:
        self.ids: list[int] = []
        self.error: BaseException | None = None
        self._subscription = subscription
        self._enough = enough
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        try:
            while len(self.ids) < self._enough:
                self.ids.append(next(self._subscription).id)
        except BaseException as error:  # noqa: BLE001  the test looks at it
            self.error = error

    def collected(self) -> list[int]:
        self._thread.join(60)
        assert self.error is None, self.error
        assert not self._thread.is_alive(), f"{len(self.ids)} of {self._enough} arrived"
        return self.ids


def test_another_threads_reconnections_cut_no_subscription(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    with recorder.subscribe() as subscription:
        collector = Collector(subscription, 60)
        expected = []
        for _ in range(20):
            expected += save(recorder, 3)
            recorder.category.client.reconnect()
        assert collector.collected() == expected


@pytest.mark.parametrize("what", ["events", "notifications"])
def test_a_reconnection_during_a_read_cuts_it_not_short(
    recorder: EventStoreDBApplicationRecorder, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    # Given more events than the connection holds ready,
    expected = save(recorder, 3000)
    (first,) = recorder.select_notifications(None, 1)
    client = recorder.category.client
    attempts: list[int] = []

    def whole_with_a_reconnection(*request: Any, **arguments: Any) -> Iterator[Any]:
        attempts.append(0)
        for event in whole(*request, **arguments):
            attempts[-1] += 1
            if attempts == [10]:  # as another thread might, amid the first attempt
                client.reconnect()
            yield event

    # when the shared connection is renewed amid a read,
    monkeypatch.setattr(category, "whole", whole_with_a_reconnection)
    monkeypatch.setattr(log, "whole", whole_with_a_reconnection)
    if what == "events":
        found = [each.position for each in recorder.select_events(first.originator_id)]
    else:
        found = [each.id for each in recorder.select_notifications(None, 5000)]
    # then all of them are read.
    assert found == expected
    assert attempts[0] < 3000
    assert attempts[1:] == [3000]


def test_a_read_that_is_cut_says_so(recorder: EventStoreDBApplicationRecorder) -> None:
    save(recorder, 3000)
    client = recorder.category.client
    events = whole(client, client.read_all)
    next(events)
    client.reconnect()
    with pytest.raises(ReadInterrupted):
        list(events)


def test_a_read_outlasts_many_reconnections_in_a_row(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    # As when several threads find, one after the other, that the server was restarted.
    expected = save(recorder, 30)
    attempts: list[int] = []

    def work(client: SharedClient) -> list[int]:
        attempts.append(0)
        found = []
        for event in whole(client, client.read_all, commit_position=expected[0], filter_exclude=()):
            found.append(event.commit_position or 0)
            if len(found) == 10 and len(attempts) < 8:
                client.reconnect()
        return found

    found = read(recorder.category.lease, "reading the end", work)
    assert set(expected) <= set(found)
    assert len(attempts) == 8


def test_a_read_waits_for_a_reconnection_that_takes_its_time(
    recorder: EventStoreDBApplicationRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = save(recorder, 3)
    client = recorder.category.client
    under_way, may_end = threading.Event(), threading.Event()
    original = Client.reconnect

    def reconnect(self: Any, *args: Any, **kwargs: Any) -> None:
        under_way.set()
        assert may_end.wait(60)
        original(self, *args, **kwargs)

    monkeypatch.setattr(Client, "reconnect", reconnect)
    other = threading.Thread(target=client.reconnect, daemon=True)
    other.start()
    assert under_way.wait(60)
    waiting = threading.Event()
    settled = SharedClient.settled
    waits: list[None] = []

    def settled_and_seen(self: SharedClient, timeout: float) -> int | None:
        waits.append(None)
        waiting.set()
        return settled(self, timeout)

    monkeypatch.setattr(SharedClient, "settled", settled_and_seen)
    found: list[int] = []
    reader = threading.Thread(
        target=lambda: found.extend(each.id for each in recorder.select_notifications(None, 9)),
        daemon=True,
    )
    reader.start()
    assert waiting.wait(60)
    may_end.set()
    reader.join(60)
    other.join(60)
    assert found == expected
    assert len(waits) == 1


def test_a_reconnection_without_end_is_said(recorder: EventStoreDBApplicationRecorder) -> None:
    client = recorder.category.client
    with client._cut(), pytest.raises(DeadlineExceeded, match="is being renewed by another"):
        list(whole(client, client.read_all, patience=0.01))


def test_a_slow_consumer_is_resumed_where_it_was(
    recorder: EventStoreDBApplicationRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = save(recorder, 5)
    subscription = recorder.subscribe()
    received = [next(subscription).id for _ in range(2)]
    opened = []
    original = SharedClient.subscribe_to_all

    def subscribe_to_all(client: Any, **arguments: Any) -> Any:
        opened.append(arguments.get("commit_position"))
        return original(client, **arguments)

    class TooSlow:
        def __next__(self) -> Any:
            raise ConsumerTooSlow

        def stop(self) -> None:
            """The server has ended it."""

    monkeypatch.setattr(SharedClient, "subscribe_to_all", subscribe_to_all)
    subscription._drop()
    subscription._stream = TooSlow()
    received += [next(subscription).id for _ in range(3)]
    subscription.stop()
    assert received == expected
    assert opened == [expected[1]]


def test_checkpoints_move_the_position_to_resume_from(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    (first,) = save(recorder)
    with recorder.subscribe() as subscription:
        assert next(subscription).id == first
        collector = Collector(subscription, 1)
        client = recorder.category.client

        def has_passed_others() -> bool:
            # Events of others, which the server passes over and says so from time to time.
            client.append_to_stream(
                f"other{uuid4().hex}",
                current_version=StreamState.NO_STREAM,
                events=[NewEvent(type="other", data=b"{}") for _ in range(100)],
            )
            return (subscription._after or 0) > first

        until(has_passed_others)
        # A connection that drops now resumes from there, and misses nothing.
        client.reconnect()
        assert save(recorder) == collector.collected()


def test_stop_is_prompt_while_the_server_is_away(name: str) -> None:
    with EventStoreDBServer() as server:
        factory = EventStoreDBFactory(Environment(name, {"EVENTSTOREDB_URI": server.uri}))
        recorder = factory.application_recorder()
        save(recorder)
        subscription = recorder.subscribe()
        next(subscription)
        ended = threading.Event()

        def drain() -> None:
            for _ in subscription:
                pass
            ended.set()

        threading.Thread(target=drain, daemon=True).start()
        server.stop()
        assert not ended.wait(1)
        subscription.stop()
        assert ended.wait(60)
        factory.close()


def test_many_events_over_many_restarts_arrive_once_each(tmp_path: Path, name: str) -> None:
    with EventStoreDBServer(tmp_path / "events.db") as server:
        factory = EventStoreDBFactory(Environment(name, {"EVENTSTOREDB_URI": server.uri}))
        recorder = factory.application_recorder()
        expected = save(recorder, 50)
        with recorder.subscribe() as subscription:
            collector = Collector(subscription, 50 + 4 * 50)
            for _ in range(4):
                server.stop()
                server.start()
                expected += save(recorder, 50)
            assert collector.collected() == expected
        factory.close()


def test_an_emptied_embedded_server_ends_the_subscription_with_an_error(name: str) -> None:
    with start_server() as server:
        uri = f"esdb://127.0.0.1:{server.port}?Tls=false&connectionName=esnb-embedded"
        factory = EventStoreDBFactory(Environment(name, {"EVENTSTOREDB_URI": uri}))
        recorder = factory.application_recorder()
        save(recorder, 20)
        with recorder.subscribe() as subscription:
            for _ in range(20):
                next(subscription)
            server.reset()
            with pytest.raises(OperationalError, match=r"embedded: the server was emptied"):
                next(subscription)
        factory.close()


# --- servers that cannot be reached -------------------------------------------


@pytest.fixture
def closed_port() -> Iterator[int]:
    with ReservedPort() as port:
        yield port.number


@pytest.fixture
def redis_port(closed_port: int) -> Iterator[int]:
    # The last one given counts.
    with RedisServer("--port", str(closed_port), "--bind", "127.0.0.1"):
        socket.create_connection(("127.0.0.1", closed_port), timeout=60).close()
        yield closed_port


def recorder_at(port: int, name: str, *, embedded: bool = False) -> EventStoreDBApplicationRecorder:
    uri = f"esdb://admin:changeit@127.0.0.1:{port}?Tls=false"
    if embedded:
        uri = f"esdb://127.0.0.1:{port}?Tls=false&connectionName=esnb-embedded"
    return EventStoreDBFactory(Environment(name, {"EVENTSTOREDB_URI": uri})).application_recorder()


@pytest.mark.parametrize("action", ["save", "events", "notifications", "maximum", "subscribe"])
def test_an_unreachable_server_is_named(closed_port: int, name: str, action: str) -> None:
    recorder = recorder_at(closed_port, name)
    with pytest.raises(OperationalError, match=f"127.0.0.1:{closed_port}") as refused:
        act(recorder, action)
    assert "changeit" not in str(refused.value)
    assert name in str(refused.value)


@pytest.mark.parametrize("action", ["save", "events", "subscribe"])
def test_an_embedded_server_is_called_embedded(closed_port: int, name: str, action: str) -> None:
    with pytest.raises(OperationalError, match="at embedded: ") as refused:
        act(recorder_at(closed_port, name, embedded=True), action)
    assert f":{closed_port}" not in str(refused.value)


@pytest.mark.parametrize("action", ["save", "events", "subscribe"])
def test_a_server_of_another_kind(redis_port: int, name: str, action: str) -> None:
    with pytest.raises(OperationalError, match=f"127.0.0.1:{redis_port}"):
        act(recorder_at(redis_port, name), action)


def act(recorder: EventStoreDBApplicationRecorder, action: str) -> object:
    if action == "save":
        return save(recorder)
    if action == "events":
        return recorder.select_events(uuid4())
    if action == "notifications":
        return recorder.select_notifications(None, 10)
    if action == "maximum":
        return recorder.max_notification_id()
    return recorder.subscribe()


def test_a_cluster_that_cannot_be_discovered(closed_port: int, name: str) -> None:
    uri = f"esdb://127.0.0.1:{closed_port},127.0.0.1:{closed_port}?Tls=false&MaxDiscoverAttempts=2"
    factory = EventStoreDBFactory(Environment(name, {"EVENTSTOREDB_URI": uri}))
    with pytest.raises(OperationalError, match=f"127.0.0.1:{closed_port}"):
        factory.application_recorder().max_notification_id()


def test_a_read_is_tried_again_when_the_server_is_away_a_moment(
    recorder: EventStoreDBApplicationRecorder,
) -> None:
    attempts: list[int] = []
    pauses: list[float] = []

    def work(client: Client) -> str:
        attempts.append(1)
        if len(attempts) < 3:
            raise ServiceUnavailable("away")
        return "read"

    assert read(recorder.category.lease, "reading", work, pause=pauses.append) == "read"
    assert len(pauses) == 2

    def fail(client: Client) -> str:
        attempts.append(1)
        raise ServiceUnavailable("away")

    attempts.clear()
    with pytest.raises(PersistenceError, match=r"reading at .*away"):
        read(recorder.category.lease, "reading", fail, pause=pauses.append)
    assert len(attempts) == 3
