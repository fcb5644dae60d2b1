"""Views and outboxes beside an event store that was emptied and filled again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import (
    Aggregate,
    BaseAggregate,
    CanInitAggregate,
    CanMutateAggregate,
    MetaDomainEvent,
    event,
)
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner

import esnb
from esnb.adapters.checkpoint_event import TrackedEvent
from esnb.outbox import Outbox
from esnb.projections import Backoff, CatchUpRunner, CheckpointMismatchError
from esnb.redis import RedisView
from tests.eventstoredb_server import EventStoreDBServer
from tests.redis_server import RedisServer

Env = dict[str, str]


class Dog(Aggregate):
    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name


class Kennel(Application[Any]):
    """Registers dogs."""

    def register(self, *names: str) -> None:
        for name in names:
            self.save(Dog(name))


class Named(BaseAggregate[str]):
    """A dog whose id is its name."""

    class Event(CanMutateAggregate[str], metaclass=MetaDomainEvent):
        originator_id: str
        originator_version: int
        timestamp: datetime

    class Created(CanInitAggregate[str], Event):
        originator_topic: str

    class Registered(Created):
        name: str

    @event(Registered)
    def __init__(self, name: str) -> None:
        self.name = name

    @staticmethod
    def create_id(name: str) -> str:
        return f"dog-{name}"


class Names(RedisView):
    def add(self, name: str, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.rpush(self.key("names"), name)

    def names(self) -> list[str]:
        return [str(name) for name in self.redis.lrange(self.key("names"), 0, -1)]


class NamesProjection(Projection[Names]):
    name = "names"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.add(domain_event.name, tracking)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[str, str]]:
    """The URIs of two servers: one as it was, and as it is after it was emptied."""
    with EventStoreDBServer() as before, EventStoreDBServer() as after:
        yield before.uri, after.uri


@pytest.fixture(params=["eventstoredb", "sqlite", "popo"])
def envs(
    request: pytest.FixtureRequest,
    redis_server: RedisServer,
    servers: tuple[str, str],
    tmp_path: Path,
) -> tuple[Env, Env]:
    """The settings of an event store beside one Redis, before and after it was emptied."""
    case = f"Case{uuid4().hex[:10]}"
    shared = {"REDIS_URL": redis_server.url, "REDIS_KEY_PREFIX": case}
    shared["NAMES_PERSISTENCE_MODULE"] = "esnb.redis"
    if request.param == "eventstoredb":
        shared |= {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_STREAM_PREFIX": case,
        }
        before, after = servers
        return {**shared, "EVENTSTOREDB_URI": before}, {**shared, "EVENTSTOREDB_URI": after}
    if request.param == "sqlite":
        shared["PERSISTENCE_MODULE"] = "eventsourcing.sqlite"
        first = {**shared, "SQLITE_DBNAME": f"{tmp_path}/before.db"}
        return first, {**shared, "SQLITE_DBNAME": f"{tmp_path}/after.db"}
    shared["PERSISTENCE_MODULE"] = "eventsourcing.popo"
    return shared, shared


@pytest.fixture
def kennel() -> Iterator[Callable[..., Kennel]]:
    opened: list[Kennel] = []

    def kennel(env: Env, *names: str) -> Kennel:
        app = Kennel(env=env)
        opened.append(app)
        app.register(*names)
        return app

    yield kennel
    for app in opened:
        app.close()


def view_of(app: Kennel) -> CatchUpRunner[Kennel, Names]:
    return CatchUpRunner(app, NamesProjection, Names, app.env, backoff=Backoff(0.01, 0.05))


def fill_beyond(app: Kennel, position: int) -> None:
    """Registers dogs until the log ends beyond `position`."""
    number = 0
    while number < 3 or (app.recorder.max_notification_id() or 0) <= position:
        app.register(f"new{number}")
        number += 1


def test_a_view_of_a_log_that_was_emptied_is_refused_and_rebuilt(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs
    with view_of(kennel(before, "old1", "old2")) as runner:
        runner.wait()
        position = runner.status().position or 0
    app = kennel(after)
    fill_beyond(app, position)

    runner = view_of(app)
    with (
        pytest.raises(CheckpointMismatchError, match=rf"'names'.* {position} .*rebuild\(\)"),
        runner,
    ):
        runner.wait()
    assert runner.view.names() == ["old1", "old2"]

    runner.rebuild()
    runner.wait()
    assert runner.view.names()[:2] == ["new0", "new1"]
    runner.stop()
    with view_of(app) as again:
        again.wait()


def test_an_outbox_of_a_log_that_was_emptied_is_refused(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs
    with Outbox(before, kennel(before, "old1", "old2"), name="names") as outbox:
        outbox.wait()
        position = outbox.status().position or 0
    app = kennel(after)
    fill_beyond(app, position)

    outbox = Outbox(after, app, name="names")
    with pytest.raises(CheckpointMismatchError, match=r"view of 'names' .*another name"), outbox:
        outbox.wait()
    assert len(outbox.records()) == 2


def test_a_view_goes_on_in_its_own_log(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    app = kennel(envs[0], "old1", "old2")
    for _ in range(2):
        app.register("next")
        with view_of(app) as runner:
            runner.wait()
    assert runner.view.names() == ["old1", "old2", "next", "next"]


def test_a_checkpoint_of_an_earlier_version_goes_on_and_learns_its_event(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    app = kennel(envs[0], "old1", "old2")
    with view_of(app) as runner:
        runner.wait()
    forget_the_events_of_checkpoints(runner.view)
    assert runner.view.checkpoint_event("Kennel") is None

    app.register("old3")
    with view_of(app) as runner:
        runner.wait()
        last = app.recorder.max_notification_id() or 0
    assert runner.view.names() == ["old1", "old2", "old3"]
    event = runner.view.checkpoint_event("Kennel")
    assert event is not None
    assert event.position == last


def forget_the_events_of_checkpoints(view: RedisView) -> None:
    client = view._connection.text
    for field in map(str, client.hkeys(view.namespace.tracking)):
        if field.startswith("event:"):
            client.hdel(view.namespace.tracking, field)


def test_a_checkpoint_that_was_moved_by_number_is_known_by_the_event_before_it(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs
    app = kennel(before, "old1")
    with view_of(app) as runner:
        runner.wait()
    app.register("old2")
    position = app.recorder.max_notification_id() or 0
    runner.view.insert_tracking(Tracking("Kennel", position))  # as the library's own runner does
    app = kennel(after)
    fill_beyond(app, position)
    with (
        pytest.raises(CheckpointMismatchError, match=rf"is at event {position} "),
        view_of(app) as runner,
    ):
        runner.wait()


def test_a_rebuild_that_was_interrupted_is_not_gone_on_with_in_another_log(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs
    app = kennel(before, "old1", "old2")
    with view_of(app) as runner:
        runner.wait()
    rebuilt = runner._rebuild.begin()
    assert isinstance(rebuilt, Names)
    first, second = app.recorder.select_notifications(start=None, limit=2)
    rebuilt.add("old1", TrackedEvent("Kennel", first))
    app = kennel(after)
    fill_beyond(app, second.id)

    with (
        pytest.raises(CheckpointMismatchError, match=rf"is at event {first.id} "),
        view_of(app) as runner,
    ):
        runner.wait()
    runner.rebuild()
    runner.wait()
    runner.stop()
    assert runner.view.names()[:2] == ["new0", "new1"]


def test_one_view_of_two_applications_knows_the_log_of_each(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs

    class Shelter(Kennel):
        pass

    def both(app: Kennel) -> None:
        with view_of(app) as runner:
            runner.wait()

    streams = {"SHELTER_EVENTSTOREDB_STREAM_PREFIX": f"Shelter{uuid4().hex[:10]}"}
    shelter = Shelter(env={**before, **streams})
    both(kennel(before, "old1"))
    shelter.register("kept")
    both(shelter)
    shelter.register("kept too")
    both(shelter)
    app = kennel(after)
    fill_beyond(app, shelter.recorder.max_notification_id() or 0)
    with pytest.raises(CheckpointMismatchError, match="of application 'Kennel'"):
        both(app)
    shelter.close()


@pytest.mark.parametrize("store", ["sqlite", "popo"])
def test_ids_of_ones_own_making_do_not_make_two_logs_one(
    store: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    def named(database: str) -> Application[str]:
        app = Application[str](
            env={
                "PERSISTENCE_MODULE": f"eventsourcing.{store}",
                "ORIGINATOR_ID_TYPE": "text",
                "SQLITE_DBNAME": f"{tmp_path}/{database}.db",
                "REDIS_URL": redis_server.url,
                "REDIS_KEY_PREFIX": f"{store}{tmp_path.name}",
                "NAMES_PERSISTENCE_MODULE": "esnb.redis",
            }
        )
        for name in ("Rex", "Fido"):
            app.save(Named(name))
        return app

    for database in ("before", "after"):
        app = named(database)
        runner = CatchUpRunner(app, NamesProjection, Names, app.env)
        if database == "before":
            with runner:
                runner.wait()
        else:
            with pytest.raises(CheckpointMismatchError, match="version 1 of dog-Fido"), runner:
                runner.wait()
        app.close()


def empty_and_fill(database: Path, rows: int) -> None:
    """In one transaction: a log that is longer than the one before it."""
    with sqlite3.connect(database) as connection:
        found = list(connection.execute("SELECT * FROM stored_events ORDER BY rowid"))
        connection.execute("DELETE FROM stored_events")
        marks = ",".join("?" * len(found[0]))
        for number in range(rows):
            _, version, topic, state = found[number % len(found)]
            row = (uuid4().hex, version, topic, state)
            connection.execute(f"INSERT INTO stored_events VALUES ({marks})", row)
    connection.close()


def test_a_log_that_is_emptied_and_filled_under_a_runner_is_noticed(
    redis_server: RedisServer, kennel: Callable[..., Kennel], tmp_path: Path
) -> None:
    app = kennel(
        {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": f"{tmp_path}/kennel.db",
            "REDIS_URL": redis_server.url,
            "REDIS_KEY_PREFIX": tmp_path.name,
            "NAMES_PERSISTENCE_MODULE": "esnb.redis",
        },
        "old1",
        "old2",
    )
    runner = view_of(app)
    runner.start()
    runner.wait()
    empty_and_fill(tmp_path / "kennel.db", 5)
    with pytest.raises(CheckpointMismatchError):
        runner.run_forever(60)
    runner.stop()
    assert runner.view.names() == ["old1", "old2"]


@pytest.mark.parametrize("envs", ["eventstoredb"], indirect=True)
def test_the_librarys_own_runner_does_not_go_on_in_another_log(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs

    def runner(env: Env) -> ProjectionRunner[Kennel, Names]:
        return ProjectionRunner(
            application_class=Kennel, projection_class=NamesProjection, view_class=Names, env=env
        )

    position = 0
    for _ in range(2):
        app = kennel(before, "old")
        position = app.recorder.max_notification_id() or 0
        with runner(before) as running:
            running.wait(position, timeout=60)
    event = running.projection.view.checkpoint_event("Kennel")
    assert event is not None
    assert event.position == position

    fill_beyond(kennel(after), position)
    with pytest.raises(
        CheckpointMismatchError, match=rf"'names' is at event {position} .*REDIS_KEY_PREFIX"
    ):
        runner(after)


def test_a_checkpoint_in_another_log_has_no_lag(
    envs: tuple[Env, Env], kennel: Callable[..., Kennel]
) -> None:
    before, after = envs
    app = kennel(before, "old1", "old2")
    with view_of(app) as runner:
        runner.wait()
    app.register("old3")
    for source in (app, runner):
        assert esnb.checkpoints(source)["lag"].tolist() == [1]

    app = kennel(after)
    fill_beyond(app, runner.status().position or 0)
    for source in (app, view_of(app)):
        found = esnb.checkpoints(source)
        assert found["position"].tolist() == [runner.status().position]
        assert found["lag"].isna().tolist() == [True]
