"""Which events of a group of consumers are handled, and who handles one now."""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from eventsourcing.utils import Environment

from esnb.redis.connection import connection, redis_url
from esnb.redis.namespace import Namespace, key_prefix

Outcome = Literal["handled", "failed", "parked", "undone"]
"""How handling an event ended; `undone` does not count as an attempt."""

_ATTEMPTS_SECONDS: Final = 7 * 24 * 3600
"""That attempts are remembered after the last event that failed."""


class HandledEvents:
    """The memory that a group of consumers shares, so that each event has one effect.

    Event ids in Redis, the newest `keep` of them: about 100 bytes each. All
    keys share one cluster slot. The persistent runner asks it before it calls
    a handler; consumers in other threads, processes and machines see the same.
    """

    def __init__(self, env: Environment, group: str, *, keep: int) -> None:
        if keep < 1:
            raise ValueError(f"keep is {keep!r}: at least one id is remembered")
        self._connection = connection(redis_url(env))
        self._namespace = Namespace(key_prefix(env), group, "consumers")
        self._keep = keep
        self._handled = self._namespace.key("handled")
        self._attempts = self._namespace.key("attempts")

    def begin(self, event_id: UUID, consumer: str, seconds: float) -> int | float | None:
        """Takes an event for `consumer`, for at most `seconds`.

        Returns which attempt at it this is, an int from 1; None when it is
        handled already; the seconds, a float, for which another consumer has
        it. Raises OperationalError when Redis is down.
        """
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

    def end(self, event_id: UUID, consumer: str, outcome: Outcome) -> None:
        """Notes how it ended, and lets go of the event."""
        self._connection.run(
            "end_handling", self._keys(event_id), [str(event_id), consumer, outcome, self._keep]
        )

    def __len__(self) -> int:
        """How many handled events are remembered."""
        return int(self._connection.call("ZCARD", self._handled))

    def forget(self) -> None:
        """Forgets all of them: what is delivered again is then handled again."""
        self._connection.call("UNLINK", self._handled, self._attempts)

    def _keys(self, event_id: UUID) -> list[str]:
        return [self._handled, self._attempts, self._namespace.key("claim", event_id)]
