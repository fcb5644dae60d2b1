"""Catch-up subscriptions: history from the log, then what is appended, without gap or repeat.

A subscriber is a place in the log and a bell. It reads from the log in bounded
chunks, in the history as well as live, so however slow it is, it holds nothing
in memory and misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from esnb.embedded.storage.record import TOMBSTONE, Record
from esnb.embedded.streams.errors import StreamDeleted
from esnb.embedded.streams.feed import Bell, Feed
from esnb.embedded.streams.filters import Matches
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.stream_metadata import metastream_of

_CHUNK = 256
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


Delivery = Record | CaughtUp | Checkpoint


async def of_stream(
    reader: Reader, feed: Feed, stream: str, start: int | None
) -> AsyncIterator[Delivery]:
    """The events of a stream from revision `start` on; None: only those still to come.

    Metadata hide events of the history, not live ones. Ends with
    `StreamDeleted` behind the tombstone.
    """
    with feed.streams(stream, metastream_of(stream)) as bell:
        if start is None:
            upcoming = reader.store.shown.state(stream).last + 1
            ended = reader.store.shown.state(stream).tombstoned
            yield CaughtUp()
        else:
            upcoming, ended = start, False
            while True:
                bell.clear()
                history = reader.forwards(stream, upcoming, TOMBSTONE)
                if history is None:
                    await bell.wait()
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                for record in history.records:
                    yield record
                    upcoming = record.revision + 1
                if reader.store.shown.state(stream).last <= history.last:
                    upcoming = max(upcoming, history.last + 1)
                    break
            yield CaughtUp()
        async for record in _live(reader, bell, stream, upcoming, ended):
            yield record


async def _live(
    reader: Reader, bell: Bell, stream: str, upcoming: int, ended: bool
) -> AsyncIterator[Record]:
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
            bell.check()
        else:
            await bell.wait()


async def of_all(
    reader: Reader, feed: Feed, after: int | None, matches: Matches | None, window: int
) -> AsyncIterator[Delivery]:
    """The events of `$all` behind position `after`; None: only those still to come.

    With a filter, a checkpoint follows every `window` considered events, and
    the end of the history.
    """
    store = reader.store
    with feed.all() as bell:
        considered = 0
        reached = store.head if after is None else after
        told = reached
        catching_up = True
        while True:
            bell.check()
            head = store.head
            records = store.log.all_forwards(reached + 1, head, _CHUNK) if reached < head else []
            for record in records:
                reached = record.position
                if not reader.visible(record):
                    continue
                if matches is None or matches(record):
                    yield record
                considered += 1
                if matches is not None and considered % window == 0:
                    told = reached
                    yield Checkpoint(reached)
            if records:
                await asyncio.sleep(0)
            elif catching_up:
                catching_up = False
                if matches is not None and reached > told:
                    told = reached
                    yield Checkpoint(reached)
                yield CaughtUp()
            else:
                await bell.wait()
