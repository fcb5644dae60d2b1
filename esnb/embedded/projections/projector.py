"""The task that runs the system projections."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress

from esnb.embedded.projections.emitted_streams import OUTDATED, EmittedStreams
from esnb.embedded.projections.links import caused_by, stream_metadata
from esnb.embedded.projections.register import (
    checkpoint_event,
    checkpoint_stream,
    load_projections,
    settings_event,
    settings_stream,
)
from esnb.embedded.projections.source_event import SourceEvent, Sources
from esnb.embedded.projections.system_projection import SystemProjection
from esnb.embedded.projections.throttle import QUIET_SECONDS, Throttle
from esnb.embedded.storage.record import LogRecord, Proposed
from esnb.embedded.storage.refused import LogDamaged
from esnb.embedded.streams.errors import StoreEmptied, WriteFailed
from esnb.embedded.streams.feed import Wakeup
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.stream_metadata import METADATA_TYPE, metastream_of

_CHUNK = 128
"""Events taken at once: what is done for them is written together, and holds up others."""
_CHECKPOINT_EVENTS = 4_000
_RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)

Emissions = dict[str, list[Proposed]]


class Projector:
    """Follows the log and emits what the enabled projections say.

    Emissions are written with the chunk they belong to or not at all. What was
    written after the last checkpoint is known by the stamps of the emitted
    streams, so a restart neither loses nor repeats any.
    """

    def __init__(
        self,
        node: Node,
        *,
        starts: bool = True,
        quiet: float = QUIET_SECONDS,
        is_prompt: bool = False,
    ) -> None:
        """With `is_prompt` all is emitted before an append is answered, in the same order always."""
        self._node = node
        self._is_prompt = is_prompt
        if is_prompt:
            node.after_append = self._catch_up
        self._starts = starts
        self._quiet = quiet
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._begin()

    def _begin(self) -> None:
        store = self._node.store
        self.projections = load_projections(store, enabled=self._starts)
        self._sources = Sources(store)
        self._emitted = EmittedStreams(store)

    # --- the task -------------------------------------------------------------

    def start(self) -> None:
        """Run until `stop`."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Write a last checkpoint and end."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError, LogDamaged):
            await self._task
        self._task = None
        behind = [one for one in self.projections.values() if one.processed > one.noted]
        with suppress(WriteFailed, LogDamaged):
            await self._write_checkpoints(behind)

    @property
    def failure(self) -> BaseException | None:
        """What ended the task, where it did not end as it should."""
        task = self._task
        ended = task is not None and task.done() and not task.cancelled()
        return task.exception() if task is not None and ended else None

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        throttle = Throttle(lambda: self._node.store.head, clock, time.thread_time, self._quiet)
        while True:
            try:
                with self._node.feed.all() as wakeup:
                    await self._follow(wakeup, throttle)
            except StoreEmptied:
                async with self._turn:
                    self._begin()
            except WriteFailed:
                await asyncio.sleep(_RETRY_SECONDS)
            except LogDamaged as error:
                _log.warning("the system projections have stopped: %s", error)
                raise

    async def _follow(self, wakeup: Wakeup, throttle: Throttle) -> None:
        while True:
            wakeup.clear()
            if not self._is_prompt and self._is_behind(self._node.store.head):
                last = await throttle.turn(wakeup.wait)
                while self._is_behind(last) and not throttle.over:
                    wakeup.check()
                    await self._step(last)
                    await asyncio.sleep(0)
                throttle.rest()
            else:
                await wakeup.wait()

    async def _catch_up(self) -> None:
        """Takes in all that there is. What cannot be written is left for the next append."""
        with suppress(WriteFailed):
            while self._is_behind(last := self._node.store.head):
                await self._step(last)

    # --- one step ---------------------------------------------------------------

    def _is_behind(self, last: int) -> bool:
        """Whether an enabled projection has events before it, up to the position `last`."""
        return any(one.enabled and one.position < last for one in self.projections.values())

    def progress(self, projection: SystemProjection) -> float:
        """How much of the log the projection has taken in, in percent."""
        return 100.0 * projection.position / max(self._node.store.head, 1)

    async def _step(self, last: int) -> None:
        """Take in the next chunk, up to `last`; raises `WriteFailed`, having moved nothing."""
        async with self._turn:
            store = self._node.store
            active = [one for one in self.projections.values() if one.enabled]
            first = min((one.position for one in active), default=last) + 1
            records = store.log.all_forwards(first, last, _CHUNK)
            if not records:
                return
            last = records[-1].position
            # One that is further on than the others joins where they meet it.
            active = [one for one in active if one.position < last]
            emissions: Emissions = {}
            events = list(self._events(records))
            for event in events:
                for projection in active:
                    if projection.position < event.record.position:
                        self._emit(projection, event, emissions)
            await self._write(emissions)
            for projection in active:
                projection.position = last
                projection.processed += len(events)
            due = [one for one in active if one.processed - one.noted >= _CHECKPOINT_EVENTS]
            await self._write_checkpoints(due)

    def _events(self, records: list[LogRecord]) -> Iterator[SourceEvent]:
        for record in records:
            event = self._sources.event(record)
            if event is not None:
                yield event

    def _emit(self, projection: SystemProjection, event: SourceEvent, emissions: Emissions) -> None:
        emission = projection.rule(event)
        if emission is None:
            return
        stream, position = emission.stream, event.record.position
        reached = self._emitted.reached(stream, projection)
        if reached >= position:
            return
        if reached < 0:
            outdated = reached == OUTDATED
            hidden = self._node.store.ahead.state(stream).last + 1 if outdated else 0
            emissions[metastream_of(stream)] = [
                Proposed(uuid.uuid4().bytes, METADATA_TYPE, True, stream_metadata(hidden), b"")
            ]
        metadata = projection.stamp(position) + emission.extra + caused_by(event)
        emitted = Proposed(uuid.uuid4().bytes, emission.type, False, emission.data, metadata)
        emissions.setdefault(stream, []).append(emitted)
        self._emitted.advance(stream, position)

    async def _write(self, emissions: Emissions) -> None:
        if emissions:
            try:
                await self._node.emit(emissions)
            except WriteFailed:
                self._emitted.forget()
                raise
        self._emitted.trim()

    async def _write_checkpoints(self, projections: list[SystemProjection]) -> None:
        if projections:
            await self._node.emit(
                {
                    checkpoint_stream(one): [checkpoint_event(one, one.position)]
                    for one in projections
                }
            )
            for one in projections:
                one.checkpoint, one.noted = one.position, one.processed

    # --- what clients ask for -----------------------------------------------------

    async def enable(self, projection: SystemProjection) -> None:
        """Go on where it stopped."""
        async with self._turn:
            projection.enabled, projection.aborted = True, False
            await self._keep_settings(projection)

    async def disable(self, projection: SystemProjection, *, write_checkpoint: bool) -> None:
        """Emit no more until it is enabled."""
        async with self._turn:
            projection.enabled, projection.aborted = False, not write_checkpoint
            await self._keep_settings(projection)
            if write_checkpoint:
                await self._write_checkpoints([projection])

    async def reset(self, projection: SystemProjection) -> None:
        """Emit everything again: what was emitted is hidden when a stream gets its first event."""
        async with self._turn:
            projection.epoch = projection.version = max(projection.epoch, projection.version) + 1
            projection.position = projection.checkpoint = 0
            self._emitted.forget()
            await self._keep_settings(projection)

    async def update(self, projection: SystemProjection, query: str) -> None:
        """Emit by another query from now on; raises `BadQuery`."""
        async with self._turn:
            projection.set_query(query)
            projection.version += 1
            await self._keep_settings(projection)

    async def _keep_settings(self, projection: SystemProjection) -> None:
        """Which is news, and so wakes the task."""
        await self._node.emit({settings_stream(projection): [settings_event(projection)]})
