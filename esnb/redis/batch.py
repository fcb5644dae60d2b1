"""Many events in one atomic step: group commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from eventsourcing.persistence import Tracking

from esnb.redis.changes import ANYWHERE, Change, CommandRefusedError, Expected, stale_checkpoint
from esnb.redis.namespace import Namespace


class Batch:
    """The changes of one thread's events that wait to be committed together.

    `flush()` commits them in one round trip; adding to a full batch does it by
    itself. When one event's command is refused, the events before it are
    committed, that error is raised, and it and the events after it are dropped.
    """

    def __init__(
        self,
        namespace: Namespace,
        apply: Callable[[Sequence[Change], Expected], None],
        max_events: int,
        after: Expected = ANYWHERE,
    ) -> None:
        if max_events < 1:
            raise ValueError(f"max_events is {max_events!r}: a batch holds at least one event")
        self._namespace = namespace
        self._apply = apply
        self._max_events = max_events
        self._after = after
        self._changes: list[Change] = []
        self._owner = threading.get_ident()

    def is_mine(self) -> bool:
        """Whether the calling thread opened the batch."""
        return threading.get_ident() == self._owner

    def __len__(self) -> int:
        """How many events wait."""
        return len(self._changes)

    def add(self, change: Change) -> None:
        """Queues the changes of one more event."""
        if self._changes:
            last = self._changes[-1].tracking
            if last.application_name != change.tracking.application_name:
                self.flush()
            elif last.notification_id >= change.tracking.notification_id:
                raise stale_checkpoint(self._namespace, change.tracking, last.notification_id)
        self._changes.append(change)
        if len(self._changes) >= self._max_events:
            self.flush()

    @property
    def last(self) -> Tracking | None:
        """The last event that waits."""
        return self._changes[-1].tracking if self._changes else None

    @property
    def position(self) -> Expected:
        """The checkpoint that a flush would leave; ANYWHERE where that is not known."""
        return self._changes[-1].tracking.notification_id if self._changes else self._after

    def forget(self, tracking: Tracking) -> None:
        """Drops what waits of this event, if it is the last that does."""
        if self.last == tracking:
            self._changes.pop()

    def flush(self) -> Tracking | None:
        """Commits what waits and returns the checkpoint it moved to, if any did."""
        changes, self._changes = self._changes, []
        if not changes:
            return None
        try:
            self._commit(changes)
        except CommandRefusedError as error:
            if error.change:
                self._commit(changes[: error.change])
            raise
        return changes[-1].tracking

    def _commit(self, changes: Sequence[Change]) -> None:
        self._apply(changes, self._after)
        if self._after != ANYWHERE:
            self._after = changes[-1].tracking.notification_id
