"""Projections that run by themselves: followed, counted, paused, rebuilt.

`CatchUpRunner` runs the library's own `Projection` classes over any of its
applications. Inside a handler `current()` is the event's notification, and
what the handler records is correlated with it. `PersistentRunner` has competing
consumers handle the events of a persistent subscription.

Everything here but `current()` is imported at its first use: who only asks
how a view is kept (`esnb.projections.views`) loads neither gRPC nor redis-py.
"""

import typing as _typing

from esnb.activity.first_use import import_at_first_use as _import_at_first_use
from esnb.projections.current import current  # now: a module has that name, too

if _typing.TYPE_CHECKING:
    from esnb.projections.errors import CheckpointAheadError as CheckpointAheadError
    from esnb.projections.errors import CheckpointMismatchError as CheckpointMismatchError
    from esnb.projections.persistent.errors import (
        CategoryNotProjectedError as CategoryNotProjectedError,
    )
    from esnb.projections.persistent.errors import ForeignGroupError as ForeignGroupError
    from esnb.projections.persistent.runner import PersistentRunner as PersistentRunner
    from esnb.projections.persistent.status import PersistentStatus as PersistentStatus
    from esnb.projections.runner import CatchUpRunner as CatchUpRunner
    from esnb.projections.views.dead_letters import DeadLetter as DeadLetter
    from esnb.redis.errors import ForeignViewError as ForeignViewError
    from esnb.running.backoff import Backoff as Backoff
    from esnb.running.status import RunnerStatus as RunnerStatus

_HOME = {
    "Backoff": "esnb.running.backoff",
    "CatchUpRunner": "esnb.projections.runner",
    "CategoryNotProjectedError": "esnb.projections.persistent.errors",
    "CheckpointAheadError": "esnb.projections.errors",
    "CheckpointMismatchError": "esnb.projections.errors",
    "DeadLetter": "esnb.projections.views.dead_letters",
    "ForeignGroupError": "esnb.projections.persistent.errors",
    "ForeignViewError": "esnb.redis",
    "PersistentRunner": "esnb.projections.persistent.runner",
    "PersistentStatus": "esnb.projections.persistent.status",
    "RunnerStatus": "esnb.running.status",
}
"""Where each public name lives."""

__all__ = ["current", *sorted(_HOME)]


def __getattr__(name: str) -> _typing.Any:
    return _import_at_first_use(__name__, _HOME, name)


def __dir__() -> list[str]:
    return __all__
