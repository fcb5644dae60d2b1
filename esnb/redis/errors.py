"""The client's errors as the library's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from eventsourcing.persistence import (
    DataError,
    InternalError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)
from redis.exceptions import RedisClusterException

from esnb.clients import ended
from esnb.clients.uri import display_uri, is_embedded, masked


class ViewDamagedError(InternalError):
    """Keys of a view are gone that no command of the view removed.

    Redis evicted them (`maxmemory` with a policy other than `noeviction`), or
    another client deleted them. The view can no longer be right; it is rebuilt
    from the events.
    """


class ViewOutdatedError(ViewDamagedError):
    """A view was filled by other code, which kept it otherwise: it would answer wrongly.

    It is rebuilt from the events, too.
    """


class ForeignViewError(ProgrammingError):
    """A view is another's: of a projection of the same name, or made of other streams."""


_CODES: tuple[tuple[type[redis.RedisError], str], ...] = (
    (redis.exceptions.OutOfMemoryError, "OOM"),
    (redis.exceptions.BusyLoadingError, "LOADING"),
    (redis.exceptions.ReadOnlyError, "READONLY"),
    (redis.exceptions.MasterDownError, "MASTERDOWN"),
    (redis.exceptions.ClusterDownError, "CLUSTERDOWN"),
    (redis.exceptions.NoPermissionError, "NOPERM"),
)
"""redis-py takes the code off the text of those errors that have a class of their own."""
_PASSING = frozenset(
    {"LOADING", "BUSY", "READONLY", "MISCONF", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS"}
)


def _code(error: Exception) -> str:
    """What Redis began its refusal with."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return str(error).partition(" ")[0]


def may_pass(error: Exception) -> bool:
    """Whether a server's refusal may end by itself, as that of a full one does."""
    return _code(error) in _PASSING | {"OOM"}


def _reason(error: Exception, url: str) -> str:
    closed = ended.explain_gone(url) if isinstance(error, redis.ConnectionError) else None
    if closed is not None:
        return closed
    text = masked(str(error)).strip() or type(error).__name__
    if is_embedded(url):
        # The embedded server's socket says nothing to the reader.
        text = text.rpartition(" connecting to ")[0] or text
        cause = error.__cause__ or error.__context__
        if isinstance(cause, OSError) and cause.strerror:
            text = cause.strerror
    return text.rstrip(".")


def unreachable(error: Exception, url: str) -> OperationalError:
    """What a refused, lost or silent connection becomes."""
    return OperationalError(f"Redis at {display_uri(url)} cannot be reached: {_reason(error, url)}")


def translate(error: redis.RedisError, url: str) -> PersistenceError:
    """The library's error for one of redis-py's, naming the server."""
    where = f"Redis at {display_uri(url)}"
    reason = _reason(error, url)
    if isinstance(error, redis.AuthenticationError):
        return OperationalError(f"{where} refused the credentials in REDIS_URL: {reason}")
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return unreachable(error, url)
    if isinstance(error, redis.DataError):
        return ProgrammingError(reason)
    code = _code(error)
    if code == "OOM" or "'maxmemory'" in reason:
        return OperationalError(
            f"{where} is out of memory (above its maxmemory) and nothing was written: "
            "raise maxmemory or delete keys"
        )
    if code in _PASSING:
        return OperationalError(f"{where} cannot serve the command now: {reason}")
    if code == "NOPERM":
        return OperationalError(f"{where} does not allow it to the user in REDIS_URL: {reason}")
    if code == "WRONGTYPE":
        return DataError(f"{where}: {reason}")
    return InternalError(f"{where}: {reason}")


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raises the library's error for each of redis-py's in the block."""
    try:
        yield
    except redis.RedisError as error:
        raise translate(error, url) from error
    except RedisClusterException as error:  # none of redis-py's errors
        raise unreachable(error, url) from error
