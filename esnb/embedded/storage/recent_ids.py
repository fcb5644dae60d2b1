"""Which events were written lately, by their ids: how a repeated append is known."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from esnb.embedded.storage.record import LogRecord

_LIMIT = 100_000
"""About what EventStoreDB remembers (8 MiB)."""


class RecentIds:
    """The newest events' streams and revisions. The first event of an id keeps its place."""

    def __init__(self, limit: int = _LIMIT) -> None:
        self.limit = limit
        # Not a dict: its first key is found behind all that were ever deleted.
        self._places: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def add(self, records: Iterable[LogRecord]) -> None:
        """Remember these, oldest first."""
        places = self._places
        for record in records:
            if record.event_id not in places:
                places[record.event_id] = (record.stream, record.revision)
        while len(places) > self.limit:
            places.popitem(last=False)

    def revision(self, event_id: bytes, stream: int | None) -> int | None:
        """The revision at which `stream` has the event, None when it is not known to."""
        place = self._places.get(event_id)
        return None if place is None or place[0] != stream else place[1]

    def fill(self, records: Iterable[LogRecord]) -> None:
        """Start over from these, oldest first."""
        self._places.clear()
        self.add(records)
