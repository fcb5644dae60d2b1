"""An EventStoreDB server for the module, and applications of their own on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from eventsourcing.utils import Environment

from esnb.eventstoredb import EventStoreDBFactory
from tests.eventstoredb_server import REAL_URI, EventStoreDBServer

MakeFactory = Callable[..., EventStoreDBFactory]


@pytest.fixture(scope="module")
def server_uri() -> Iterator[str]:
    if REAL_URI:
        yield REAL_URI
        return
    with EventStoreDBServer() as server:
        yield server.uri


@pytest.fixture
def name() -> str:
    """An application name, and so a category, that no other test uses."""
    return f"Shop{uuid4().hex[:12]}"


@pytest.fixture
def env(server_uri: str) -> dict[str, str]:
    return {"PERSISTENCE_MODULE": "esnb.eventstoredb", "EVENTSTOREDB_URI": server_uri}


@pytest.fixture
def make_factory(env: dict[str, str], name: str) -> Iterator[MakeFactory]:
    """Makes factories of the test's application, or of another; closes them."""
    made: list[EventStoreDBFactory] = []

    def make(application: str = name, **settings: str) -> EventStoreDBFactory:
        factory = EventStoreDBFactory(Environment(application, {**env, **settings}))
        made.append(factory)
        return factory

    yield make
    for factory in made:
        factory.close()
