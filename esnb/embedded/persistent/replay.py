"""Parked messages on their way out again.

EventStoreDB hides a replayed message from the parked stream at once, and has it
in memory only until it is acknowledged: a server that dies meanwhile loses it
(kurrent-io/KurrentDB#2181). Its link stays in the log, though. So what is being
replayed is kept as ranges of the parked stream's revisions, in a stream of the
group's own that `$all` does not show, and a restart continues it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable

from esnb.embedded.persistent.message import Message
from esnb.embedded.storage.record import TOMBSTONE, LogRecord, Proposed
from esnb.embedded.streams.reading import Reader

REPLAY_TYPE = "$SubscriptionReplay"
_MOST_AT_ONCE = 500
"""Messages in memory: a parked stream can be of any length."""


def replay_event(ranges: Iterable[range]) -> Proposed:
    """The event that keeps what is being replayed."""
    data = json.dumps([[one.start, one.stop] for one in ranges]).encode()
    return Proposed(uuid.uuid4().bytes, REPLAY_TYPE, True, data, b"")


def replay_ranges(data: bytes) -> list[range]:
    """What such an event keeps; raises ValueError or TypeError for any other."""
    kept = json.loads(data)
    if not isinstance(kept, list):
        raise TypeError(kept)
    ranges = [range(start, stop) for start, stop in kept]
    if any(not 0 <= one.start < one.stop <= TOMBSTONE for one in ranges):
        raise ValueError(ranges)
    return ranges


class Replay:
    """Ranges of the parked stream, in ascending order, until all their messages are finished."""

    def __init__(self, reader: Reader, stream: str, ranges: Iterable[range] = ()) -> None:
        self._reader = reader
        self._stream = stream
        self._ranges = list(ranges)
        self._next = 0
        """The first revision that has not been read."""
        self._unfinished: set[int] = set()

    @property
    def end(self) -> int:
        """The first revision that is not, and was not lately, being replayed."""
        return self._ranges[-1].stop if self._ranges else 0

    def add(self, revisions: range) -> None:
        """Replay these, too; they lie behind all others."""
        self._ranges.append(revisions)

    def page(self) -> list[Message]:
        """The next messages, as many as memory has room for."""
        number = self._reader.store.streams.number(self._stream)
        messages: list[Message] = []
        if number is None:
            return messages
        for one in self._ranges:
            room = _MOST_AT_ONCE - len(self._unfinished)
            first = max(one.start, self._next)
            if room <= 0 or first >= one.stop:
                continue
            links = self._reader.store.log.forwards(number, first, one.stop - 1, room)
            messages += [self._message(link) for link in links]
            self._unfinished.update(link.revision for link in links)
            self._next = links[-1].revision + 1 if len(links) == room else one.stop
        return messages

    def _message(self, parked: LogRecord) -> Message:
        event, link = self._reader.resolved(parked, live=False)
        return Message(event, link, None)

    def finish(self, message: Message) -> None:
        """The message need not be delivered any more."""
        self._unfinished.discard(message.original.revision)

    def remaining(self) -> list[range]:
        """What must be replayed after a restart; some of it may be finished already."""
        lowest = min(self._unfinished, default=self._next)
        self._ranges = [one for one in self._ranges if one.stop > lowest]
        return [range(max(one.start, lowest), one.stop) for one in self._ranges]
