"""Views and outboxes beside an event store that was emptied and filled again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection

from esnb.outbox import Outbox
from esnb.projections import Backoff, CatchUpRunner, CheckpointMismatchError
from esnb.redis import RedisView
from tests.eventstoredb_server import EventStoreDBServer

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


class Names(RedisView):
    def add(self, name: str, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.rpush(self.key("names"), name)

    def names(self) -> list[str]:
        return list(self.redis.lrange(self.key("names"), 0, -1))


class NamesProjection(Projection[Names]):
    name = "names"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.add(domain_event.name, tracking)


@pytest.fixture(scope="module")
def refilled() -> Iterator[str]:
    """The URI of a second server: what the first one is after it was emptied and filled again."""
    with EventStoreDBServer() as server:
        yield server.uri


@pytest.fixture(params=["eventstoredb", "sqlite", "popo"])
def envs(
    request: pytest.FixtureRequest, stores_env: Env, refilled: str, tmp_path: Path
) -> tuple[Env, Env]:
    """The settings of an event store beside one Redis, before and after it was emptied."""
    case = f"Case{uuid4().hex[:10]}"
    shared = {"REDIS_URL": stores_env["REDIS_URL"], "REDIS_KEY_PREFIX": case}
    shared["NAMES_PERSISTENCE_MODULE"] = "esnb.redis"
    if request.param == "eventstoredb":
        shared |= {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_STREAM_PREFIX": case,
        }
        first = {**shared, "EVENTSTOREDB_URI": stores_env["EVENTSTOREDB_URI"]}
        return first, {**shared, "EVENTSTOREDB_URI": refilled}
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
    while (app.recorder.max_notification_id() or 0) <= position:
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
