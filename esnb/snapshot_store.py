"""The event store that keeps snapshots, and lets nothing of theirs reach the caller as an error."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from eventsourcing.domain import CanMutateProtocol
from eventsourcing.persistence import (
    AggregateRecorder,
    EventStore,
    Mapper,
    Recording,
    StoredEvent,
)

from esnb._uri import said
from esnb.fold import fold_fingerprint
from esnb.snapshot import StoredSnapshot

_log = logging.getLogger(__name__)


class SnapshotWarning(RuntimeWarning):
    """A snapshot could not be stored; the events are, and nothing is lost."""


class SnapshotStore(EventStore[Any]):
    """Stores snapshots with their fingerprints and hands out only those that still hold.

    The library decodes and applies a snapshot after its recorder has returned,
    where a failure would make the aggregate unreachable. Here each candidate is
    decoded, compared with its class's present fingerprint and applied once, the
    newest first; the first that stands is given, or none, and the aggregate is
    rebuilt from its events. A store that is down has none. A snapshot that
    cannot be stored is a `SnapshotWarning`.
    """

    def __init__(
        self, mapper: Mapper[Any], recorder: AggregateRecorder, application: str = ""
    ) -> None:
        super().__init__(mapper, recorder)
        self._application = application

    def put(self, domain_events: Sequence[Any], **kwargs: Any) -> list[Recording[Any]]:
        """Stores snapshots; warns where that fails."""
        try:
            self.recorder.insert_events([self._stored(each) for each in domain_events], **kwargs)
        except Exception as error:  # noqa: BLE001  whatever it is, save() has stored the events
            warnings.warn(
                f"a snapshot was not stored: {said(error)}",
                SnapshotWarning,
                stacklevel=2,
            )
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
        usable = (snapshot for each in candidates if (snapshot := self._usable(each)) is not None)
        return iter(list(islice(usable, limit)))

    def _candidates(
        self, originator_id: Any, *, desc: bool, limit: int | None, **bounds: int | None
    ) -> Iterator[StoredEvent]:
        if not desc or limit is None:
            yield from self._select(originator_id, desc=desc, **bounds)
            return
        # Mostly the newest holds; only where it does not are the older ones fetched.
        first = self._select(originator_id, desc=True, limit=limit, **bounds)
        yield from first
        if len(first) == limit:
            bounds["lte"] = first[-1].originator_version - 1
            yield from self._select(originator_id, desc=True, **bounds)

    def _select(self, originator_id: Any, **selection: Any) -> Sequence[StoredEvent]:
        try:
            return self.recorder.select_events(originator_id, **selection)
        except Exception as error:  # noqa: BLE001  a snapshot store that fails has no snapshots
            _log.warning("no snapshot of %s could be read: %s", originator_id, error)
            return []

    def _stored(self, snapshot: Any) -> StoredSnapshot:
        stored = self.mapper.to_stored_event(snapshot)
        return StoredSnapshot(
            originator_id=stored.originator_id,
            originator_version=stored.originator_version,
            topic=stored.topic,
            state=stored.state,
            fingerprint=fold_fingerprint(snapshot, self._application),
        )

    def _usable(self, stored: StoredEvent) -> Any | None:
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
            _log.info(
                "snapshot of %s at version %s is passed over: %s",
                stored.originator_id,
                stored.originator_version,
                error,
            )
            return None
        return snapshot
