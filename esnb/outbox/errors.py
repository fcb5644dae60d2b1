"""What goes wrong between an outbox and its queues."""

from __future__ import annotations

from eventsourcing.persistence import OperationalError


class PayloadError(ValueError):
    """An event's stored state is not JSON, so no job can carry it."""


class RouteError(ValueError):
    """What a route returned is not a queue, or has options that BullMQ does not accept."""


class EvictionPolicyError(OperationalError):
    """Redis may evict keys, which BullMQ forbids: jobs and records would be lost."""


class EmptyQueueError(TimeoutError):
    """The jobs that are waited for are not in the queue, and nobody adds any."""


class StuckError(TimeoutError):
    """What is left to publish waits for records that failed for good."""
