"""An aggregate's versions, read once, and then only those that were added since."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

from esnb.folds.fold import ProjectorFunction, fold, recorded
from esnb.folds.versions import Version, as_versions
from esnb.sources.ids import Identified, find_id
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import application_of


class GrowingHistory:
    """Folds each event once, however often it is asked for what is new.

    What raises while it is asked ends it: make another one.
    """

    def __init__(
        self,
        app: Application[Any],
        aggregate_id: Identified,
        *,
        projector_func: ProjectorFunction | None = None,
        redact: Redact | Redaction | None = None,
        purpose: str = "GrowingHistory()",
    ) -> None:
        """`purpose` is how an error names the caller; the rest as in `versions`."""
        self._source = application_of(app, purpose)
        self._id = find_id(self._source, aggregate_id)
        redaction = Redaction(redact)
        self._last: int | None = None
        self._next: deque[StoredEvent] = deque()
        steps = fold(self._source, self._taken(), projector_func, redaction)
        self._versions = as_versions(steps, redaction, self._source.origin)

    def stored(self) -> Sequence[StoredEvent]:
        """The events that were not folded yet.

        AggregateNotFoundError where the aggregate has no events at all.
        """
        if self._last is None:
            return recorded(self._source, self._id)
        return self._source.select(self._id, gt=self._last)

    def fold(self, stored: Sequence[StoredEvent]) -> Iterator[Version]:
        """The versions that these events, which follow those folded before, make."""
        for event in stored:
            self._next.append(event)
            version = next(self._versions)
            self._last = event.originator_version
            yield version

    def _taken(self) -> Iterator[StoredEvent]:
        """The fold's events: it is asked for as many versions as there are events."""
        while True:
            yield self._next.popleft()
