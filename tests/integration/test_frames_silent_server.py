"""A server that accepts connections and then says nothing: an error, and no waiting for ever."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import OperationalError

import esnb
from esnb.clients import patience
from esnb.clients.installed import Client, NewEvent, StreamState
from tests.embedded_process import EmbeddedProcess
from tests.outcomes import error_of
from tests.waiting import DEADLINE


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections into its backlog and is never read."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("esnb.clients.patience.PATIENCE", 0.3)
    monkeypatch.setattr("esnb.clients.patience.ANSWER", 0.2)
    monkeypatch.setattr("esnb.clients.patience._watchdog.tick", 0.05)


def text_of(call: Callable[[], Any]) -> str:
    """The text of the OperationalError that `call` ends with."""
    error = error_of(call)
    assert isinstance(error, OperationalError), repr(error)
    return str(error)


def test_connecting_names_both_silent_servers(silent_port: int) -> None:
    where = f"127.0.0.1:{silent_port}"

    text = text_of(
        lambda: esnb.connect(f"esdb://{where}?Tls=false", redis=f"redis://{where}", timeout=0.5)
    )

    assert f"EventStoreDB at esdb://{where}" in text
    assert f"Redis at redis://{where}" in text
    assert "something listens" in text


def test_frames_over_a_client_of_a_silent_server(silent_port: int) -> None:
    client = Client(f"esdb://127.0.0.1:{silent_port}?Tls=false")
    try:
        for frame in (
            lambda: esnb.events(client),
            lambda: esnb.stream(client, "Dog-1"),
            lambda: esnb.stream(client, "Dog-1", last=2),
            lambda: esnb.streams(client),
        ):
            text = text_of(frame)
            assert f"127.0.0.1:{silent_port}" in text
            assert "has not answered for 0.5 s" in text
    finally:
        client.close()


def test_frames_over_an_application_of_a_silent_server(silent_port: int) -> None:
    app = Application[UUID](
        env={
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": f"esdb://127.0.0.1:{silent_port}?Tls=false",
        }
    )
    try:
        for frame in (lambda: esnb.events(app), lambda: esnb.history(app, uuid4())):
            assert "does not answer" in text_of(frame)
    finally:
        app.close()


def test_a_server_that_falls_silent_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedProcess() as server:
        client = server.client()
        app = Application[UUID](
            env={"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": server.uri}
        )
        dog = Aggregate()
        app.save(dog)
        monkeypatch.setattr(
            "esnb.clients.patience.ANSWER", DEADLINE
        )  # while it runs, however slowly
        assert len(esnb.events(client)) == 1
        monkeypatch.setattr("esnb.clients.patience.ANSWER", 0.2)
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            assert "has not answered" in text_of(lambda: esnb.events(client))
            assert "does not answer" in text_of(lambda: esnb.history(app, dog.id))
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        monkeypatch.setattr("esnb.clients.patience.ANSWER", DEADLINE)
        assert len(esnb.events(client)) == 1
        assert len(esnb.history(app, dog.id)) == 1
        app.close()


def test_a_closed_client_is_said_to_be_closed() -> None:
    class Closed(Client):
        def read_all(self, **arguments: Any) -> Any:
            raise ValueError("Cannot invoke RPC: Channel closed!")  # as gRPC says it

    client = Closed("esdb://127.0.0.1:1?Tls=false")

    assert "is closed" in text_of(lambda: esnb.events(client))


class Response:
    """Two events; `now` is what the clock shows while the second is waited for."""

    def __init__(self, clock: list[float], now: float) -> None:
        self.events = iter(["one", "two"])
        self.clock, self.now = clock, now
        self.is_stopped = False

    def __next__(self) -> str:
        event = next(self.events)
        if event == "two":
            self.clock[0] = self.now
            patience._watchdog.look()
        return event

    def stop(self) -> None:
        self.is_stopped = True
        self.events = iter(())


@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("waited", [0.2, 0.4])
def test_only_the_time_that_the_server_takes_counts_and_only_while_it_answers_nothing(
    waited: float, answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(patience, "monotonic", lambda: clock[0])
    monkeypatch.setattr(patience, "answers", lambda client: answers)
    response = Response(clock, 100.0 + waited)
    client = Client("esdb://127.0.0.1:1?Tls=false")
    events: Any = patience.with_silence_timeout(response, client)

    assert next(events) == "one"
    clock[0] = 100.0  # the reader took its time
    patience._watchdog.look()
    assert not response.is_stopped
    assert next(events) == "two"
    assert response.is_stopped == (waited > patience.PATIENCE and not answers)


def test_a_read_that_finds_nothing_for_long_is_not_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As of a server that filters a long log: it says nothing, but is there."""
    asked = threading.Event()
    original = patience.answers

    def answers(client: Client) -> bool:
        answer = original(client)
        asked.set()
        return answer

    monkeypatch.setattr(patience, "answers", answers)
    monkeypatch.setattr(patience, "ANSWER", DEADLINE)
    with EmbeddedProcess() as server:
        client = server.client()
        with client.subscribe_to_all() as quiet:  # says nothing until there is an event
            found: list[str] = []
            reader = threading.Thread(
                target=lambda: found.extend(
                    event.type for event in islice(patience.with_silence_timeout(quiet, client), 1)
                )
            )
            reader.start()
            assert asked.wait(DEADLINE)
            client.append_to_stream(
                "Dog-1", current_version=StreamState.ANY, events=NewEvent(type="Barked", data=b"{}")
            )
            reader.join(DEADLINE)
    assert found == ["Barked"]
