"""Redis under the `eventsourcing` library: snapshots, checkpoints, read models.

A persistence module: `PERSISTENCE_MODULE=esnb.redis`, or one projection's
`<PROJECTION>_PERSISTENCE_MODULE=esnb.redis`. Configured by `REDIS_URL` and
`REDIS_KEY_PREFIX`, and for snapshots by `SNAPSHOT_KEEP`, `SNAPSHOT_TTL` and
`ORIGINATOR_ID_TYPE`.
"""

from esnb.adapters.dcb import RefusedDCBFactory
from esnb.clients import redis_py as redis_py  # first
from esnb.redis.batch import Batch
from esnb.redis.changes import CommandRefusedError
from esnb.redis.commands import Commands
from esnb.redis.documents import Documents
from esnb.redis.errors import ForeignViewError, ViewDamagedError, ViewOutdatedError
from esnb.redis.factory import RedisFactory
from esnb.redis.namespace import Namespace
from esnb.redis.snapshots import RedisSnapshotRecorder
from esnb.redis.tracking import RedisTrackingRecorder
from esnb.redis.view import RedisView

__all__ = [
    "Batch",
    "CommandRefusedError",
    "Commands",
    "Documents",
    "ForeignViewError",
    "Namespace",
    "RedisFactory",
    "RedisSnapshotRecorder",
    "RedisTrackingRecorder",
    "RedisView",
    "RefusedDCBFactory",
    "ViewDamagedError",
    "ViewOutdatedError",
]


def __dir__() -> list[str]:
    return __all__
