"""A view and its checkpoint move together, or not at all."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import redis
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    Tracking,
)
from eventsourcing.utils import Environment

from esnb.redis import (
    CommandRefusedError,
    Commands,
    RedisFactory,
    RedisView,
    ViewDamagedError,
)

MakeEnvironment = Callable[..., Environment]


class Totals(RedisView):
    def add(self, amount: int, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("totals"), "sum", amount)

    def sum(self) -> int:
        return int(self.redis.hget(self.key("totals"), "sum") or 0)


@pytest.fixture
def view(environment: MakeEnvironment) -> Totals:
    return Totals.construct(environment())


def test_commands_and_checkpoint_are_applied_together(view: Totals) -> None:
    view.add(3, Tracking("app", 1))
    view.add(4, Tracking("app", 5))
    assert view.sum() == 7
    assert view.checkpoints() == {"app": 5}


def test_a_block_left_by_an_exception_changes_nothing(view: Totals) -> None:
    with pytest.raises(ZeroDivisionError), view.commit(Tracking("app", 1)) as commands:  # noqa: PT012
        commands.hincrby(view.key("totals"), "sum", 1)
        _ = 1 // 0
    assert view.rows() == []
    assert view.max_tracking_id("app") is None


def test_an_event_is_applied_once(view: Totals) -> None:
    view.add(3, Tracking("app", 7))
    for repeated in (7, 6, 1):
        with pytest.raises(IntegrityError, match=r"is at 7 .* does not go to"):
            view.add(3, Tracking("app", repeated))
    assert view.sum() == 3
    # Another application's ids are its own.
    view.add(1, Tracking("other", 1))
    assert view.checkpoints() == {"app": 7, "other": 1}


@pytest.mark.parametrize(
    ("low", "high"),
    [(9, 10), (2**53, 2**53 + 1), (2**63 - 1, 2**63), (2**64 - 1, 2**70), (99, 100)],
)
def test_ids_of_any_size_are_told_apart(view: Totals, low: int, high: int) -> None:
    view.insert_tracking(Tracking("app", low))
    view.insert_tracking(Tracking("app", high))
    assert view.max_tracking_id("app") == high
    with pytest.raises(IntegrityError):
        view.insert_tracking(Tracking("app", low))
    assert view.has_tracking_id("app", high)
    assert not view.has_tracking_id("app", high + 1)


@pytest.mark.parametrize("wrong", [-1, True, "3", 1.0, None])
def test_an_id_that_is_none_is_refused(view: Totals, wrong: Any) -> None:
    with pytest.raises(ValueError, match="notification id"):
        view.insert_tracking(Tracking("app", wrong))


def test_one_commit_is_one_round_trip(view: Totals, client: redis.Redis) -> None:
    view.add(1, Tracking("app", 1))
    before = client.info("commandstats")
    view.add(1, Tracking("app", 2))
    after = client.info("commandstats")

    def calls(stats: Any, *names: str) -> int:
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in names)

    assert calls(after, "evalsha") == calls(before, "evalsha") + 1
    sent = ("eval", "multi", "exec", "watch", "script|load", "ping")
    assert calls(after, *sent) == calls(before, *sent)


def test_a_server_that_forgot_the_script_is_given_it_again(
    view: Totals, client: redis.Redis
) -> None:
    view.add(1, Tracking("app", 1))
    client.script_flush()
    view.add(2, Tracking("app", 2))
    assert view.sum() == 3


class _Everything(RedisView):
    def fill(self, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.set(self.key("string"), "text")
            commands.hset(self.key("hash"), "field", "text")
            commands.sadd(self.key("set"), "member")
            commands.zadd(self.key("zset"), {"member": 1.5})
            commands.rpush(self.key("list"), "a", "b")
            commands.hset(self.key("hash"), mapping={"big": 2**63 - 1, "float": "1.5"})


@pytest.fixture
def everything(environment: MakeEnvironment) -> _Everything:
    view = _Everything.construct(environment("Everything"))
    view.fill(Tracking("app", 1))
    return view


ILL_FATED: dict[str, Callable[[RedisView, Commands], object]] = {
    "wrong type: hash": lambda v, c: c.hset(v.key("string"), "f", "v"),
    "wrong type: string": lambda v, c: c.incr(v.key("hash")),
    "wrong type: set": lambda v, c: c.sadd(v.key("zset"), "m"),
    "wrong type: zset": lambda v, c: c.zadd(v.key("set"), {"m": 1}),
    "wrong type: list": lambda v, c: c.rpush(v.key("hash"), "m"),
    "wrong type: removal": lambda v, c: c.srem(v.key("list"), "m"),
    "wrong type: pop": lambda v, c: c.zpopmin(v.key("hash")),
    "wrong type: store": lambda v, c: c.sunionstore(v.key("new"), [v.key("hash")]),
    "no integer": lambda v, c: c.incr(v.key("string")),
    "no integer in a hash": lambda v, c: c.hincrby(v.key("hash"), "field", 1),
    "a float is no integer": lambda v, c: c.hincrby(v.key("hash"), "float", 1),
    "no float": lambda v, c: c.hincrbyfloat(v.key("hash"), "field", 1),
    "no float in a string": lambda v, c: c.incrbyfloat(v.key("string"), 1),
    "overflow": lambda v, c: c.hincrby(v.key("hash"), "big", 1),
    "overflow within the commit": lambda v, c: [
        c.hincrby(v.key("hash"), "fresh", 2**62),
        c.hincrby(v.key("hash"), "fresh", 2**62),
    ],
    "underflow within the commit": lambda v, c: [
        c.decrby(v.key("fresh"), 2**63 - 1),
        c.decrby(v.key("fresh"), 2),
    ],
    "set and then counted": lambda v, c: [c.set(v.key("new"), "x"), c.incr(v.key("new"))],
    "typed and then used": lambda v, c: [
        c.sadd(v.key("new"), "x"),
        c.hset(v.key("new"), "f", "v"),
    ],
    "deleted and then used": lambda v, c: [
        c.delete(v.key("hash")),
        c.sadd(v.key("hash"), "x"),
        c.hset(v.key("hash"), "f", "v"),
    ],
}


@pytest.mark.parametrize("name", ILL_FATED)
def test_a_command_that_would_fail_leaves_view_and_checkpoint_as_they_were(
    everything: _Everything, name: str
) -> None:
    before = everything.rows()
    with (  # noqa: PT012
        pytest.raises(CommandRefusedError, match=r"for event 2 .* has moved"),
        everything.commit(Tracking("app", 2)) as commands,
    ):
        commands.hset(everything.key("hash"), "before", "it")
        commands.set(everything.key("another"), "x")
        ILL_FATED[name](everything, commands)
        commands.hset(everything.key("hash"), "after", "it")
    assert everything.rows() == before
    assert everything.checkpoints() == {"app": 1}
    # The event can still be applied by a handler that does better.
    everything.insert_tracking(Tracking("app", 2))


def test_types_may_change_within_a_commit_when_redis_would_let_them(
    everything: _Everything,
) -> None:
    with everything.commit(Tracking("app", 2)) as commands:
        commands.delete(everything.key("hash"), everything.key("list"))
        commands.sadd(everything.key("hash"), "member")
        commands.set(everything.key("zset"), "now a string")
        commands.set(everything.key("string"), "41")
        commands.incr(everything.key("string"))
        commands.hincrby(everything.key("list"), "now", 2**62)
        commands.hincrby(everything.key("list"), "now", -1)
    assert everything.rows() == [
        ("hash", "set", "member", None),
        ("list", "hash", "now", str(2**62 - 1)),
        ("set", "set", "member", None),
        ("string", "string", None, "42"),
        ("zset", "string", None, "now a string"),
    ]


@pytest.mark.parametrize(
    "queue",
    [
        lambda v, c: c.hget(v.key("hash"), "f"),
        lambda v, c: c.lset(v.key("list"), 5, "x"),
        lambda v, c: c.spop(v.key("set")),
        lambda v, c: c.append(v.key("string"), "x"),
        lambda v, c: c.rename(v.key("hash"), v.key("other")),
        lambda v, c: c.eval("return 1", 0),
        lambda v, c: c.flushall(),
        lambda v, c: c.execute_command("HEXPIRE", v.key("hash"), 1, "FIELDS", 1, "f"),
    ],
)
def test_what_cannot_be_checked_is_refused_when_it_is_queued(
    view: Totals, queue: Callable[[RedisView, Commands], object]
) -> None:
    with view.commit(Tracking("app", 1)) as commands:
        with pytest.raises(NotSupportedError, match=r"cannot be queued.*use one of.*HINCRBY"):
            queue(view, commands)
        commands.hincrby(view.key("totals"), "sum", 1)
    assert view.sum() == 1


@pytest.mark.parametrize(
    "queue",
    [
        lambda v, c: c.zadd(v.key("z"), {"m": float("nan")}),
        lambda v, c: c.zincrby(v.key("z"), float("inf"), "m"),
        lambda v, c: c.hincrby(v.key("h"), "f", 2**63),
        lambda v, c: c.hincrby(v.key("h"), "f", 1.5),
        lambda v, c: c.decrby(v.key("s"), -(2**63)),
        lambda v, c: c.hincrbyfloat(v.key("h"), "f", float("inf")),
        lambda v, c: c.incrbyfloat(v.key("s"), "1e400"),
        lambda v, c: c.set(v.key("s"), "x", get=True),
        lambda v, c: c.set(v.key("s"), "x", ex=0),
        lambda v, c: c.hset(v.key("h"), "f", None),
        lambda v, c: c.hset(v.key("h"), "f", True),
        lambda v, c: c.hset(v.key("h"), "f", Decimal("1.5")),
        lambda v, c: c.expire(v.key("s"), 10**18),
        lambda v, c: c.sadd(v.key("s")),
        lambda v, c: c.delete(),
        lambda v, c: c.zremrangebyscore(v.key("z"), "x", 3),
        lambda v, c: c.zremrangebylex(v.key("z"), "x", "+"),
        lambda v, c: c.rpush(v.key("l"), *range(8000)),
        lambda v, c: c.execute_command("HSET", v.key("h"), "f"),
        lambda v, c: c.execute_command("LINSERT", v.key("l"), "BESIDE", "a", "b"),
        lambda v, c: c.pipeline(),
        lambda v, c: c.hset("elsewhere", "f", "v"),
        lambda v, c: c.hset(v.namespace.tracking, "id:app", "1"),
        lambda v, c: c.hset(v.in_namespace("copy").key("h"), "f", "v"),
        lambda v, c: c.delete(v.key("h"), "elsewhere"),
        lambda v, c: c.mset({v.key("s"): 1, "elsewhere": 2}),
    ],
)
def test_arguments_that_redis_would_refuse_are_refused_when_queued(
    view: Totals, queue: Callable[[RedisView, Commands], object]
) -> None:
    with view.commit(Tracking("app", 1)) as commands:
        with pytest.raises((DataError, ProgrammingError)):
            queue(view, commands)
        commands.hincrby(view.key("totals"), "sum", 1)
    assert view.rows() == [("totals", "hash", "sum", "1")]


def test_the_largest_command_that_is_let_through_is_applied(view: Totals) -> None:
    with view.commit(Tracking("app", 1)) as commands:
        commands.sadd(view.key("many"), *range(7_898))
    assert view.redis.scard(view.key("many")) == 7_898


def test_every_row_comes_back_as_plain_data(everything: _Everything) -> None:
    with everything.commit(Tracking("app", 2)) as commands:
        commands.set(everything.key("bytes"), b"\xff\x00")
    assert everything.rows() == [
        ("bytes", "string", None, "\\xff\x00"),
        ("hash", "hash", "big", str(2**63 - 1)),
        ("hash", "hash", "field", "text"),
        ("hash", "hash", "float", "1.5"),
        ("list", "list", "0", "a"),
        ("list", "list", "1", "b"),
        ("set", "set", "member", None),
        ("string", "string", None, "text"),
        ("zset", "zset", "member", 1.5),
    ]


def test_two_views_share_nothing(environment: MakeEnvironment) -> None:
    one, other = (Totals.construct(environment(name)) for name in ("One", "One2"))
    one.add(1, Tracking("app", 1))
    other.add(5, Tracking("app", 2))
    one.discard()
    assert (one.rows(), one.checkpoints()) == ([], {})
    assert (other.sum(), other.checkpoints()) == (5, {"app": 2})


def test_a_discarded_view_leaves_no_key_behind(view: Totals, client: redis.Redis) -> None:
    view.add(1, Tracking("app", 1))
    view.discard()
    assert client.keys() == []
    view.add(2, Tracking("app", 1))
    assert view.sum() == 2


def test_keys_that_a_view_deletes_or_lets_expire_are_no_damage(view: Totals) -> None:
    for number, change in enumerate(
        [
            lambda c: c.hset(view.key("a"), "f", "v"),
            lambda c: c.hdel(view.key("a"), "f"),
            lambda c: c.sadd(view.key("a"), "now a set"),
            lambda c: c.srem(view.key("a"), "now a set"),
            lambda c: c.set(view.key("b"), "x", px=1),
            lambda c: c.expireat(view.key("b"), 1),
            lambda c: c.hset(view.key("b"), "f", "v"),
            lambda c: c.delete(view.key("b")),
            lambda c: c.zadd(view.key("b"), {"m": 1}),
        ],
        start=1,
    ):
        with view.commit(Tracking("app", number)) as commands:
            change(commands)
    assert view.rows() == [("b", "zset", "m", 1.0)]


def test_a_key_that_was_evicted_is_noticed(view: Totals, client: redis.Redis) -> None:
    view.add(1, Tracking("app", 1))
    client.delete(view.key("totals"))
    with pytest.raises(ViewDamagedError, match=r"totals.*noeviction.*rebuild"):
        view.add(1, Tracking("app", 2))
    assert view.checkpoints() == {"app": 1}


ONE = Tracking("app", 1)


@pytest.mark.parametrize("part", ["tracking", "registry"])
def test_evicted_bookkeeping_is_noticed_by_whoever_comes_next(
    view: Totals, environment: MakeEnvironment, client: redis.Redis, part: str
) -> None:
    view.add(1, Tracking("app", 1))
    client.delete(getattr(view.namespace, part))
    with pytest.raises(ViewDamagedError, match="rebuild"):
        Totals.construct(environment()).add(1, Tracking("app", 2))
    assert client.hget(view.key("totals"), "sum") == "1"


def test_data_that_outlived_the_bookkeeping_are_not_built_upon(
    view: Totals, environment: MakeEnvironment, client: redis.Redis
) -> None:
    view.add(1, Tracking("app", 1))
    with view.commit(Tracking("app", 2)) as commands:
        commands.set(view.key("odd [*]?"), "x")
    client.delete(view.namespace.tracking, view.namespace.registry)
    # Named alike, and none of its keys.
    client.set(f"{view.namespace.root}@other:totals", "kept")

    again = Totals.construct(environment())
    assert again.max_tracking_id("app") is None
    for write in (lambda: again.add(1, Tracking("app", 1)), lambda: again.insert_tracking(ONE)):
        with pytest.raises(ViewDamagedError, match=r"left of view.*noeviction.*rebuild"):
            write()
    assert client.hget(view.key("totals"), "sum") == "1"
    assert again.checkpoints() == {}

    fresh = again.in_namespace("rebuild")
    fresh.add(1, Tracking("app", 1))
    assert fresh.replace(again)
    assert again.rows() == [("totals", "hash", "sum", "1")]
    assert not client.exists(view.key("odd [*]?"))
    assert client.get(f"{view.namespace.root}@other:totals") == "kept"
    again.add(1, Tracking("app", 2))
    assert again.sum() == 2


def test_a_flushed_server_is_noticed_by_a_view_in_use(view: Totals, client: redis.Redis) -> None:
    view.add(1, Tracking("app", 1))
    client.flushall()
    with pytest.raises(IntegrityError, match="flushed"):
        view.add(1, Tracking("app", 2))
    assert client.keys() == []


def test_two_writers_apply_every_event_once(environment: MakeEnvironment) -> None:
    # Given two runners of one projection, by mistake, racing through the same events
    refused: list[int] = []

    def run() -> None:
        view = Totals.construct(environment())
        for number in range(1, 301):
            try:
                view.add(number, Tracking("app", number))
            except IntegrityError:
                refused.append(number)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # Then each event was applied by one of them and refused to the other.
    view = Totals.construct(environment())
    assert view.checkpoints() == {"app": 300}
    assert view.sum() == sum(range(1, 301))
    assert sorted(refused) == list(range(1, 301))


def test_a_recorder_outlives_its_factory(environment: MakeEnvironment) -> None:
    factory = RedisFactory(environment())
    view = factory.tracking_recorder(Totals)
    factory.close()
    del factory
    gc.collect()
    assert isinstance(view, Totals)
    view.add(1, Tracking("app", 1))
    assert view.sum() == 1


def test_the_sockets_are_closed_with_the_last_user(
    environment: MakeEnvironment, client: redis.Redis
) -> None:
    own = len(client.client_list())
    first, second = (Totals.construct(environment(name)) for name in ("One", "Two"))
    first.add(1, Tracking("app", 1))
    second.add(1, Tracking("app", 1))
    shared = len(client.client_list())
    assert shared > own
    third = Totals.construct(environment("Three"))
    third.add(1, Tracking("app", 1))
    assert len(client.client_list()) == shared
    del first, third
    gc.collect()
    second.add(1, Tracking("app", 2))
    del second
    gc.collect()
    assert len(client.client_list()) == own
