"""Snapshots in one store, with another one in front of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import PersistenceError, StoredEvent

from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot

_log = logging.getLogger(__name__)


class CachedSnapshotRecorder(SnapshotRecorder):
    """Snapshots in a durable store, with a quicker one in front that may fail or forget."""

    def __init__(self, durable: SnapshotRecorder, cache: SnapshotRecorder) -> None:
        self._durable = durable
        self._cache = cache

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Stores snapshots in both; the cache's failures are logged only."""
        self._durable.insert_events(stored_events, **kwargs)
        self._fill(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The newest snapshot from the cache, where it has one; all others from the store."""
        if not desc or limit != 1:
            return self._durable.select_events(
                originator_id, gt=gt, lte=lte, desc=desc, limit=limit
            )
        try:
            found = self._cache.select_events(originator_id, gt=gt, lte=lte, desc=True, limit=1)
        except PersistenceError as error:
            _log.warning("the cache of snapshots cannot be read: %s", error)
            return self._durable.select_events(originator_id, gt=gt, lte=lte, desc=True, limit=1)
        if not found:
            found = self._durable.select_events(originator_id, gt=gt, lte=lte, desc=True, limit=1)
            self._fill(found)
        return found

    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        """The durable store's snapshots, then those in the cache."""
        yield from self._durable.list_snapshots(originator_id)
        yield from self._cache.list_snapshots(originator_id)

    def _fill(self, stored_events: Sequence[StoredEvent]) -> None:
        if not stored_events:
            return
        try:
            self._cache.insert_events(stored_events)
        except PersistenceError as error:
            _log.warning("the cache of snapshots cannot be written: %s", error)
