"""An application's events as jobs: an outbox in Redis, published to BullMQ.

`Outbox` keeps a record of each event in one atomic step with its checkpoint;
`BullMQPublisher` adds the jobs, and a `Worker` runs a function for each.
"""

from esnb.clients import redis_py as redis_py  # first
from esnb.outbox.errors import (
    EmptyQueueError,
    EvictionPolicyError,
    PayloadError,
    RouteError,
    StuckError,
)
from esnb.outbox.outbox import Outbox
from esnb.outbox.publisher import BullMQPublisher, PublisherStatus
from esnb.outbox.record import OutboxRecord
from esnb.outbox.route import Route
from esnb.outbox.view import OutboxView
from esnb.outbox.worker import Job, Worker, WorkerStatus

__all__ = [
    "BullMQPublisher",
    "EmptyQueueError",
    "EvictionPolicyError",
    "Job",
    "Outbox",
    "OutboxRecord",
    "OutboxView",
    "PayloadError",
    "PublisherStatus",
    "Route",
    "RouteError",
    "StuckError",
    "Worker",
    "WorkerStatus",
]


def __dir__() -> list[str]:
    return __all__
