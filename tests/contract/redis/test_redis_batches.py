"""Many events in one step, and a whole view put in another's place."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import redis
from eventsourcing.persistence import IntegrityError, ProgrammingError, Tracking
from eventsourcing.utils import Environment

from esnb.redis import CommandRefusedError, RedisView

MakeEnvironment = Callable[..., Environment]


class Prices(RedisView):
    """Prices by product, with an index that must drop the old price."""

    def put(self, product: str, price: str, tracking: Tracking) -> None:
        old = self.redis.hget(self.key("prices"), product)
        with self.commit(tracking) as commands:
            if old is not None:
                commands.srem(self.key("at", old), product)
            commands.hset(self.key("prices"), product, price)
            commands.sadd(self.key("at", price), product)

    def count(self, product: str, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("counts"), product, 1)

    def at(self, price: str) -> set[str]:
        return {str(product) for product in self.redis.smembers(self.key("at", price))}


@pytest.fixture
def view(environment: MakeEnvironment) -> Prices:
    return Prices.construct(environment("Prices"))


def _commits(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    return sum(
        int(stats.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("eval", "evalsha")
    )


def test_the_events_of_a_batch_are_one_round_trip(view: Prices, client: redis.Redis) -> None:
    view.count("a", Tracking("app", 1))
    before = _commits(client)
    with view.batch(max_events=100):
        for number in range(2, 102):
            view.count("a", Tracking("app", number))
    assert _commits(client) == before + 1
    assert view.checkpoints() == {"app": 101}
    assert view.redis.hget(view.key("counts"), "a") == "101"


def test_a_full_batch_commits_by_itself(view: Prices) -> None:
    watcher = view.construct(view._env)
    with view.batch(max_events=3) as batch:
        for number in range(1, 5):
            view.count("a", Tracking("app", number))
        assert watcher.max_tracking_id("app") == 3
        assert len(batch) == 1
    assert watcher.max_tracking_id("app") == 4


def test_flush_says_how_far_it_came(view: Prices) -> None:
    with view.batch() as batch:
        assert batch.flush() is None
        view.count("a", Tracking("app", 1))
        view.insert_tracking(Tracking("app", 8))
        assert batch.flush() == Tracking("app", 8)
        assert batch.flush() is None


def test_a_read_in_a_batch_sees_the_events_before_it(view: Prices) -> None:
    with view.batch():
        view.put("pen", "1", Tracking("app", 1))
        view.put("pen", "2", Tracking("app", 2))
        view.put("ink", "2", Tracking("app", 3))
        assert view.at("1") == set()
        assert view.at("2") == {"pen", "ink"}
        view.put("pen", "3", Tracking("app", 4))
    assert (view.at("2"), view.at("3")) == ({"ink"}, {"pen"})


@pytest.mark.parametrize(
    "read",
    [
        lambda view: view.max_tracking_id("app") == 1,
        lambda view: view.has_tracking_id("app", 1),
        lambda view: view.wait("app", 1, timeout=60) is None,
        lambda view: view.checkpoints() == {"app": 1},
        lambda view: len(view.rows()) == 1,
    ],
)
def test_every_way_of_reading_sees_them(view: Prices, read: Callable[[Prices], bool]) -> None:
    with view.batch():
        view.count("a", Tracking("app", 1))
        assert read(view)


def test_another_threads_reads_leave_the_batch_alone(view: Prices) -> None:
    seen: list[object] = []
    with view.batch() as batch:
        view.count("a", Tracking("app", 1))
        thread = threading.Thread(
            target=lambda: seen.append(view.redis.hget(view.key("counts"), "a"))
        )
        thread.start()
        thread.join(60)
        assert seen == [None]
        assert len(batch) == 1


def test_the_events_before_a_poison_event_are_committed(view: Prices) -> None:
    with pytest.raises(ZeroDivisionError), view.batch():  # noqa: PT012
        view.count("a", Tracking("app", 1))
        view.count("a", Tracking("app", 2))
        with view.commit(Tracking("app", 3)) as commands:
            commands.hincrby(view.key("counts"), "a", 1)
            _ = 1 // 0
    assert view.checkpoints() == {"app": 2}
    assert view.redis.hget(view.key("counts"), "a") == "2"


def test_the_events_before_a_refused_command_are_committed(view: Prices) -> None:
    with pytest.raises(CommandRefusedError, match="for event 3 "), view.batch():  # noqa: PT012
        view.count("a", Tracking("app", 1))
        view.count("a", Tracking("app", 2))
        with view.commit(Tracking("app", 3)) as commands:
            commands.sadd(view.key("other"), "x")
            commands.hset(view.key("counts"), "b", "text")
            commands.hincrby(view.key("counts"), "b", 1)
        view.count("a", Tracking("app", 4))
    assert view.checkpoints() == {"app": 2}
    assert view.rows() == [("counts", "hash", "a", "2")]


def test_overlapping_batches_of_two_runners(view: Prices, environment: MakeEnvironment) -> None:
    # Given a rival that has committed events 1 to 3
    rival = Prices.construct(environment("Prices"))
    with rival.batch():
        for number in (1, 2, 3):
            rival.count("a", Tracking("app", number))
    # When a batch of 3 to 6 arrives, whose last id lies above the checkpoint
    with pytest.raises(IntegrityError, match=r"is at 3 .* does not go to 3"), view.batch():  # noqa: PT012
        for number in (3, 4, 5, 6):
            view.count("a", Tracking("app", number))
    # Then nothing of it was applied
    assert view.checkpoints() == {"app": 3}
    assert view.redis.hget(view.key("counts"), "a") == "3"


def test_ids_must_increase_within_a_batch(view: Prices) -> None:
    with view.batch():
        view.count("a", Tracking("app", 5))
        with pytest.raises(IntegrityError, match=r"is at 5 .* does not go to 5"):
            view.count("a", Tracking("app", 5))
        view.count("a", Tracking("app", 6))
    assert view.redis.hget(view.key("counts"), "a") == "2"


def test_events_of_two_applications_in_one_batch(view: Prices) -> None:
    with view.batch():
        view.count("a", Tracking("one", 7))
        view.count("a", Tracking("two", 3))
        view.count("a", Tracking("one", 8))
    assert view.checkpoints() == {"one": 8, "two": 3}
    assert view.redis.hget(view.key("counts"), "a") == "3"


def test_a_batch_of_thousands_of_commands(view: Prices) -> None:
    with view.batch(max_events=20_000):
        for number in range(1, 20_001):
            view.count(str(number % 100), Tracking("app", number))
    assert view.redis.hvals(view.key("counts")) == ["200"] * 100


def test_one_batch_at_a_time(view: Prices) -> None:
    with view.batch(), pytest.raises(ProgrammingError, match="open batch"), view.batch():
        pass
    with pytest.raises(ValueError, match="at least one"), view.batch(max_events=0):
        pass
    with view.batch():
        view.count("a", Tracking("app", 1))
    assert view.checkpoints() == {"app": 1}


# --- a rebuild ------------------------------------------------------------------


def test_a_rebuilt_view_takes_the_place_of_the_old_one(view: Prices, client: redis.Redis) -> None:
    view.put("old", "1", Tracking("app", 1))
    view.put("pen", "2", Tracking("app", 2))
    key = view.key("prices")
    # Given a rebuild beside it, of which nothing is seen
    rebuilt = view.in_namespace("rebuild")
    rebuilt.put("pen", "3", Tracking("app", 9))
    assert view.redis.hgetall(key) == {"old": "1", "pen": "2"}
    # When it takes the view's place
    rebuilt.replace(view)
    # Then the same keys show it, and nothing else is left
    assert view.key("prices") == key
    assert view.redis.hgetall(key) == {"pen": "3"}
    assert view.at("1") == set()
    assert view.checkpoints() == {"app": 9}
    assert all("rebuild" not in str(name) for name in client.scan_iter())
    # And it goes on from there
    view.put("pen", "4", Tracking("app", 10))
    assert view.at("4") == {"pen"}


def test_readers_never_see_a_half_swapped_view(view: Prices) -> None:
    for number in range(1, 201):
        view.put(f"p{number}", "1", Tracking("app", number))
    rebuilt = view.in_namespace("rebuild")
    with rebuilt.batch():
        for number in range(1, 201):
            with rebuilt.commit(Tracking("app", number)) as commands:
                commands.hset(rebuilt.key("prices"), f"p{number}", "2")
    seen: set[frozenset[object]] = set()
    done = threading.Event()

    def read() -> None:
        reader = Prices.construct(view._env)
        while not done.is_set():
            seen.add(frozenset(value for _, kind, _, value in reader.rows() if kind == "hash"))
            seen.add(frozenset(reader.redis.hvals(view.key("prices"))))

    thread = threading.Thread(target=read)
    thread.start()
    rebuilt.replace(view)
    done.set()
    thread.join(60)
    assert seen <= {frozenset({"1"}), frozenset({"2"})}


def test_a_runner_of_the_old_view_is_refused_after_the_swap(
    view: Prices, environment: MakeEnvironment
) -> None:
    view.count("a", Tracking("app", 50))
    stale = Prices.construct(environment("Prices"))
    assert stale.max_tracking_id("app") == 50
    # Given a rebuild that came less far, so that ids alone would not tell
    rebuilt = view.in_namespace("rebuild")
    rebuilt.count("a", Tracking("app", 20))
    rebuilt.replace(view)
    # When a runner that has read the old checkpoint goes on
    with pytest.raises(IntegrityError, match="rebuilt"):
        stale.count("a", Tracking("app", 51))
    # Then nothing is skipped
    assert view.checkpoints() == {"app": 20}
    view.count("a", Tracking("app", 21))


def test_an_empty_rebuild_empties_the_view(view: Prices, client: redis.Redis) -> None:
    view.count("a", Tracking("app", 1))
    view.in_namespace("rebuild").replace(view)
    assert client.keys() == []
    view.count("a", Tracking("app", 1))
    assert view.checkpoints() == {"app": 1}


def test_an_empty_rebuild_leaves_the_view_to_its_owner(view: Prices) -> None:
    assert view.claim("Shop") == "Shop"
    view.count("a", Tracking("app", 1))
    rebuilt = view.in_namespace("rebuild")
    assert rebuilt.claim("Shop") == "Shop"
    rebuilt.replace(view)
    assert (view.rows(), view.checkpoints()) == ([], {})
    assert view.claim("Other") == "Shop"
    view.count("a", Tracking("app", 1))
    assert view.checkpoints() == {"app": 1}


def test_only_a_copy_of_itself_replaces_a_view(view: Prices, environment: MakeEnvironment) -> None:
    other = Prices.construct(environment("Other"))
    with pytest.raises(ValueError, match="in_namespace"):
        other.replace(view)


def test_a_throw_away_copy_leaves_the_view_alone(view: Prices, client: redis.Redis) -> None:
    view.count("a", Tracking("app", 1))
    before = sorted(map(str, client.keys()))
    copy = view.in_namespace("at-17")
    copy.count("a", Tracking("app", 1))
    copy.discard()
    assert sorted(map(str, client.keys())) == before
    assert view.redis.hget(view.key("counts"), "a") == "1"


def test_those_who_wait_are_woken_by_the_swap(view: Prices) -> None:
    view.count("a", Tracking("app", 1))
    rebuilt = view.in_namespace("rebuild")
    rebuilt.count("a", Tracking("app", 7))
    woken: list[bool] = []

    def wait() -> None:
        view.construct(view._env).wait("app", 7, timeout=30)
        woken.append(True)

    thread = threading.Thread(target=wait)
    thread.start()
    rebuilt.replace(view)
    thread.join(60)
    assert woken == [True]
