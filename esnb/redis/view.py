"""Read models in Redis: the base class."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Any

import redis
from eventsourcing.persistence import Tracking

from esnb.redis.changes import Change
from esnb.redis.commands import Commands
from esnb.redis.tracking import RedisTrackingRecorder

Row = tuple[str, str, str | None, str | float | None]
"""Key without the view's prefix, type, field or member, value."""


class _Commit:
    """The block in which one event's commands are queued."""

    __slots__ = ("_commands", "_tracking", "_view")

    def __init__(self, view: RedisView, tracking: Tracking) -> None:
        self._view = view
        self._tracking = tracking

    def __enter__(self) -> Commands:
        self._commands = Commands(self._view.namespace, self._view._encode)
        return self._commands

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._view._record(Change.of(self._tracking, self._commands))


class RedisView(RedisTrackingRecorder):
    """A read model in Redis that moves together with its checkpoint.

    Subclass it, write through `commit()` and read through `redis`:

    >>> class Totals(RedisView):
    ...     def add(self, amount: int, tracking: Tracking) -> None:
    ...         with self.commit(tracking) as commands:
    ...             commands.hincrby(self.key("totals"), "sum", amount)
    ...
    ...     def sum(self) -> int:
    ...         return int(self.redis.hget(self.key("totals"), "sum") or 0)

    Any factory of esnb builds it (`tracking_recorder(Totals)`), and so does
    `Totals.construct(env)`.
    """

    @cached_property
    def _encode(self) -> Callable[[Any], bytes]:
        encode: Callable[[Any], bytes] = self._connection.binary.get_encoder().encode
        return encode

    def key(self, *parts: object) -> str:
        """The view's own key for `parts`, which are joined by colons.

        All of a view's keys begin alike and share a cluster slot. The key is
        the same before, during and after a rebuild.
        """
        return self.namespace.key(*parts)

    @property
    def redis(self) -> redis.Redis:
        """redis-py's client, to read the view with; it answers with str.

        Within a batch of the calling thread, taking it commits what is queued,
        so that a read sees the events before. Take it again for each read:
        `self.redis.hget(...)`.
        """
        self._flush_own()
        self.check_streams()
        return self._connection.text

    def commit(self, tracking: Tracking) -> _Commit:
        """`with view.commit(tracking) as commands:` one event's changes.

        `commands` has redis-py's own methods; they are queued and, at the end
        of the block, applied together with the checkpoint in one atomic step
        and one round trip. A block that is left by an exception changes
        nothing. Nothing can be read in it from `commands`; `redis` shows the
        view as it was before.

        Raises NotSupportedError, ProgrammingError or DataError when a command
        is queued that cannot be checked or has arguments that Redis would
        refuse; at the end of the block IntegrityError when the checkpoint is
        there already, DataError for a command that meets another type or a
        value that is not a number, ViewDamagedError when keys were evicted, and
        OperationalError when Redis is down or out of memory. Neither the view
        nor its checkpoint has moved then.
        """
        return _Commit(self, tracking)

    def rows(self) -> list[Row]:
        """All that the view holds, as plain data, read in one atomic step.

        One row a value: `(key, type, field, value)`. The key comes without
        the view's prefix; the type is Redis' (`string`, `hash`, `set`, `zset`,
        `list`); the field is a hash's field, a set's or sorted set's member,
        a list's index, None for a string; the value is text, a sorted set's
        score as float, None for a set. Sorted by key, then field (sorted sets
        by score, lists by index).
        """
        self._flush_own()
        self.check_streams()
        answer = self._connection.run("rows", [self.namespace.tracking, self.namespace.registry])
        rows: list[Row] = []
        for suffix, kind, content in sorted(answer):
            rows.extend(_rows(_text(suffix), _text(kind), content))
        return rows


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _rows(key: str, kind: str, content: list[bytes]) -> list[Row]:
    if kind == "string":
        return [(key, kind, None, _text(content[0]))]
    if kind == "list":
        return [(key, kind, str(index), _text(value)) for index, value in enumerate(content)]
    if kind == "set":
        return [(key, kind, _text(member), None) for member in sorted(content)]
    pairs = list(zip(content[::2], content[1::2], strict=True))
    if kind == "zset":
        return [(key, kind, _text(member), float(score)) for member, score in pairs]
    return [(key, kind, _text(field), _text(value)) for field, value in sorted(pairs)]
