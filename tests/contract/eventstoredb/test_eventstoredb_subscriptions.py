"""Subscriptions that outlive their server, and projections that store events of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from eventsourcing.application import AggregateNotFoundError, Application, ProcessingEvent
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Notification, NotSupportedError
from eventsourcing.projection import EventSourcedProjection, EventSourcedProjectionRunner

from tests.eventstoredb_server import EventStoreDBServer


class Meter(Aggregate):
    @event("Installed")
    def __init__(self) -> None:
        self.reading = 0

    @event("Read")
    def read(self, reading: int) -> None:
        self.reading = reading


class Grid(Application[UUID]):
    pass


class Tally(Aggregate):
    @staticmethod
    def create_id() -> UUID:
        return uuid5(NAMESPACE_URL, "/tally")

    def __init__(self) -> None:
        self.readings = 0

    @event("Counted")
    def count(self) -> None:
        self.readings += 1


class Tallies(EventSourcedProjection[UUID]):
    @singledispatchmethod
    def policy(self, domain_event: Any, processing_event: ProcessingEvent[UUID]) -> None:
        """Other events are not counted."""

    @policy.register
    def _(self, domain_event: Meter.Read, processing_event: ProcessingEvent[UUID]) -> None:  # type: ignore[name-defined]
        try:
            tally: Tally = self.repository.get(Tally.create_id())
        except AggregateNotFoundError:
            tally = Tally()
        tally.count()
        processing_event.collect_events(tally)


class Reader:
    """Takes notifications in a thread, and says when there are enough."""

    def __init__(self, subscription: Iterator[Notification], enough: int) -> None:
        self.received: list[Notification] = []
        self.error: BaseException | None = None
        self._subscription = subscription
        self._enough = enough
        self._done = threading.Event()
        self._some = threading.Event()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        try:
            for notification in self._subscription:
                self.received.append(notification)
                self._some.set()
                if len(self.received) >= self._enough:
                    break
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self._done.set()

    def wait_for_one(self) -> None:
        assert self._some.wait(60)

    def wait(self) -> list[Notification]:
        assert self._done.wait(60), f"{len(self.received)} of {self._enough} arrived"
        assert self.error is None, self.error
        return self.received


def test_a_subscription_goes_on_after_the_server_was_away(tmp_path: Path) -> None:
    with EventStoreDBServer(tmp_path / "events.db") as server:
        env = {"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": server.uri}
        with Grid(env=env) as grid:
            meter = Meter()
            meter.read(1)
            grid.save(meter)
            with grid.recorder.subscribe() as subscription:
                reader = Reader(subscription, enough=7)
                reader.wait_for_one()
                for reading in (2, 3, 4, 5, 6):
                    server.stop()
                    server.start()
                    again: Meter = grid.repository.get(meter.id)
                    again.read(reading)
                    grid.save(again)
                received = reader.wait()

    assert [each.originator_version for each in received] == [1, 2, 3, 4, 5, 6, 7]
    assert len({each.id for each in received}) == 7


def test_stop_ends_a_waiting_subscription_promptly(env: dict[str, str]) -> None:
    with Grid(env={**env, "EVENTSTOREDB_STREAM_PREFIX": f"G{uuid4().hex}"}) as grid:
        grid.save(Meter())
        with grid.recorder.subscribe() as subscription:
            next(subscription)
            ended = threading.Event()

            def drain() -> None:
                for _ in subscription:
                    pass
                ended.set()

            threading.Thread(target=drain, daemon=True).start()
            subscription.stop()
            assert ended.wait(60)


def test_an_event_sourced_projection_keeps_its_events_in_sqlite(
    env: dict[str, str], tmp_path: Path
) -> None:
    settings = {
        **env,
        "EVENTSTOREDB_STREAM_PREFIX": f"G{uuid4().hex}",
        "TALLIES_PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "TALLIES_SQLITE_DBNAME": str(tmp_path / "tallies.sqlite"),
    }
    with EventSourcedProjectionRunner(
        application_class=Grid, projection_class=Tallies, env=settings
    ) as runner:
        meter = Meter()
        meter.read(1)
        meter.read(2)
        recordings = runner.app.save(meter)
        runner.wait(recordings[-1].notification.id, timeout=60)
        tally: Tally = runner.projection.repository.get(Tally.create_id())
        assert tally.readings == 2

    with EventSourcedProjectionRunner(
        application_class=Grid, projection_class=Tallies, env=settings
    ) as runner:
        again: Meter = runner.app.repository.get(meter.id)
        again.read(3)
        recordings = runner.app.save(again)
        runner.wait(recordings[-1].notification.id, timeout=60)
        tally = runner.projection.repository.get(Tally.create_id())
        assert tally.readings == 3


def test_events_and_tracking_in_eventstoredb_are_refused_naming_the_way_out(
    env: dict[str, str],
) -> None:
    with pytest.raises(NotSupportedError, match=r"_PERSISTENCE_MODULE=eventsourcing\.sqlite"):
        Tallies(env=env)
