"""What a group writes, by way of whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from esnb.embedded.storage.record import Proposed

CHECKPOINT_TYPE = "$SubscriptionCheckpoint"


class Journal(Protocol):
    """Takes events for streams, in the order in which they come."""

    def write(self, stream: str, event: Proposed, done: Callable[[bool], None]) -> None:
        """Append the event; `done` is told later whether it was kept."""


def checkpoint_stream(subscription: str) -> str:
    """Where a subscription's checkpoints are; `subscription` is `stream::group`."""
    return f"$persistentsubscription-{subscription}-checkpoint"


def parked_stream(subscription: str) -> str:
    """Where a subscription's parked messages are."""
    return f"$persistentsubscription-{subscription}-parked"


def replay_stream(subscription: str) -> str:
    """Where it is kept which parked messages are being replayed; EventStoreDB has no such stream."""
    return f"$persistentsubscription-{subscription}-replay"
