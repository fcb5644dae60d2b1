"""What can go wrong with a runner: what passes, and what it cannot overcome."""

from __future__ import annotations

import redis
from eventsourcing.persistence import DataError, OperationalError, ProgrammingError


class CheckpointAheadError(DataError):
    """A view's checkpoint lies beyond the last event: the event store was reset."""


class ForeignViewError(ProgrammingError):
    """A view was written by another projection of the same name."""


_PASSING: tuple[type[Exception], ...] = (
    OperationalError,
    redis.ConnectionError,
    redis.TimeoutError,
)


def is_transient(error: BaseException) -> bool:
    """Whether a store is away, so that the same may succeed later.

    Errors of the stores count, also those that a handler meets when it uses
    their clients itself; a handler's own errors, whatever they are, do not.
    """
    if isinstance(error, _PASSING):
        return True
    package = type(error).__module__.partition(".")[0]
    if package in ("esdbclient", "kurrentdbclient", "grpc"):
        from esnb.eventstoredb.errors import is_transient as is_transient_there

        return isinstance(error, Exception) and is_transient_there(error)
    return False
