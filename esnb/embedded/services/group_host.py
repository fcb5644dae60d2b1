"""Keeps the groups of persistent subscriptions going: hands them news, time, and their writes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any

from esnb.embedded.persistent import configuration
from esnb.embedded.persistent.errors import GroupFailed
from esnb.embedded.persistent.group import SubscriptionGroup
from esnb.embedded.persistent.group_settings import GroupSettings, GroupTarget
from esnb.embedded.persistent.journal import checkpoint_stream, parked_stream, replay_stream
from esnb.embedded.persistent.registry import Registry
from esnb.embedded.persistent.replay import replay_event
from esnb.embedded.storage.record import NO_STREAM, Proposed
from esnb.embedded.streams.errors import Refused, StoreEmptied, quote
from esnb.embedded.streams.feed import Wakeup
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.stream_metadata import metastream_of
from esnb.embedded.streams.versioning import ANY

_TICK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class GroupHost:
    """Belongs to the node's event loop."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.registry = Registry(node.reader, node.store.clock, self)
        self._runners: dict[SubscriptionGroup, asyncio.Task[None]] = {}
        self._writes: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take up the groups that the log keeps."""
        groups = self.registry.load()
        for (target, name), reason in self.registry.left_out.items():
            _log.warning(
                "the group %s on %s is left out (%s): create it again",
                *(quote(name), quote(target), reason.rstrip(".")),
            )
        for group in groups:
            self._run(group)
        self._ticker = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """Drop all consumers and finish the writes."""
        for group in self.registry.all():
            group.end()
        await self._cancel(*self._runners.values(), *([self._ticker] if self._ticker else ()))
        await self._finish_writes()

    async def restart(self) -> None:
        """Drop all consumers and take the groups up again, as the log has them."""
        await self.stop()
        self.start()

    async def create(self, target: GroupTarget, name: str, settings: GroupSettings) -> None:
        """A new group, kept; errors as in `Registry.create`, and `WriteFailed`."""
        group = self.registry.create(target, name, settings)
        self._run(group)
        try:
            if group.failure is not None:
                raise GroupFailed(target.name, name, str(group.failure))
            await self._keep_configuration()
        except Refused as error:
            self.registry.forget(group)
            group.end(error)
            raise

    async def update(self, target: GroupTarget, name: str, settings: GroupSettings) -> None:
        """The group with other settings; errors as in `Registry.update`, and `WriteFailed`."""
        await self._finish_writes()  # what fails to be parked holds the checkpoint to go on from
        old, new = self.registry.update(target, name, settings)
        await self._stop_runner(old)
        self._run(new)
        await self._keep_configuration()

    async def delete(self, target_name: str, name: str) -> None:
        """Forget the group, its checkpoint and what it parked; raises `GroupMissing`."""
        group = self.registry.delete(target_name, name)
        await self._stop_runner(group)
        await self._finish_writes()
        for stream in (
            checkpoint_stream(group.subscription),
            parked_stream(group.subscription),
        ):
            if self._node.store.ahead.state(stream).last != NO_STREAM:
                await self._node.delete(stream, ANY)
        replay = replay_stream(group.subscription)
        if self._node.store.ahead.state(replay).last != NO_STREAM:
            await self._node.append(replay, ANY, [replay_event([])])
        await self._keep_configuration()

    async def replay_parked(self, target_name: str, name: str, stop_at: int | None) -> None:
        """Deliver parked messages; returns when they are out of the parked stream, too."""
        self.registry.get(target_name, name).replay_parked(stop_at)
        await self._finish_writes()

    def write(self, stream: str, event: Proposed, done: Callable[[bool], None]) -> None:
        """Append in the order of the calls: tasks begin in the order in which they are made."""
        task = asyncio.create_task(self._append(stream, event, done))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _append(self, stream: str, event: Proposed, done: Callable[[bool], None]) -> None:
        try:
            await self._node.append(stream, ANY, [event])
        except Refused:
            done(False)
        else:
            done(True)

    async def _keep_configuration(self) -> None:
        metastream = metastream_of(configuration.STREAM)
        if self._node.store.ahead.state(metastream).last == NO_STREAM:
            await self._node.append(metastream, ANY, [configuration.metadata()])
        await self._node.append(configuration.STREAM, ANY, [self.registry.configuration()])

    def _run(self, group: SubscriptionGroup) -> None:
        wakeups = self._node.feed
        stream = group.target.stream
        news = wakeups.all() if stream is None else wakeups.streams(stream)
        group.advance()
        if group.failure is not None:
            _say_failure(group)
            return
        self._runners[group] = asyncio.create_task(self._follow(group, news))

    async def _follow(self, group: SubscriptionGroup, news: AbstractContextManager[Wakeup]) -> None:
        try:
            with news as wakeup:
                group.wake = wakeup.notify
                while True:
                    while group.advance():
                        await asyncio.sleep(0)
                    if group.failure is not None:
                        _say_failure(group)
                        return
                    await wakeup.wait()
        except StoreEmptied as error:
            group.end(error)
            self.registry.forget(group)
            self._runners.pop(group, None)

    async def _tick(self) -> None:
        now = asyncio.get_running_loop().time
        due = now()
        while True:
            due += _TICK_SECONDS  # a late tick does not put off the next one
            await asyncio.sleep(due - now())
            for group in self.registry.all():
                self._tick_one(group)

    def _tick_one(self, group: SubscriptionGroup) -> None:
        try:
            group.tick()
        except Refused as error:
            group.end(error)
            _say_failure(group)

    async def _stop_runner(self, group: SubscriptionGroup) -> None:
        runner = self._runners.pop(group, None)
        if runner is not None:
            await self._cancel(runner)

    async def _cancel(self, *tasks: asyncio.Task[None]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._runners = {group: task for group, task in self._runners.items() if not task.done()}

    async def _finish_writes(self) -> None:
        pending: list[Coroutine[Any, Any, None] | asyncio.Task[None]] = list(self._writes)
        await asyncio.gather(*pending)


def _say_failure(group: SubscriptionGroup) -> None:
    _log.warning(
        "the group %s on %s has stopped (%s): delete it, or remove the cause and restart the server",
        *(quote(group.name), quote(group.target.name), group.failure),
    )
