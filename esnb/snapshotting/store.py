"""The event store that keeps snapshots, and lets nothing of theirs reach the caller as an error."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from math import inf
from typing import Any
from uuid import UUID

from eventsourcing.domain import CanMutateProtocol
from eventsourcing.persistence import (
    AggregateRecorder,
    EventStore,
    Mapper,
    Recording,
    StoredEvent,
)

from esnb.clients.uri import masked_error
from esnb.snapshotting.fold_code import fold_fingerprint, folds_of
from esnb.snapshotting.state import lost_in_storing
from esnb.snapshotting.stored import SnapshotSource, StoredSnapshot

_log = logging.getLogger(__name__)


class SnapshotWarning(RuntimeWarning):
    """A snapshot could not be stored; the events are, and nothing is lost."""


class _NotStoredError(Exception):
    """Why a snapshot is not stored, in words that need no class name."""


class SnapshotStore(EventStore[Any]):
    """Stores snapshots with their fingerprints and hands out only those that still hold.

    The library decodes and applies a snapshot after its recorder has returned,
    where a failure would make the aggregate unreachable. Here each candidate is
    decoded, compared with its class's present fingerprint, applied once and looked
    for in the `source`, which must still have the event that it was taken at: the
    newest first. The first that holds is returned, or none, and the aggregate is
    rebuilt from its events. A store that is down has none.

    A snapshot is stored only if what is stored restores an equal state, types
    included. One that is not, or cannot be, is a `SnapshotWarning`.
    """

    def __init__(
        self,
        mapper: Mapper[Any],
        recorder: AggregateRecorder,
        application: str = "",
        source: SnapshotSource | None = None,
    ) -> None:
        super().__init__(mapper, recorder)
        self._application = application
        self._source = source

    def put(self, domain_events: Sequence[Any], **kwargs: Any) -> list[Recording[Any]]:
        """Stores snapshots; warns where that fails."""
        for snapshot in domain_events:
            try:
                self.recorder.insert_events([self._encode(snapshot)], **kwargs)
            except Exception as error:  # noqa: BLE001  whatever it is, save() has stored the events
                reason = str(error) if isinstance(error, _NotStoredError) else masked_error(error)
                warnings.warn(f"a snapshot was not stored: {reason}", SnapshotWarning, stacklevel=2)
        return []

    def get(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[Any]:
        """The snapshots that still hold, as the library's event store selects events."""
        candidates = self._candidates(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
        usable = self._usable(candidates, lte, reads_on=desc and limit == 1)
        return iter(list(islice(usable, limit)))

    def _usable(
        self, candidates: Iterator[StoredEvent], lte: int | None, *, reads_on: bool
    ) -> Iterator[Any]:
        end: float = inf
        for stored in candidates:
            if stored.originator_version > end or (snapshot := self._apply(stored)) is None:
                continue
            if self._is_backed(stored, lte, reads_on=reads_on):
                yield snapshot
            elif end == inf:
                # The events are others than those that the snapshots in this store were taken
                # of: a round trip for each snapshot that lies beyond them would be wasted.
                end, reads_on = self._last_version(stored), False

    def _candidates(
        self, originator_id: Any, *, desc: bool, limit: int | None, **bounds: int | None
    ) -> Iterator[StoredEvent]:
        if not desc or limit is None:
            yield from self._select(originator_id, desc=desc, **bounds)
            return
        # Mostly the newest holds. Only where it does not are all fetched: a cache may know less.
        first = self._select(originator_id, desc=True, limit=limit, **bounds)
        yield from first
        if len(first) == limit:
            tried = set(map(_identity, first))
            every = self._select(originator_id, desc=True, **bounds)
            yield from (each for each in every if _identity(each) not in tried)

    def _select(self, originator_id: Any, **selection: Any) -> Sequence[StoredEvent]:
        try:
            return self.recorder.select_events(originator_id, **selection)
        except Exception as error:  # noqa: BLE001  a snapshot store that fails has no snapshots
            _log.warning("no snapshot of %s could be read: %s", originator_id, error)
            return []

    def _encode(self, snapshot: Any) -> StoredSnapshot:
        stored = self.mapper.to_stored_event(snapshot)
        restored = self.mapper.to_domain_event(stored)
        lost = lost_in_storing(snapshot, restored, folds_of(snapshot, self._application))
        if lost is not None:
            raise _NotStoredError(
                f"the state of aggregate {str(stored.originator_id)!r} at version "
                f"{stored.originator_version} would not come back equal: {lost}. Keep it in "
                "types that the application's transcoder restores, or convert it in a Snapshot "
                "class of the aggregate's own, by take() and mutate()"
            )
        return StoredSnapshot(
            originator_id=stored.originator_id,
            originator_version=stored.originator_version,
            topic=stored.topic,
            state=stored.state,
            fingerprint=fold_fingerprint(snapshot, self._application),
            event_id=self._event_id(stored),
        )

    def _event_id(self, stored: StoredEvent) -> UUID | None:
        if self._source is None:
            return None
        event_id = self._source.event_id(stored.originator_id, stored.originator_version)
        if event_id is None:
            raise _NotStoredError(
                f"aggregate {str(stored.originator_id)!r} has no event of version "
                f"{stored.originator_version}: save it first"
            )
        return event_id

    def _apply(self, stored: StoredEvent) -> Any | None:
        """The snapshot that `stored` holds; None when it cannot or must not be applied."""
        try:
            snapshot = self.mapper.to_domain_event(stored)
            if fold_fingerprint(snapshot, self._application) != getattr(
                stored, "fingerprint", None
            ):
                raise ValueError("its class has changed since")
            if isinstance(snapshot, CanMutateProtocol):
                snapshot.mutate(None)
        except Exception as error:  # noqa: BLE001  the class's own code runs here
            _pass_over(stored, error)
            return None
        return snapshot

    def _is_backed(self, stored: StoredEvent, lte: int | None, *, reads_on: bool) -> bool:
        if self._source is None:
            return True
        if isinstance(stored, StoredSnapshot) and self._source.is_backed(
            stored, lte, reads_on=reads_on
        ):
            return True
        _pass_over(stored, "its event is not in the stream")
        return False

    def _last_version(self, stored: StoredEvent) -> int:
        assert self._source is not None
        last = self._source.last_version(stored.originator_id)
        return -1 if last is None else last


def _identity(stored: StoredEvent) -> tuple[object, ...]:
    event_id = getattr(stored, "event_id", None)
    return stored.originator_version, event_id, stored.topic, stored.state


def _pass_over(stored: StoredEvent, reason: object) -> None:
    _log.info(
        "snapshot of %s at version %s is passed over: %s",
        stored.originator_id,
        stored.originator_version,
        reason,
    )
