"""Waiting for a checkpoint: prompt, without polling, through a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import monotonic

import pytest
import redis
from eventsourcing.persistence import OperationalError, Tracking, WaitInterruptedError
from eventsourcing.utils import Environment

from esnb.redis import RedisTrackingRecorder
from tests.redis_server import RedisServer
from tests.waiting import until

MakeEnvironment = Callable[..., Environment]


@pytest.fixture
def recorder(environment: MakeEnvironment) -> RedisTrackingRecorder:
    return RedisTrackingRecorder.construct(environment())


class Waiter(threading.Thread):
    """Waits in a thread, and says how it ended."""

    def __init__(self, recorder: RedisTrackingRecorder, **arguments: object) -> None:
        super().__init__(daemon=True)
        self._recorder = recorder
        self._arguments = arguments
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self._recorder.wait("app", 2, **self._arguments)  # type: ignore[arg-type]
        except (TimeoutError, OperationalError, WaitInterruptedError) as error:
            self.error = error


def _subscribed(client: redis.Redis, recorder: RedisTrackingRecorder) -> bool:
    channel = recorder.namespace.channel("app")
    return bool(dict(client.pubsub_numsub(channel)).get(channel))


def test_a_commit_wakes_it_without_polling(
    recorder: RedisTrackingRecorder, environment: MakeEnvironment, client: redis.Redis
) -> None:
    # Given somebody who waits
    waiter = Waiter(RedisTrackingRecorder.construct(environment()), timeout=60)
    until(lambda: _subscribed(client, recorder))
    # and while they wait, ask Redis nothing,
    asked = client.info("commandstats")["cmdstat_hmget"]["calls"]
    waiter.join(0.5)
    assert waiter.is_alive()
    assert client.info("commandstats")["cmdstat_hmget"]["calls"] <= asked + 1
    # when another event is committed, they wait on; when it is theirs, they go on.
    recorder.insert_tracking(Tracking("app", 1))
    waiter.join(0.1)
    assert waiter.is_alive()
    recorder.insert_tracking(Tracking("app", 2))
    waiter.join(90)
    assert not waiter.is_alive()
    assert waiter.error is None


def test_many_wait_at_once(
    recorder: RedisTrackingRecorder, environment: MakeEnvironment, client: redis.Redis
) -> None:
    shared = RedisTrackingRecorder.construct(environment())
    waiters = [Waiter(shared, timeout=60) for _ in range(20)]
    channel = recorder.namespace.channel("app")
    until(lambda: dict(client.pubsub_numsub(channel)).get(channel) == 20)
    recorder.insert_tracking(Tracking("app", 2))
    for waiter in waiters:
        waiter.join(90)
        assert not waiter.is_alive()
        assert waiter.error is None


def test_an_interrupt_ends_it_promptly(
    recorder: RedisTrackingRecorder, client: redis.Redis
) -> None:
    interrupt = threading.Event()
    waiter = Waiter(recorder, timeout=60, interrupt=interrupt)
    until(lambda: _subscribed(client, recorder))
    interrupt.set()
    waiter.join(90)
    assert not waiter.is_alive()
    assert isinstance(waiter.error, WaitInterruptedError)


def test_it_keeps_to_its_time(recorder: RedisTrackingRecorder) -> None:
    before = monotonic()
    with pytest.raises(TimeoutError, match=r"view 'Totals' to reach event 2 of application 'app'"):
        recorder.wait("app", 2, timeout=0.3)
    assert monotonic() - before >= 0.3


def test_no_connection_is_left_subscribed(
    recorder: RedisTrackingRecorder, client: redis.Redis
) -> None:
    for _ in range(5):
        with pytest.raises(TimeoutError):
            recorder.wait("app", 2, timeout=0.05)
    until(lambda: not _subscribed(client, recorder))
    until(lambda: len(client.client_list()) <= 3)


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def test_it_survives_a_restart_of_redis(own_server: RedisServer) -> None:
    environment = Environment("Totals", {"REDIS_URL": own_server.url})
    recorder = RedisTrackingRecorder.construct(environment)
    recorder.insert_tracking(Tracking("app", 1))
    waiter = Waiter(RedisTrackingRecorder.construct(environment), timeout=60)
    client = redis.Redis.from_url(own_server.url, decode_responses=True)
    until(lambda: _subscribed(client, recorder))
    own_server.kill()
    own_server.start()
    assert recorder.max_tracking_id("app") == 1
    recorder.insert_tracking(Tracking("app", 2))
    waiter.join(90)
    assert not waiter.is_alive()
    assert waiter.error is None


def test_a_server_that_stays_down_is_named(own_server: RedisServer) -> None:
    recorder = RedisTrackingRecorder.construct(Environment("T", {"REDIS_URL": own_server.url}))
    own_server.kill()
    with pytest.raises(OperationalError, match=r"Redis at unix:///.* cannot be reached"):
        recorder.wait("app", 2, timeout=0.3)
