"""The aggregates of an application, to pick one from: those with the newest events first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from esnb.drawing.values import counted
from esnb.sources.ids import SHORTEST, is_uuid
from esnb.sources.known_streams import KnownStreams
from esnb.sources.paging import Pager
from esnb.sources.source import application_of

if TYPE_CHECKING:
    from eventsourcing.application import Application

    from esnb.sources.known_streams import StreamRow

MOST = 100
"""Aggregates that are listed at once."""


class Aggregates:
    """What is known of an application's aggregates."""

    def __init__(self, app: Application[Any]) -> None:
        self.name = application_of(app, "explore()").app.name
        self._known = KnownStreams(Pager(app))
        self._known.look()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def complete(self) -> bool:
        """Whether these are all of them."""
        return self._known.complete

    def look(self) -> None:
        """Looks further back; at the whole log again, where there was nothing yet."""
        if len(self):
            self._known.look()
        else:
            self._known.begin_again()

    def found(self, match: str = "", most: int = MOST) -> tuple[list[StreamRow], int]:
        """Those that match, as in browse, and how many do."""
        return self._known.newest(most, match)

    def words(self, shown: int, count: int) -> str:
        """How many are shown of how many there are."""
        if not len(self):
            return "no events yet: save an aggregate, then read again"
        words = counted(count, "aggregate") if count else "no aggregate matches"
        if shown < count:
            words = f"showing {shown:,} of {words}"
        if not self.complete:
            words += f", of the newest {self._known.searched:,} events"
        return words


def beginning(row: StreamRow, rows: Sequence[StreamRow]) -> str:
    """As little of the id as names the aggregate among these."""
    if not is_uuid(row.name):
        return row.name
    alike = [each for each in rows if each.name[:SHORTEST] == row.name[:SHORTEST]]
    return row.name[:SHORTEST] if len(alike) == 1 else row.name
