"""The catch-up runner from EventStoreDB into Redis views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from eventsourcing.application import Application
from eventsourcing.persistence import Tracking

import esnb
from esnb.correlation import correlate
from esnb.projections import (
    CatchUpRunner,
    CheckpointAheadError,
    ForeignViewError,
    current,
)
from esnb.projections.handling import Handlers
from esnb.redis import RedisView, ViewDamagedError
from tests.domain.bank import Bank, Deposits, Gate, RedisSums
from tests.redis_server import RedisServer
from tests.waiting import until

Runner = CatchUpRunner[Bank, RedisSums]
MakeRunner = Callable[..., Runner]


@pytest.fixture
def env(stores_env: dict[str, str]) -> dict[str, str]:
    case = f"Bank{uuid4().hex[:12]}"
    return {**stores_env, "EVENTSTOREDB_STREAM_PREFIX": case, "REDIS_KEY_PREFIX": case}


@pytest.fixture
def projection() -> type[Deposits]:
    class Own(Deposits):
        name = "deposits"

    return Own


@pytest.fixture
def make(env: dict[str, str], projection: type[Deposits]) -> Iterator[MakeRunner]:
    made: list[Runner] = []

    def make_runner(**arguments: Any) -> Runner:
        settings = {
            "application_class": Bank,
            "projection_class": projection,
            "view_class": RedisSums,
            "env": env,
            **arguments,
        }
        made.append(CatchUpRunner(**settings))
        return made[-1]

    yield make_runner
    for runner in made:
        runner.stop()


@pytest.fixture
def app(env: dict[str, str]) -> Iterator[Bank]:
    app = Bank(env=env)
    yield app
    app.close()


@pytest.fixture
def client(stores_env: dict[str, str]) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(stores_env["REDIS_URL"], decode_responses=True)
    yield client
    client.close()


def commits_of(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many keys each commit of its view touches, from here on."""
    made: list[int] = []
    connection = runner.view._connection
    commit = connection.commit

    def noted(keys: Any, arguments: Any) -> Any:
        made.append(len(keys))
        return commit(keys, arguments)

    monkeypatch.setattr(connection, "commit", noted)
    return made


# --- following --------------------------------------------------------------------


