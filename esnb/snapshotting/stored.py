"""Snapshots as every snapshot store of esnb keeps them.

A snapshot is an optimisation: whatever is wrong with one, the aggregate is
rebuilt from an older one or from its events.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, StoredEvent


@dataclass(frozen=True)
class StoredSnapshot(StoredEvent):
    """A stored snapshot with what tells whether it may still be applied."""

    fingerprint: str | None = None
    """Of the aggregate class whose state it is; None when the writer knew none."""
    event_id: UUID | None = None
    """Of the event that made the state; None when the writer knew none (esnb 0.1)."""
    recorded: datetime | None = None
    """When it was stored, UTC."""
    expires: datetime | None = None
    """When the store forgets it, UTC; None: never."""
    store: str = ""
    """What keeps it: `redis`, `eventstoredb`."""


class SnapshotSource(Protocol):
    """The events that snapshots are taken of, in which each of them must have its own."""

    def event_id(self, originator_id: UUID | str, version: int) -> UUID | None:
        """The id of the event that an aggregate has at this version; None: it has none."""
        ...

    def last_version(self, originator_id: UUID | str) -> int | None:
        """The version of an aggregate's last event; None: it has none."""
        ...

    def is_backed(self, snapshot: StoredSnapshot, lte: int | None, *, reads_on: bool) -> bool:
        """Whether the aggregate still has the event that the snapshot was taken at.

        With `reads_on` the events above it, up to version `lte`, are what is asked for next.
        """
        ...


class SnapshotRecorder(AggregateRecorder):
    """A snapshot store: the library's recorder, which also lists what it keeps."""

    @abstractmethod
    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        """Every kept snapshot, of one aggregate or of all, oldest version first."""
