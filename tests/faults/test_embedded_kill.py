"""What was acknowledged is there after the server was killed, whatever it was doing."""

from __future__ import annotations

import os
import random
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from esnb.clients.installed import ClientError, NewEvent, NotFound, StreamState
from tests.embedded_process import EmbeddedProcess

KILLS = int(os.environ.get("ESNB_KILLS", "12"))
"""Of the server under load; hundreds by `ESNB_KILLS=300`."""
WRITERS = 4
Acknowledged = dict[str, list[list[uuid.UUID]]]


class Writers:
    """Threads that append until the server is gone, and remember what it acknowledged."""

    def __init__(self, server: EmbeddedProcess, acknowledged: Acknowledged, seed: int) -> None:
        self.acknowledged = acknowledged
        self.progress = threading.Condition()
        self.count = 0
        self.ended_by: list[Exception] = []
        self._threads = [
            threading.Thread(target=self._write, args=(server.client(), f"s-{seed}-{n}", n))
            for n in range(WRITERS)
        ]

    def run_until(self, acknowledgements: int) -> None:
        for thread in self._threads:
            thread.start()
        with self.progress:
            reached = self.progress.wait_for(
                lambda: self.count >= acknowledgements or len(self.ended_by) == WRITERS, timeout=120
            )
        assert reached, f"{self.count} of {acknowledgements} appends in 120 s"
        assert self.count >= acknowledgements, self.ended_by

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _write(self, client: Any, stream: str, seed: int) -> None:
        chance = random.Random(seed)
        batches = self.acknowledged.setdefault(stream, [])
        while True:
            events = [
                NewEvent("Happened", b"{}" + b" " * chance.randrange(2000))
                for _ in range(chance.randint(1, 5))
            ]
            try:
                client.append_to_stream(stream, current_version=StreamState.ANY, events=events)
            except ClientError as error:
                with self.progress:
                    self.ended_by.append(error)
                    self.progress.notify()
                return
            batches.append([event.id for event in events])
            with self.progress:
                self.count += 1
                self.progress.notify()


@pytest.mark.timeout(300 + 20 * KILLS)
def test_acknowledged_events_survive_being_killed_under_load(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    chance = random.Random(7)
    acknowledged: Acknowledged = {}
    for round in range(KILLS):
        with EmbeddedProcess(path) as server:
            writers = Writers(server, acknowledged, round)
            writers.run_until(chance.randint(1, 120))
            server.kill()
            writers.join()
    with EmbeddedProcess(path) as server:
        client = server.client()
        stored = {name: events_of(client, name) for name in acknowledged}
        everything = [e.id for e in client.read_all()]
        categorised, typed = (
            links(client, name, len(everything)) for name in ("$ce-s", "$et-Happened")
        )
    written = sum(len(batch) for batches in acknowledged.values() for batch in batches)
    assert written > KILLS
    assert len(set(everything)) == len(everything)
    for name, batches in acknowledged.items():
        ids = [event_id for batch in batches for event_id in batch]
        assert stored[name][: len(ids)] == ids
        # One append may have been written and not acknowledged; never a part of one more.
        assert len(stored[name]) - len(ids) <= 5
    assert {event_id for ids in stored.values() for event_id in ids} == set(everything)
    assert categorised == typed == everything


def events_of(client: Any, name: str) -> list[uuid.UUID]:
    """Its events; none where the server was killed before a writer's first append."""
    try:
        return [event.id for event in client.get_stream(name)]
    except NotFound:
        return []


def links(client: Any, stream: str, count: int) -> list[uuid.UUID]:
    """The events that a stream of links points at, once there are `count`, and no more behind."""
    with client.subscribe_to_stream(stream, resolve_links=True, timeout=60) as subscription:
        for _ in range(count):
            next(subscription)
    return [event.id for event in client.get_stream(stream, resolve_links=True)]


@pytest.mark.timeout(300 + 20 * KILLS)
def test_no_link_is_lost_or_doubled_when_killed_while_projecting(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    chance = random.Random(11)
    expected: list[uuid.UUID] = []
    passed = 0
    for _ in range(KILLS):
        with EmbeddedProcess(path) as server:
            client = server.client()
            for _ in range(4):
                events = [NewEvent("Happened", b"{}") for _ in range(100)]
                name = f"s-{chance.randrange(20)}"
                client.append_to_stream(name, current_version=StreamState.ANY, events=events)
                expected += [event.id for event in events]
            stop_at = len(expected) - chance.randrange(400)
            after = passed - 1 if passed else None
            with client.subscribe_to_stream("$ce-s", stream_position=after) as subscription:
                for _ in range(stop_at - passed):
                    next(subscription)
            passed = stop_at
            server.kill()
    with EmbeddedProcess(path) as server:
        client = server.client()
        for stream in ("$ce-s", "$et-Happened"):
            assert links(client, stream, len(expected)) == expected
        first = [e.data.decode() for e in client.get_stream("$streams", resolve_links=False)]
    assert len(set(first)) == len(first) <= 20


def test_killed_server_goes_on_with_the_next_revision(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    for revision in range(3):
        with EmbeddedProcess(path) as server:
            server.client().append_to_stream(
                "a",
                current_version=revision - 1 if revision else StreamState.NO_STREAM,
                events=NewEvent("Happened", b"{}"),
            )
            server.kill()
    with EmbeddedProcess(path) as server:
        assert [e.stream_position for e in server.client().get_stream("a")] == [0, 1, 2]