def test_a_batch_is_one_round_trip(
    make: MakeRunner, app: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.deposit(app.open(), *range(100))
    runner = make(batch_size=50)
    made = commits_of(runner, monkeypatch)

    with runner:
        runner.wait()

    assert runner.view.seen() == list(range(100))
    assert len(made) == 3  # 101 events, the first of them passed over


def test_what_the_projection_ignores_is_not_read_again(
    make: MakeRunner, app: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = app.open()
    app.deposit(account, 1)
    ignored = app.rename(account, "Bob", "Cid")
    with make() as runner:
        runner.wait()
        assert (runner.status().position, runner.status().lag) == (ignored, 0)
    again = make()
    assert again.view.max_tracking_id("Bank") == ignored
    given: list[int] = []
    apply = Handlers.apply

    def noted(self: Handlers, notifications: Any, *rest: Any) -> int:
        given.extend(notification.id for notification in notifications)
        return apply(self, notifications, *rest)

    monkeypatch.setattr(Handlers, "apply", noted)
    last = app.deposit(account, 2)
    with again:
        again.wait()
    assert given == [last]
    assert again.view.seen() == [1, 2]


def test_lag_counts_events_and_time(make: MakeRunner, app: Bank) -> None:
    account = app.open()
    app.deposit(account, *range(10))
    runner = make()
    assert (runner.status().lag, runner.status().state) == (11, "stopped")
    with runner:
        runner.wait()
        runner.pause()
        app.deposit(account, 1, 2)
        app.rename(account, "Bob")
        status = runner.status()
        assert status.lag == 3
        assert status.lag_seconds is not None
        assert 0 < status.lag_seconds < 60
        app.rename(account, "Cid")
        assert runner.status().lag == 4
        runner.resume()
        runner.wait()
        assert runner.status().lag == 0
        assert runner.status().rate_per_s > 0
    frame = esnb.runners(runner)
    assert frame["lag"].tolist() == [0]


def test_other_applications_are_not_seen(make: MakeRunner, app: Bank, env: dict[str, str]) -> None:
    app.deposit(app.open(), 1)
    other = Bank(env={**env, "EVENTSTOREDB_STREAM_PREFIX": env["REDIS_KEY_PREFIX"] + "x"})
    other.deposit(other.open(), 100)
    with make() as runner:
        runner.wait()
    assert runner.view.seen() == [1]


def test_a_read_within_a_handler_sees_the_events_before(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    runner = make()
    seen: list[int] = []

    def look(event: Any) -> None:
        # The projection's own view is the one that the batch belongs to.
        seen.append(runner.view.sum())

    projection.before = staticmethod(look)
    app.deposit(app.open(), 1, 2, 3)
    with runner:
        runner.wait()
    assert seen == [0, 1, 3]
    assert runner.view.sum() == 6


def test_current_has_the_store_s_event_id_and_metadata(
    make: MakeRunner, app: Bank, env: dict[str, str], projection: type[Deposits]
) -> None:
    log = Application[UUID](
        env={**env, "EVENTSTOREDB_STREAM_PREFIX": env["REDIS_KEY_PREFIX"] + "Log"}
    )
    found: list[Any] = []

    def note(event: Any) -> None:
        found.append(current())
        from tests.domain.bank import Account

        log.save(Account("noted"))

    projection.before = staticmethod(note)
    with correlate("order-17"):
        app.deposit(app.open(), 5)
    with make() as runner:
        runner.wait()

    stored = esnb.events(app)
    assert str(found[0].event_id) == stored["event_id"].iloc[-1]
    assert found[0].metadata["$correlationId"] == "order-17"
    consequence = esnb.events(log)["metadata"].iloc[0]
    assert consequence["$correlationId"] == "order-17"
    assert consequence["$causationId"] == stored["event_id"].iloc[-1]


# --- what goes wrong -----------------------------------------------------------------


def test_events_before_a_poison_event_are_committed_and_nothing_of_it(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    def process(self: Any, event: Any, tracking: Tracking) -> None:
        self.view.add(event.amount, tracking)
        if event.amount == 3:
            raise ValueError("after its commit")

    projection.process_event = process  # type: ignore[method-assign, assignment]
    account = app.open()
    app.deposit(account, 1, 2, 3, 4)
    runner = make().start()
    with pytest.raises(ValueError, match="after its commit"):
        runner.wait()
    assert runner.view.seen() == [1, 2]
    assert runner.status().lag == 2


def test_a_command_that_redis_would_refuse_names_its_event(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    runner = make()
    account = app.open()
    app.deposit(account, 1)
    with runner:
        runner.wait()
    client.hset(runner.view.key("totals"), "sum", "no number")
    app.deposit(account, 2, 3)

    runner.start()
    with pytest.raises(Exception, match="holds no integer"):
        runner.wait()

    status = runner.status()
    assert status.event is not None
    assert "version 3 of" in status.event
    assert status.lag == 2
    assert runner.view.seen() == [1]


def test_dead_letters_lie_in_the_view(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    def before(event: Any) -> None:
        if event.amount < 0:
            raise ValueError("negative")

    projection.before = staticmethod(before)
    app.deposit(app.open(), 1, -2, 3, -4, 5)
    with make(on_error="dead-letter") as runner:
        runner.wait()
        assert runner.status().dead_letters == 2
    assert runner.view.seen() == [1, 3, 5]
    letters = make().dead_letters()
    assert [letter.error for letter in letters] == ["ValueError: negative"] * 2
    assert [letter.originator_version for letter in letters] == [3, 5]
    assert letters[0].event_id == esnb.events(app)["event_id"].iloc[2]
    assert "before" in letters[0].traceback


def test_a_skipped_event_lies_in_the_view(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    def before(event: Any) -> None:
        if event.amount < 0:
            raise ValueError("negative")

    projection.before = staticmethod(before)
    app.deposit(app.open(), 1, -2, 3)
    with make() as runner:
        with pytest.raises(ValueError, match="negative"):
            runner.wait()
        assert "in Redis, beside the view" in str(runner.status().skipping)
        runner.skip_event()
        runner.wait()
    assert runner.view.seen() == [1, 3]
    (letter,) = make().dead_letters()
    assert (letter.error, letter.originator_version) == ("ValueError: negative", 3)
    runner.rebuild()
    with pytest.raises(ValueError, match="negative"):
        runner.wait()
    runner.skip_event()  # in the view that is being filled
    runner.wait()
    assert runner.view.seen() == [1, 3]
    assert [each.error for each in make().dead_letters()] == ["ValueError: negative"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_an_exit_in_the_middle_of_a_commit_changes_nothing_and_is_set_aside(
    kind: type[BaseException], make: MakeRunner, app: Bank
) -> None:
    class Exiting(RedisSums):
        def add(self, amount: int, tracking: Tracking) -> None:
            with self.commit(tracking) as commands:
                commands.rpush(self.key("amounts"), amount)
                if amount < 0:
                    raise kind("negative")

    app.deposit(app.open(), 1, -2, 3, -4, 5)
    with make(view_class=Exiting, on_error="dead-letter") as runner:
        runner.wait()
        assert runner.status().state == "running"
    assert runner.view.seen() == [1, 3, 5]
    letters = runner.dead_letters()
    assert [letter.originator_version for letter in letters] == [3, 5]
    assert f"{kind.__name__}: negative was raised in a thread" in letters[0].error


def test_a_command_that_is_refused_late_is_set_aside_by_its_event(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    account = app.open()
    with make(on_error="dead-letter") as runner:
        runner.wait()
        client.set(runner.view.key("amounts"), "no list")
        app.deposit(account, 1, 2)
        runner.wait()
    assert [letter.originator_version for letter in runner.dead_letters()] == [2, 3]
    assert runner.view.sum() == 0


def test_a_view_of_another_projection_is_not_touched(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    class Withdrawals(Deposits):
        name = "deposits"

    app.deposit(app.open(), 1)
    with make() as runner:
        runner.wait()
    other = make(projection_class=Withdrawals).start()
    with pytest.raises(ForeignViewError, match=r"written by the projection .*Own.*rebuild"):
        other.wait()
    assert other.status().state == "failed"

    other.rebuild()
    other.wait()
    assert other.view.seen() == [1]


def test_a_store_that_was_reset_is_said_and_rebuilt(make: MakeRunner, app: Bank) -> None:
    app.deposit(app.open(), 1)
    runner = make()
    runner.view.insert_tracking(Tracking("Bank", 10**12))
    runner.start()
    with pytest.raises(CheckpointAheadError, match="the event store was reset"):
        runner.wait()
    runner.rebuild()
    runner.wait()
    assert runner.view.seen() == [1]


def test_a_key_that_was_evicted_is_said_and_rebuilt(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    account = app.open()
    app.deposit(account, 1)
    with make() as runner:
        runner.wait()
        client.delete(runner.view.key("totals"))
        app.deposit(account, 2)
        with pytest.raises(ViewDamagedError, match="rebuild the view"):
            runner.wait()
        runner.rebuild()
        runner.wait()
        assert (runner.view.seen(), runner.view.sum()) == ([1, 2], 3)


class Wide(RedisView):
    """A key of 10 KB for each amount, and how often it came."""

    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hset(self.key(amount), "text", "x" * 10_000)
            commands.hincrby(self.key(amount), "times", 1)

    def times(self) -> dict[int, int]:
        return {
            int(key): int(value or 0) for key, _, field, value in self.rows() if field == "times"
        }


@pytest.mark.parametrize("policy", ["allkeys-lfu", "allkeys-random"])
def test_what_maxmemory_evicts_is_said_and_rebuilt(
    make: MakeRunner, app: Bank, env: dict[str, str], policy: str
) -> None:
    account = app.open()
    app.deposit(account, *range(200))
    # The least used first: the checkpoint, which every commit uses, is the last to go.
    # At random, it may be gone while keys with data are left.
    with RedisServer("--maxmemory-policy", policy) as server:
        client = redis.Redis.from_url(server.url)
        with make(view_class=Wide, env={**env, "REDIS_URL": server.url}) as runner:
            runner.wait()
            used = int(client.info("memory")["used_memory"])
            client.config_set("maxmemory", used - 1_000_000)
            client.set("evicts", 1)
            # A server that is held up evicts a few keys at a time.
            until(lambda: int(client.info("stats")["evicted_keys"]) > 50)
            client.config_set("maxmemory", 0)
            app.deposit(account, *range(200))
            with pytest.raises(ViewDamagedError, match="rebuild the view"):
                runner.wait()
            runner.rebuild()
            runner.wait()
            view: Any = runner.view
            assert view.times() == dict.fromkeys(range(200), 2)


def test_a_view_that_was_flushed_is_filled_again(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    account = app.open()
    app.deposit(account, 1)
    with make() as runner:
        runner.wait()
        client.delete(*client.scan_iter(f"{runner.view.namespace.prefix}:*"))
        app.deposit(account, 2)
        runner.wait()
        assert runner.view.seen() == [1, 2]


def test_a_script_cache_that_was_emptied_is_filled_again(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    account = app.open()
    with make() as runner:
        app.deposit(account, 1)
        runner.wait()
        client.script_flush()
        app.deposit(account, 2)
        runner.wait()
        assert runner.view.seen() == [1, 2]


def test_a_server_that_came_back_with_an_older_copy_loses_nothing(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    account = app.open()
    first = app.deposit(account, 1)
    with make() as runner:
        runner.wait()
        saved = {
            key: client.dump(key) or b""
            for key in client.scan_iter(runner.view.namespace.root + "*")
        }
        app.deposit(account, 2, 3)
        runner.wait()
        for key, content in saved.items():
            client.restore(key, 0, content, replace=True)
        assert runner.view.max_tracking_id("Bank") == first

        app.deposit(account, 4)
        runner.wait()
        assert runner.view.seen() == [1, 2, 3, 4]


# --- two of them -------------------------------------------------------------------------


def test_two_runners_apply_each_event_once(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    account = app.open()
    app.deposit(account, *range(50))
    first, second = make(batch_size=3), make(batch_size=7)
    with first, second:
        for amount in range(50, 80):
            app.deposit(account, amount)
        first.wait()
        second.wait()
        assert first.view.seen() == list(range(80))
        assert {first.status().state, second.status().state} <= {"running", "standby"}
        assert second.status().lag == first.status().lag == 0


def test_batches_that_overlap_are_refused_as_a_whole(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    account = app.open()
    app.deposit(account, 1, 2, 3)
    slow, gate = make(), Gate()
    projection.before = staticmethod(gate)
    slow.start()
    assert gate.entered.wait(60)  # it has read all three

    class Quick(Deposits):
        name = "deposits"
        __qualname__ = projection.__qualname__

    quick = make(projection_class=Quick).start()
    app.deposit(account, 4)
    quick.wait()  # before the other looks: it would take over from one that does nothing
    gate.opened.set()
    slow.wait()

    assert slow.view.seen() == [1, 2, 3, 4]
    assert slow.status().state == "standby"
    assert "another runner" in (slow.status().error or "")


# --- rebuilding --------------------------------------------------------------------------


def test_readers_never_see_a_view_that_is_half_rebuilt(
    make: MakeRunner, app: Bank, projection: type[Deposits], client: redis.Redis
) -> None:
    account = app.open()
    app.deposit(account, 1, 2, 3)
    with make(batch_size=1) as runner:
        runner.wait()
        key = runner.view.key("amounts")
        client.rpush(key, 99)
        gate = Gate()
        projection.before = staticmethod(gate)

        runner.rebuild()
        assert gate.entered.wait(60)
        assert runner.status().state == "rebuilding"
        assert runner.view.seen() == [1, 2, 3, 99]
        app.deposit(account, 4)
        gate.opened.set()
        runner.wait()

        assert runner.view.seen() == [1, 2, 3, 4]
        assert runner.view.key("amounts") == key
        assert list(client.scan_iter(runner.view.namespace.root + "@*")) == []
        app.deposit(account, 5)
        runner.wait()
        assert runner.view.seen() == [1, 2, 3, 4, 5]


def test_another_view_s_keys_and_checkpoint_are_not_touched(
    make: MakeRunner, app: Bank, client: redis.Redis
) -> None:
    class Others(Deposits):
        name = "deposits2"

    app.deposit(app.open(), 1, 2)
    other = make(projection_class=Others)
    with make() as runner, other:
        runner.wait()
        other.wait()
        before = {
            key: client.dump(key) or b""
            for key in client.scan_iter(other.view.namespace.root + "*")
        }
        runner.rebuild()
        runner.wait()
        after = {key: client.dump(key) for key in client.scan_iter(other.view.namespace.root + "*")}
    assert before == after
    assert len(before) == 4


def test_a_rebuild_that_was_killed_goes_on(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    account = app.open()
    app.deposit(account, 1, 2, 3)
    with make() as runner:
        runner.wait()
    seen: list[int] = []

    def stop_at_3(event: Any) -> None:
        seen.append(event.amount)
        if event.amount == 3:
            runner._progress.stop = True

    projection.before = staticmethod(stop_at_3)
    runner = make(batch_size=1)
    runner._progress.rebuild = runner._progress.rebuilding = True
    run_to_its_end(runner)
    assert seen == [1, 2, 3]
    beside = runner.view.in_namespace("rebuild")
    assert beside.seen() == [1, 2, 3]
    app.deposit(account, 4)

    with make() as again:
        again.wait()
        assert again.view.seen() == [1, 2, 3, 4]
    assert beside.seen() == []


def run_to_its_end(runner: Runner) -> None:
    runner.start()
    assert runner._tasks[0].join(60)


def test_a_rebuild_by_other_code_starts_over(make: MakeRunner, app: Bank) -> None:
    app.deposit(app.open(), 1, 2)
    with make() as runner:
        runner.wait()
    beside = runner.view.in_namespace("rebuild")
    beside.claim(f"{type(runner.projection).__qualname__} of-older-code")
    beside.add(77, Tracking("Bank", 1))

    with make() as again:
        again.wait()
        assert again.view.seen() == [1, 2]
        assert again.view.claim("?").startswith(type(runner.projection).__qualname__)


def test_a_runner_that_starts_during_a_rebuild_helps_it(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    app.deposit(app.open(), 1, 2, 3, 4)
    with make() as before:
        before.wait()
    gate = Gate()
    amounts: list[int] = []

    class Watched(RedisSums):
        """Its code is the same for both runners, whatever it has met."""

        def add(self, amount: int, tracking: Tracking) -> None:
            note(amount, self)
            super().add(amount, tracking)

    def note(amount: int, view: RedisView) -> None:
        amounts.append(amount)
        if amount == 3:
            gate(None)

    one, two = make(view_class=Watched, batch_size=1), make(view_class=Watched, batch_size=1)
    with one:
        one.rebuild()
        assert gate.entered.wait(60)
        with two:
            assert two._progress.wait(60, lambda: two._progress.is_open)
            assert two._progress.rebuilding
            gate.opened.set()
            one.wait()
            two.wait()
            assert one.view.seen() == two.view.seen() == [1, 2, 3, 4]
    assert amounts.count(1) == amounts.count(2) == 1


def test_a_rebuild_that_newer_code_has_begun_anew_is_left_to_it(
    make: MakeRunner, app: Bank, projection: type[Deposits]
) -> None:
    account = app.open()
    app.deposit(account, 1, 2, 3, 4)
    with make() as before:
        before.wait()

    class Newer(Deposits):
        name = "deposits"
        __qualname__ = projection.__qualname__

        def process_event(self, domain_event: Any, tracking: Tracking) -> None:
            if domain_event.amount == 2:
                new.pause()
            self.view.add(10 * domain_event.amount, tracking)

    def pause(event: Any) -> None:
        if event.amount == 3:
            old.pause()

    old, new = make(batch_size=1), make(projection_class=Newer, batch_size=1)
    projection.before = staticmethod(pause)
    with old:
        old.rebuild()
        assert old._progress.wait(60, lambda: old._progress.state == "paused")
        new.start()
        assert new._progress.wait(60, lambda: new._progress.state == "paused")
        old.resume()
        old.wait()
        assert old.view.seen() == [1, 2, 3, 4]
        assert new.view.in_namespace("rebuild").seen() == [10, 20]
        new.resume()
        new.wait()
        assert new.view.seen() == [10, 20, 30, 40]
