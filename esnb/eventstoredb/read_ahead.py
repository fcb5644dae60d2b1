"""What was read of a stream a moment ago, for the same thread's next read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

from esnb.eventstoredb.records import StreamEvent

_SECONDS = 1.0

Selection = tuple[UUID | str, int | None, int | None]
"""Aggregate, above which version, up to which version."""


class ReadAhead(threading.local):
    """At most one selection of events in each thread, given out once.

    It serves a read that follows at once and asks for the same; any other, or a
    later one, has to ask the server.
    """

    _kept: tuple[Selection, float, Sequence[StreamEvent]] | None = None

    def keep(self, selection: Selection, events: Sequence[StreamEvent]) -> None:
        self._kept = selection, monotonic(), events

    def take(self, selection: Selection) -> Sequence[StreamEvent] | None:
        """The events, where these were kept; nothing is kept afterwards."""
        kept = self.drop()
        if kept is None or kept[0] != selection or monotonic() - kept[1] > _SECONDS:
            return None
        return kept[2]

    def drop(self) -> tuple[Selection, float, Sequence[StreamEvent]] | None:
        kept, self._kept = self._kept, None
        return kept
