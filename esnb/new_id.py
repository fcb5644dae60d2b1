"""Ids of what is new: random, or counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from uuid import UUID, uuid4

Of = Literal["aggregate", "event", "correlation"]

_FIRST = {"aggregate": 0x00000000, "event": 0xE0000000, "correlation": 0xC0000000}
"""The first eight digits begin with another one each, so that ids are told apart when cut short."""


class CountedIds:
    """Ids 1, 2, 3 … of each kind of thing.

    >>> ids = CountedIds()
    >>> print(ids.next("aggregate"), ids.next("aggregate"), ids.next("event"))
    00000001-0000-4000-8000-000000000001 00000002-0000-4000-8000-000000000002 e0000001-0000-4000-8000-000000000001
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count: Counter[Of] = Counter()

    def next(self, of: Of) -> UUID:
        with self._lock:
            self._count[of] += 1
            number = self._count[of]
        return UUID(f"{_FIRST[of] + number:08x}-0000-4000-8000-{number:012x}")


_counted: CountedIds | None = None


def new_id(of: Of) -> UUID:
    """An id for a new thing of a kind."""
    return uuid4() if _counted is None else _counted.next(of)


@contextmanager
def count_ids(ids: CountedIds) -> Iterator[None]:
    """Has ids counted in this process, in all of its threads, until the end of the block."""
    global _counted
    before, _counted = _counted, ids
    try:
        yield
    finally:
        _counted = before
