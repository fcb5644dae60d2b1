"""A server, or a network, that falls silent while esnb's own clients are connected to it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import OperationalError

import esnb
from esnb.clients.eventstoredb import EventStoreDB, keepalive
from esnb.clients.installed import ClientError, NewEvent, ServiceUnavailable, StreamState
from tests.embedded_process import EmbeddedProcess
from tests.outcomes import error_of
from tests.waiting import DEADLINE


@pytest.fixture
def server() -> Iterator[EmbeddedProcess]:
    with EmbeddedProcess() as running:
        yield running
        os.kill(running.process.pid, signal.SIGCONT)


def stopped(server: EmbeddedProcess) -> None:
    os.kill(server.process.pid, signal.SIGSTOP)


@pytest.mark.parametrize(
    "wait",
    [
        lambda client: next(client.subscribe_to_all(from_end=True)),
        lambda client: next(client.subscribe_to_stream("Dog-1")),
        lambda client: next(client.read_subscription_to_all("group")),
        lambda client: list(client.read_all()),
        lambda client: client.list_subscriptions(),
        lambda client: client.append_to_stream(
            "Dog-1", current_version=StreamState.ANY, events=[NewEvent(type="Barked", data=b"{}")]
        ),
    ],
    ids=["all", "stream", "group", "read", "unary", "append"],
)
def test_a_call_that_waits_ends(
    server: EmbeddedProcess, wait: Callable[[EventStoreDB], Any]
) -> None:
    client = EventStoreDB(f"{server.uri}&KeepAliveInterval=500&KeepAliveTimeout=500")
    client.create_subscription_to_all("group")
    # Connected, and about to wait when the server falls silent.
    threading.Timer(0.3, stopped, [server]).start()

    def waiting() -> None:
        while True:
            wait(client)

    error = error_of(waiting)

    assert isinstance(error, ServiceUnavailable), repr(error)


def test_a_subscription_in_the_main_thread_ends(server: EmbeddedProcess) -> None:
    client = EventStoreDB(server.uri)
    subscription = client.subscribe_to_all(from_end=True)
    stopped(server)

    with pytest.raises(ServiceUnavailable):
        next(subscription)


def test_an_idle_connection_is_kept(server: EmbeddedProcess) -> None:
    """The server takes the pings of many idle seconds, of several clients, as they come."""
    clients = [EventStoreDB(f"{server.uri}&KeepAliveInterval=50") for _ in range(3)]
    subscriptions = [client.subscribe_to_all(from_end=True) for client in clients]
    ended = [threading.Event() for _ in clients]

    def follow(subscription: Any, end: threading.Event) -> None:
        with suppress(StopIteration):  # it is stopped in the end
            try:
                next(subscription)
            except ClientError:
                end.set()

    for subscription, end in zip(subscriptions, ended, strict=True):
        threading.Thread(target=follow, args=(subscription, end), daemon=True).start()
    assert not ended[0].wait(3)  # some sixty pings
    assert not any(end.is_set() for end in ended)
    for subscription in subscriptions:
        subscription.stop()


def test_the_connection_string_says_how_long_and_whether() -> None:
    assert keepalive(-1, 500) == ()
    given = dict(keepalive(1_000, 500))
    assert given["grpc.keepalive_time_ms"] == 1_000
    assert given["grpc.http2.ping_timeout_ms"] == 500  # without it a minute
    assert dict(keepalive(None, None))["grpc.keepalive_time_ms"] > 0


def test_an_application_says_so_and_goes_on(server: EmbeddedProcess) -> None:
    app = Application[UUID](
        env={"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": server.uri}
    )
    dog = Aggregate()
    app.save(dog)
    stopped(server)

    for call in (
        lambda: app.repository.get(dog.id),
        lambda: app.save(Aggregate()),
        lambda: esnb.events(app),
        lambda: esnb.history(app, dog.id),
        lambda: app.recorder.subscribe(),
    ):
        error = error_of(call)
        assert isinstance(error, OperationalError)
        assert "does not answer" in str(error)
        assert "stopped or cut off" in str(error)
    os.kill(server.process.pid, signal.SIGCONT)

    assert app.repository.get(dog.id).version == 1
    app.save(Aggregate())
    app.close()


def test_a_subscription_of_an_application_goes_on(server: EmbeddedProcess) -> None:
    """Over the silence, without loss or repeat, and without an error."""
    app = Application[UUID](
        env={"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": server.uri}
    )
    app.save(Aggregate())
    seen: list[int] = []
    enough = threading.Event()
    subscription: Any = app.recorder.subscribe()

    def follow() -> None:
        for notification in subscription:
            seen.append(notification.id)
            if len(seen) == 2:
                enough.set()

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    opened = subscription._stream
    stopped(server)
    while subscription._stream is opened:
        reader.join(0.05)
    os.kill(server.process.pid, signal.SIGCONT)
    app.save(Aggregate())

    assert enough.wait(DEADLINE)
    assert seen == sorted(set(seen))
    subscription.stop()
    reader.join(DEADLINE)
    app.close()
