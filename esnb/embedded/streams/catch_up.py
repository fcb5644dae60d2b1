"""Catch-up subscriptions: history from the log, then what is appended, without gap or repeat.

A subscriber is a place in the log and a wakeup. It reads from the log in bounded
chunks, in the history as well as live, so however slow it is, it holds nothing
in memory and misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NamedTuple

from esnb.embedded.storage.record import TOMBSTONE, LogRecord
from esnb.embedded.streams.errors import StreamDeleted
from esnb.embedded.streams.feed import NewsFeed, Wakeup
from esnb.embedded.streams.filters import Matches
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.stream_metadata import metastream_of

_CHUNK = 256
_PAGE = 32
"""Matches that one page of EventStoreDB's history holds at most."""
_RETRY_SECONDS = 0.05
"""EventStoreDB looks again for a missing stream at this interval; events that are
truncated before it looks are not delivered."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """History is over."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to `position` has been considered."""

    position: int


SubscriptionItem = LogRecord | CaughtUp | Checkpoint


class FilterWindow(NamedTuple):
    """A page of filtered history considers `size` events; `interval` lie between checkpoints."""

    size: int
    interval: int


class Filtered(NamedTuple):
    """A filter of `$all`, and when to tell how far it has looked."""

    matches: Matches
    window: FilterWindow


async def of_stream(
    reader: Reader, feed: NewsFeed, stream: str, start: int | None
) -> AsyncIterator[SubscriptionItem]:
    """The events of a stream from revision `start` on; None: only those still to come.

    Metadata hide events of the history, not live ones. Ends with
    `StreamDeleted` behind the tombstone.
    """
    with feed.streams(stream, metastream_of(stream)) as wakeup:
        if start is None:
            upcoming = reader.store.shown.state(stream).last + 1
            ended = reader.store.shown.state(stream).tombstoned
            yield CaughtUp()
        else:
            upcoming, ended = start, False
            while True:
                wakeup.clear()
                history = reader.forwards(stream, upcoming, TOMBSTONE)
                if history is None:
                    await wakeup.wait()
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                for record in history.records:
                    yield record
                    upcoming = record.revision + 1
                if reader.store.shown.state(stream).last <= history.last:
                    upcoming = max(upcoming, history.last + 1)
                    break
            yield CaughtUp()
        async for record in _live(reader, wakeup, stream, upcoming, ended):
            yield record


async def _live(
    reader: Reader, wakeup: Wakeup, stream: str, upcoming: int, ended: bool
) -> AsyncIterator[LogRecord]:
    shown = reader.store.shown
    while True:
        state = shown.state(stream)
        number = reader.store.streams.number(stream)
        last = TOMBSTONE if state.tombstoned and not ended else state.last
        if number is not None and upcoming <= last:
            records = reader.store.log.forwards(number, upcoming, last, _CHUNK)
            for record in records:
                yield record
                if record.revision == TOMBSTONE:
                    raise StreamDeleted(stream)
                upcoming = record.revision + 1
            wakeup.check()
        else:
            await wakeup.wait()


async def of_all(
    reader: Reader, feed: NewsFeed, after: int | None, filtered: Filtered | None = None
) -> AsyncIterator[SubscriptionItem]:
    """The events of `$all` behind position `after`; None: only those still to come."""
    store = reader.store
    considered = None if filtered is None else _Interval(filtered)
    with feed.all() as wakeup:
        reached = store.head if after is None else after
        catching_up = True
        while True:
            wakeup.check()
            head = store.head
            records = store.log.all_forwards(reached + 1, head, _CHUNK) if reached < head else []
            for record in records:
                reached = record.position
                wanted = reader.visible(record) and (filtered is None or filtered.matches(record))
                if wanted:
                    yield record
                if considered is not None and considered.ends_an_interval(wanted):
                    yield Checkpoint(reached)
            if records:
                await asyncio.sleep(0)
            elif catching_up:
                catching_up = False
                if considered is not None:
                    considered.go_live()
                yield CaughtUp()
            else:
                await wakeup.wait()


class _Interval:
    """How many events a filtered subscription has looked at since it told so.

    EventStoreDB looks through history by pages, which end after so many events,
    or matches, and tells at a page's end; the last one, at the end of history,
    tells nothing. What it counted goes on into what is appended later, where
    each event is told at once when it ends an interval.
    """

    def __init__(self, filtered: Filtered) -> None:
        self._window = filtered.window
        self._count = 0
        self._page = 0
        self._matched = 0
        self._live = False

    def ends_an_interval(self, matched: bool) -> bool:
        """Whether a checkpoint follows the event, which was considered now."""
        if self._live:
            self._count += 1
            return self._take_interval(0)
        self._page += 1
        self._matched += matched
        if self._page < self._window.size and self._matched < _PAGE:
            return False
        self._end_page()
        return self._take_interval(self._count % self._window.interval)

    def go_live(self) -> None:
        """History is over."""
        self._end_page()
        self._live = True

    def _end_page(self) -> None:
        self._count += self._page
        self._page = self._matched = 0

    def _take_interval(self, left: int) -> bool:
        if self._count < self._window.interval:
            return False
        self._count = left
        return True
