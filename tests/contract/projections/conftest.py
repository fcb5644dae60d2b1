"""An EventStoreDB and a Redis for the module, and the settings of both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.eventstoredb_server import REAL_URI, EventStoreDBServer
from tests.redis_server import RedisServer


@pytest.fixture(scope="module")
def stores_env(redis_server: RedisServer) -> Iterator[dict[str, str]]:
    """What `esnb.connect().env` gives, for servers of the tests' own."""
    with EventStoreDBServer() as server:
        yield {
            "PERSISTENCE_MODULE": "esnb.eventstoredb",
            "EVENTSTOREDB_URI": REAL_URI or server.uri,
            "REDIS_URL": redis_server.url,
        }
