"""Killed servers, lost answers, no memory: never a view that is wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
import redis
from eventsourcing.persistence import OperationalError, StoredEvent, Tracking
from eventsourcing.utils import Environment

from esnb.redis import RedisFactory, RedisView
from tests.redis_server import RedisServer


class Totals(RedisView):
    def add(self, number: int) -> None:
        with self.commit(Tracking("app", number)) as commands:
            commands.hincrby(self.key("totals"), "sum", number)
            commands.rpush(self.key("seen"), number)


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def view(server: RedisServer) -> Totals:
    return Totals.construct(Environment("Totals", {"REDIS_URL": server.url}))


def test_a_server_that_is_down_is_an_operational_error(server: RedisServer, view: Totals) -> None:
    view.add(1)
    server.kill()
    for use in (
        lambda: view.add(2),
        lambda: view.max_tracking_id("app"),
        view.rows,
        view.checkpoints,
        view.discard,
    ):
        with pytest.raises(OperationalError, match=r"Redis at unix:///.* cannot be reached"):
            use()
    server.start()
    view.add(2)
    assert view.redis.lrange(view.key("seen"), 0, -1) == ["1", "2"]


def test_snapshots_say_that_the_server_is_down(server: RedisServer) -> None:
    factory = RedisFactory(Environment("App", {"REDIS_URL": server.url}))
    snapshots = factory.aggregate_recorder(purpose="snapshots")
    server.kill()
    with pytest.raises(OperationalError, match="cannot be reached"):
        snapshots.insert_events([StoredEvent("a", 1, "topic", b"state")])
    with pytest.raises(OperationalError, match="cannot be reached"):
        snapshots.select_events("a")


def test_kills_while_events_flow_apply_each_event_once(server: RedisServer, view: Totals) -> None:
    # Given a runner that, whenever Redis fails it, goes on from the checkpoint
    last = 400
    kills = 10
    reached = threading.Condition()
    progress = 0

    def run() -> None:
        nonlocal progress
        while True:
            try:
                position = view.max_tracking_id("app") or 0
                while position < last:
                    view.add(position + 1)
                    position += 1
                    with reached:
                        progress = position
                        reached.notify_all()
                return
            except OperationalError:
                continue

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    # When Redis is killed again and again, in the middle of whatever it does
    for number in range(1, kills + 1):
        with reached:
            assert reached.wait_for(lambda: progress >= number * last // (kills + 1), 60)  # noqa: B023
        server.kill()
        server.start()
    runner.join(60)
    assert not runner.is_alive()
    # Then every event was applied, and once
    assert view.redis.lrange(view.key("seen"), 0, -1) == [str(n) for n in range(1, last + 1)]
    assert view.redis.hget(view.key("totals"), "sum") == str(sum(range(1, last + 1)))


@pytest.fixture
def lose(view: Totals, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[object]]:
    """Breaks the connection after the next command was sent and applied."""
    connection_class = view._connection.binary.connection_pool.connection_class
    read = connection_class.read_response

    def lose_the_next_answer() -> list[object]:
        lost: list[object] = []

        def read_response(self: object, *args: object, **kwargs: object) -> object:
            answer = read(self, *args, **kwargs)
            if not lost:
                lost.append(answer)
                raise redis.ConnectionError("connection reset by a test")
            return answer

        monkeypatch.setattr(connection_class, "read_response", read_response)
        return lost

    return lose_the_next_answer


def test_a_swap_sent_again_after_a_lost_answer_is_done_once(
    view: Totals, lose: Callable[[], list[object]]
) -> None:
    view.add(1)
    rebuilt = view.in_namespace("rebuild")
    rebuilt.add(7)
    lost = lose()
    rebuilt.replace(view)
    assert lost
    assert view.redis.lrange(view.key("seen"), 0, -1) == ["7"]
    view.add(8)
    assert view.checkpoints() == {"app": 8}


def test_a_commit_sent_again_after_a_lost_answer_is_no_conflict(
    view: Totals, lose: Callable[[], list[object]]
) -> None:
    view.add(1)
    lost = lose()
    # When the client sends it a second time
    view.add(2)
    # Then it was applied once, and nobody was told of a conflict
    assert lost
    assert view.redis.lrange(view.key("seen"), 0, -1) == ["1", "2"]


def test_without_memory_nothing_moves(server: RedisServer, view: Totals) -> None:
    view.add(1)
    client = redis.Redis.from_url(server.url)
    rows = view.rows()
    client.config_set("maxmemory", "1mb")
    client.config_set("maxmemory-policy", "noeviction")
    for change in (lambda: view.add(2), lambda: view.insert_tracking(Tracking("app", 2))):
        with pytest.raises(OperationalError, match=r"out of memory .* nothing was written"):
            change()
    assert view.rows() == rows
    assert view.checkpoints() == {"app": 1}
    client.config_set("maxmemory", "0")
    view.add(2)
    assert view.checkpoints() == {"app": 2}


def test_a_batch_that_memory_ends_in_is_whole(server: RedisServer, view: Totals) -> None:
    # Given room for some of a batch's megabytes, when the batch arrives
    view.insert_tracking(Tracking("app", 1))
    client = redis.Redis.from_url(server.url)
    used = int(client.info("memory")["used_memory"])
    client.config_set("maxmemory", str(used + 12_000_000))
    applied = 0
    with pytest.raises(OperationalError, match="out of memory"):  # noqa: PT012
        for start in range(2, 1000, 10):
            with view.batch():
                for number in range(start, start + 10):
                    with view.commit(Tracking("app", number)) as commands:
                        commands.rpush(view.key("big"), "x" * 100_000)
            applied = start + 9
    # Then it is applied as a whole or not at all
    assert view.checkpoints() == {"app": applied}
    assert view.redis.llen(view.key("big")) == applied - 1
