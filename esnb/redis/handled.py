"""Which events of a group of consumers are handled, and who handles one now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from eventsourcing.persistence import OperationalError
from eventsourcing.utils import Environment

from esnb.redis.connection import connection, redis_url
from esnb.redis.errors import translated
from esnb.redis.namespace import Namespace, key_prefix

HandlingOutcome = Literal["handled", "failed", "parked", "undone"]
"""How handling an event ended; `undone` does not count as an attempt."""

_ATTEMPTS_SECONDS: Final = 7 * 24 * 3600
"""That attempts are remembered after the last event that failed."""


_End = tuple[str, HandlingOutcome]
"""The consumer that an event had, and how it ended with it."""


class _Unwritten:
    """How events of one group ended, as long as Redis has not been told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[UUID, _End] = {}
        self._being_written: set[UUID] = set()

    def __bool__(self) -> bool:
        return bool(self._ends)

    def __contains__(self, event_id: UUID) -> bool:
        return event_id in self._ends

    def add(self, event_id: UUID, end: _End) -> None:
        with self._lock:
            self._ends[event_id] = end

    def all(self) -> list[UUID]:
        with self._lock:
            return list(self._ends)

    def write(self, event_id: UUID, write: Callable[[UUID, _End], object]) -> None:
        """Calls `write` and forgets the end, unless another thread is at it. Raises what it raises."""
        with self._lock:
            end = self._ends.get(event_id)
            if end is None or event_id in self._being_written:
                return
            self._being_written.add(event_id)
        try:
            write(event_id, end)
            with self._lock:
                if self._ends.get(event_id) is end:
                    del self._ends[event_id]
        finally:
            with self._lock:
                self._being_written.discard(event_id)

    def clear(self) -> None:
        with self._lock:
            self._ends.clear()


_unwritten: dict[tuple[str, str], _Unwritten] = {}
"""By server and group, for the whole process: they outlive the runner whose consumer had them."""
_lock = threading.Lock()
_AT_A_TIME: Final = 1000
"""Ids that one command carries over."""
_SOON: Final = 0.05
"""Seconds after which an event is asked for again whose end is being written."""


class HandledEvents:
    """The memory that a group of consumers shares, so that each event has one effect.

    Event ids in Redis, the newest `keep` of them: about 100 bytes each. All
    keys share one cluster slot. The persistent runner asks it before it calls
    a handler; consumers in other threads, processes and machines see the same.

    What Redis cannot be told, because it is away or full as a handler ends, the
    process remembers until it can (`flush()`).
    """

    def __init__(self, env: Environment, group: str, *, keep: int) -> None:
        if keep < 1:
            raise ValueError(f"keep is {keep!r}: at least one id is remembered")
        self._connection = connection(redis_url(env))
        self._namespace = Namespace(key_prefix(env), group, "consumers")
        self._keep = keep
        self._handled = self._namespace.key("handled")
        self._attempts = self._namespace.key("attempts")
        with _lock:
            place = self._connection.url, self._handled
            self._unwritten = _unwritten.setdefault(place, _Unwritten())

    @property
    def has_unwritten(self) -> bool:
        """Whether this process knows of ends that Redis has not been told."""
        return bool(self._unwritten)

    def check_answers(self) -> None:
        """Raises OperationalError while Redis is away."""
        self._connection.check()

    def flush(self) -> None:
        """Tells Redis what it has not been told; raises OperationalError while it is away."""
        self._connection.check()
        self._write_all()

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int | float | None:
        """Takes an event for `consumer`, for at most `seconds`.

        Returns which attempt at it this is, an int from 1; None when it is
        handled already; the seconds, a float, for which another consumer has
        it. Raises OperationalError when Redis is down.
        """
        self._write_all()
        if event_id in self._unwritten:  # by another thread, just now
            return _SOON
        milliseconds = max(1, round(1000 * seconds))
        answer = self._connection.run(
            "begin_handling",
            self._keys(event_id),
            [str(event_id), consumer, milliseconds, _ATTEMPTS_SECONDS],
        )
        outcome, *numbers = answer
        if outcome == b"handled":
            return None
        return int(numbers[0]) if outcome == b"begun" else max(0.001, int(numbers[0]) / 1000)

    def end(self, event_id: UUID, consumer: str, outcome: HandlingOutcome) -> None:
        """Notes how it ended, and lets go of the event.

        While Redis is away the process remembers it. Raises the library's
        other errors; the end is remembered then, too.
        """
        # First, so that whoever is given the event meanwhile knows of its end.
        self._unwritten.add(event_id, (consumer, outcome))
        try:
            self._unwritten.write(event_id, self._write)
        except OperationalError:
            return  # has_unwritten says so; flush() and begin() raise it again

    def _write_all(self) -> None:
        for event_id in self._unwritten.all() if self._unwritten else ():
            self._unwritten.write(event_id, self._write)

    def _write(self, event_id: UUID, end: _End) -> None:
        self._connection.run(
            "end_handling", self._keys(event_id), [str(event_id), *end, self._keep]
        )

    def carry_on(self, before: HandledEvents) -> None:
        """Remembers what `before` does, unless something is remembered here already."""
        if before is not self and not self._connection.call("EXISTS", self._handled):
            with translated(self._connection.url):
                client: Any = self._connection.binary
                self._remember(client.zrange(before._handled, 0, -1, withscores=True))

    def _remember(self, found: Sequence[tuple[bytes, float]]) -> None:
        for start in range(0, len(found), _AT_A_TIME):
            part = found[start : start + _AT_A_TIME]
            flat = (value for id, score in part for value in (score, id))
            self._connection.call("ZADD", self._handled, "NX", *flat)

    def __len__(self) -> int:
        """How many handled events are remembered."""
        return int(self._connection.call("ZCARD", self._handled))

    def forget(self) -> None:
        """Forgets all of them: what is delivered again is then handled again."""
        self._unwritten.clear()
        self._connection.call("UNLINK", self._handled, self._attempts)

    def _keys(self, event_id: UUID) -> list[str]:
        return [self._handled, self._attempts, self._namespace.key("claim", event_id)]
