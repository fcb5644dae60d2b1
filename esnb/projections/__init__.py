"""Projections that run by themselves: followed, counted, paused, rebuilt.

`CatchUpRunner` runs the library's own `Projection` classes over any of its
applications. Inside a handler `current()` is the event's notification, and
what the handler records is correlated with it. `PersistentRunner` has competing
consumers handle the events of a persistent subscription.
"""

from esnb.clients import redis_py as redis_py  # first
from esnb.projections.current import current
from esnb.projections.dead_letters import DeadLetter
from esnb.projections.errors import CheckpointAheadError, CheckpointMismatchError
from esnb.projections.persistent.errors import CategoryNotProjectedError, ForeignGroupError
from esnb.projections.persistent.runner import PersistentRunner
from esnb.projections.persistent.status import PersistentStatus
from esnb.projections.runner import CatchUpRunner
from esnb.redis import ForeignViewError
from esnb.running.backoff import Backoff
from esnb.running.status import RunnerStatus

__all__ = [
    "Backoff",
    "CatchUpRunner",
    "CategoryNotProjectedError",
    "CheckpointAheadError",
    "CheckpointMismatchError",
    "DeadLetter",
    "ForeignGroupError",
    "ForeignViewError",
    "PersistentRunner",
    "PersistentStatus",
    "RunnerStatus",
    "current",
]
