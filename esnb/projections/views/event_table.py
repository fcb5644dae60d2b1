"""Events of checkpoints in a table of their own, beside those of a database's views.

The views' tables, which are the library's, stay as they are.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic

from eventsourcing.persistence import ProgrammingError

from esnb.adapters.checkpoint_event import TrackedEvent

TABLE = "esnb_checkpoint_events"
_SECONDS = 1.0
"""Between two transactions that do nothing but keep an event."""

_log = logging.getLogger(__name__)


class EventTable(ABC):
    """Writes in transactions of its own, not more than one a second.

    What lies a little below the checkpoint tells the log as well.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._written_at: float | None = None
        self._written: TrackedEvent | None = None
        self._waiting: TrackedEvent | None = None

    def keep(self, tracking: TrackedEvent) -> None:
        if tracking == self._written:
            return
        self._waiting = tracking
        if self._written_at is None or self._clock() - self._written_at >= _SECONDS:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._write(waiting)
            self._written_at = self._clock()

    @abstractmethod
    def _write(self, tracking: TrackedEvent) -> None: ...


def is_made(create: Callable[[], None]) -> bool:
    """Whether the table could be made: whoever runs a view may lack the right to make tables."""
    try:
        create()
    except ProgrammingError as error:
        _log.info("without table %r only a runner itself knows its checkpoints: %s", TABLE, error)
        return False
    return True
