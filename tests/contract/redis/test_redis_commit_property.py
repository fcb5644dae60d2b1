"""Random commits against Redis itself: what would fail is refused, all else is applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import redis
from eventsourcing.persistence import Tracking
from eventsourcing.utils import Environment
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from esnb.redis import CommandRefusedError, RedisView
from esnb.redis.view import _rows

pytestmark = pytest.mark.once

Command = tuple[object, ...]
MakeEnvironment = Callable[..., Environment]

KEYS = ("a", "b", "c")


class Key(str):
    """A key in a generated command, to be put into one or the other place."""


keys = st.sampled_from([Key(name) for name in KEYS])
fields = st.sampled_from(["f", "g"])
values = st.sampled_from(
    ["0", "7", "-3", "01", "-0", "+1", " 1", "1.5", ".5", "5.", "1e3", "0x10", "inf", "nan", "text",
     "", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
     "999999999999999", "1000000000000000", "1e299", "\xff"]
)  # fmt: skip
integers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**31, 2**53, 2**62, 2**63 - 1, -(2**62), -(2**63), 10**15 - 1, -(10**15)]),
)
floats = st.sampled_from([0.5, -2.5, 3.0, 1e15, 1e298])
scores = st.sampled_from([0, 1.5, -1, float("inf"), float("-inf")])


def command(
    name: str, *arguments: st.SearchStrategy[object] | object
) -> st.SearchStrategy[Command]:
    parts = (a if isinstance(a, st.SearchStrategy) else st.just(a) for a in arguments)
    return st.tuples(st.just(name), *parts)


commands = st.one_of(
    command("DEL", keys),
    command("UNLINK", keys, keys),
    command("EXPIRE", keys, 1000),
    command("SET", keys, values),
    command("SET", keys, values, "EX", 1000),
    command("INCRBY", keys, integers),
    command("DECRBY", keys, integers.filter(lambda n: n > -(2**63))),
    command("INCRBYFLOAT", keys, floats),
    command("HSET", keys, fields, values),
    command("HSETNX", keys, fields, values),
    command("HDEL", keys, fields),
    command("HINCRBY", keys, fields, integers),
    command("HINCRBYFLOAT", keys, fields, floats),
    command("SADD", keys, fields),
    command("SREM", keys, fields),
    command("ZADD", keys, scores, fields),
    command("ZINCRBY", keys, floats, fields),
    command("ZREM", keys, fields),
    command("ZREMRANGEBYRANK", keys, 0, st.sampled_from([0, -1])),
    command("ZREMRANGEBYSCORE", keys, "(0", "+inf"),
    command("RPUSH", keys, values),
    command("LPUSH", keys, values, values),
    command("LREM", keys, 0, values),
    command("LTRIM", keys, 1, -1),
)
commits = st.lists(st.lists(commands, min_size=1, max_size=6), min_size=1, max_size=12)


class View(RedisView):
    def apply(self, number: int, queue: list[Command]) -> None:
        with self.commit(Tracking("app", number)) as commands:
            for name, *arguments in queue:
                commands.execute_command(name, *_placed(arguments, self.key("")))


def _placed(arguments: list[object], prefix: str) -> list[object]:
    return [prefix + part if isinstance(part, Key) else part for part in arguments]


def _content(client: Any, prefix: str) -> list[object]:
    """What `RedisView.rows` says, read with plain commands from elsewhere."""
    found: list[object] = []
    for name in KEYS:
        key = prefix + name
        kind = client.type(key).decode()
        read = {
            "string": lambda key: [client.get(key)],
            "hash": lambda key: [x for pair in client.hgetall(key).items() for x in pair],
            "set": lambda key: list(client.smembers(key)),
            "zset": lambda key: [
                x
                for member, score in client.zrange(key, 0, -1, withscores=True)
                for x in (member, repr(score).encode())
            ],
            "list": lambda key: client.lrange(key, 0, -1),
        }.get(kind)
        if read is not None:
            found.extend(_rows(name, kind, read(key)))
    return found


def _succeeds(client: redis.Redis, queue: list[Command], prefix: str) -> bool:
    for name, *arguments in queue:
        try:
            client.execute_command(name, *_placed(arguments, prefix))
        except redis.ResponseError:
            return False
    return True


@given(commits)
@example([[("SET", Key("a"), "9223372036854775807")], [("INCRBY", Key("a"), 1)]])
@example([[("HSET", Key("a"), "f", "1"), ("HDEL", Key("a"), "f"), ("SADD", Key("a"), "f")]])
@example([[("HINCRBY", Key("a"), "f", 2**62), ("HINCRBY", Key("a"), "f", 2**62)]])
@example([[("SET", Key("a"), "9223372036854775808")], [("DECRBY", Key("a"), 1)]])
@example(
    [[("HSET", Key("a"), "f", "x"), ("HSETNX", Key("a"), "f", "1"), ("HINCRBY", Key("a"), "f", 1)]]
)
@example([[("INCRBYFLOAT", Key("a"), 0.5), ("INCRBY", Key("a"), 1)]])
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_commit_is_applied_exactly_if_redis_takes_each_of_its_commands(
    redis_server: object,
    environment: MakeEnvironment,
    client: redis.Redis,
    sequence: list[list[Command]],
) -> None:
    client.flushall()
    view = View.construct(environment("View"))
    plain = redis.Redis.from_url(environment()["REDIS_URL"])
    position = None
    for number, queue in enumerate(sequence, start=1):
        # Given what Redis itself makes of the same commands, on a copy
        for name in KEYS:
            plain.delete(f"copy:{name}")
            plain.copy(f"model:{name}", f"copy:{name}")
        possible = _succeeds(plain, queue, "copy:")
        # When they are committed
        try:
            view.apply(number, queue)
        except CommandRefusedError as error:
            # Then they are refused for a reason, or because it cannot be foretold,
            cautious = "commit them apart" in str(error)
            assert cautious or not possible, (queue, str(error))  # noqa: PT017
            event("cautious" if cautious and possible else "refused")
        else:
            # or applied, all of them.
            assert possible, queue
            assert _succeeds(plain, queue, "model:")
            position = number
            event("applied")
        assert view.rows() == _content(plain, "model:")
        assert view.max_tracking_id("app") == position
        registered = {name for name in plain.hkeys(view.namespace.registry) if name}
        assert registered == {row[0].encode() for row in view.rows()}
    plain.close()
