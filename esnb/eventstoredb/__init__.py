"""EventStoreDB under the `eventsourcing` library: events, notifications, snapshots.

A persistence module: `PERSISTENCE_MODULE=esnb.eventstoredb`. Configured by
`EVENTSTOREDB_URI` and the variables that `esnb.eventstoredb.settings` reads.
"""

from esnb.adapters.dcb import RefusedDCBFactory
from esnb.clients.access import AccessRefusedError
from esnb.eventstoredb.factory import EventStoreDBFactory
from esnb.eventstoredb.recorders import (
    EventStoreDBAggregateRecorder,
    EventStoreDBApplicationRecorder,
)
from esnb.eventstoredb.records import StreamEvent, StreamNotification
from esnb.eventstoredb.snapshots import EventStoreDBSnapshotRecorder
from esnb.eventstoredb.subscription import EventStoreDBSubscription
from esnb.snapshotting.beginning import MissingEventsError

__all__ = [
    "AccessRefusedError",
    "EventStoreDBAggregateRecorder",
    "EventStoreDBApplicationRecorder",
    "EventStoreDBFactory",
    "EventStoreDBSnapshotRecorder",
    "EventStoreDBSubscription",
    "MissingEventsError",
    "RefusedDCBFactory",
    "StreamEvent",
    "StreamNotification",
]


def __dir__() -> list[str]:
    return __all__
