"""What the server reads back from its own streams, which every client can write to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from esnb.embedded.storage.record import Content, LogRecord, content
from esnb.embedded.streams.store import Store

_CHUNK = 100
_LOOK_BACK = 10_000
"""How many events that are not the server's own are passed over."""
UNSOUND = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What reading an event raises when it does not hold what its reader expects."""
Kept = TypeVar("Kept")


def newest_first(store: Store, stream: str) -> Iterator[LogRecord]:
    """The stream's events, except those that a deletion or `$tb` hides.

    `$maxCount` and `$maxAge` are ignored: otherwise clients' events would push
    out the server's own.
    """
    state = store.shown.state(stream)
    number = store.streams.number(stream)
    if number is None or state.tombstoned:
        return
    least, last = state.metadata.truncate_before or 0, state.last
    for _ in range(0, _LOOK_BACK, _CHUNK):
        records = store.log.backwards(number, least, last, _CHUNK) if least <= last else []
        if not records:
            return
        yield from records
        last = records[-1].revision - 1


def newest_sound(store: Store, stream: str, read: Callable[[Content], Kept]) -> Kept | None:
    """What `read` makes of the newest event that it can read; None where there is none."""
    for record in newest_first(store, stream):
        with suppress(*UNSOUND):
            return read(content(record))
    return None
