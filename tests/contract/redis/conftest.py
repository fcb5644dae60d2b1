"""A client of the module's Redis server, which each test finds empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
from eventsourcing.utils import Environment

from tests.redis_server import RedisServer

MakeEnvironment = Callable[..., Environment]


@pytest.fixture
def client(redis_server: RedisServer) -> Iterator[redis.Redis]:
    """An ordinary client of the server, which it finds empty; answers with str."""
    client = redis.Redis.from_url(redis_server.url, decode_responses=True)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def environment(redis_server: RedisServer, client: redis.Redis) -> MakeEnvironment:
    """Makes the environment for a projection or application of the given name."""

    def make(name: str = "Totals", **settings: str) -> Environment:
        return Environment(
            name, {"PERSISTENCE_MODULE": "esnb.redis", "REDIS_URL": redis_server.url, **settings}
        )

    return make
