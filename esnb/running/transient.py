"""Which errors pass by themselves: a store is away."""

from __future__ import annotations

import redis
from eventsourcing.persistence import OperationalError

from esnb.clients.access import AccessRefusedError

_PASSING: tuple[type[Exception], ...] = (
    OperationalError,
    redis.ConnectionError,
    redis.TimeoutError,
)


def is_transient(error: BaseException) -> bool:
    """Whether a store is away, so that the same may succeed later.

    Errors of the stores count, also those that a handler meets when it uses
    their clients itself; a handler's own errors, whatever they are, do not. Nor
    does a user's lack of rights: that is for somebody to grant.
    """
    if isinstance(error, _PASSING):
        return not isinstance(error, AccessRefusedError)
    # The bases, too: esnb has errors of its own that are the client's.
    packages = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    if "sqlalchemy" in packages:
        return _is_database_away(error)
    if packages & {"esdbclient", "kurrentdbclient", "grpc"}:
        from esnb.clients.errors import is_transient as is_transient_there

        return isinstance(error, Exception) and is_transient_there(error)
    return False


def _is_database_away(error: BaseException) -> bool:
    """Whether SQLAlchemy has lost its database, or waits for another writer of it.

    SQLite says OperationalError of missing tables and wrong SQL as well, which
    do not pass.
    """
    if getattr(error, "connection_invalidated", False) or type(error).__name__ == "TimeoutError":
        return True
    original = getattr(error, "orig", None)
    if type(error).__name__ != "OperationalError" or original is None:
        return False
    if type(original).__module__ == "sqlite3":
        return "locked" in str(original) or "busy" in str(original)
    return True
