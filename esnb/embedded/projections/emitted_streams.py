"""How far each emitted stream has come: what keeps a restart from emitting twice."""

from __future__ import annotations

from esnb.embedded.projections.links import read_stamp
from esnb.embedded.projections.system_projection import SystemProjection
from esnb.embedded.storage.record import NO_STREAM, content
from esnb.embedded.streams.store import Store

UNTOUCHED = -1
"""The projection has emitted nothing to the stream."""
OUTDATED = -2
"""It has, but before it was reset."""
_REMEMBERED = 100_000
_LOOK_BACK = 256
"""How many events of others, written behind the projection's last, are looked through."""


class EmittedStreams:
    """The position of the event that each stream's last link was emitted for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reached: dict[str, int] = {}

    def reached(self, stream: str, projection: SystemProjection) -> int:
        """Up to which event the projection has emitted, or `UNTOUCHED` or `OUTDATED`."""
        found = self._reached.get(stream)
        if found is None:
            found = self._reached[stream] = self._load(stream, projection)
        return found

    def advance(self, stream: str, position: int) -> None:
        """An emission for the event at `position` is on its way."""
        self._reached[stream] = position

    def trim(self) -> None:
        """Forget streams when there are too many; only while no emission is unwritten."""
        if len(self._reached) > _REMEMBERED:
            self.forget()

    def forget(self) -> None:
        """Start over from the log."""
        self._reached.clear()

    def _load(self, stream: str, projection: SystemProjection) -> int:
        number = self._store.streams.number(stream)
        last = self._store.ahead.state(stream).last
        if number is None or last == NO_STREAM:
            return UNTOUCHED
        for record in self._store.log.backwards(number, 0, last, _LOOK_BACK):
            stamp = read_stamp(content(record).metadata)
            if stamp is None or not 0 < stamp.position <= self._store.head:
                continue  # a client's own
            if stamp.projection == projection.number:
                return stamp.position if stamp.epoch == projection.epoch else OUTDATED
        return UNTOUCHED
