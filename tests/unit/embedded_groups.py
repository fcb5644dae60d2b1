"""A group of consumers over a log in memory, with a clock that is turned by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from esnb.embedded.persistent import configuration
from esnb.embedded.persistent.consumer import GroupConsumer
from esnb.embedded.persistent.group import SubscriptionGroup
from esnb.embedded.persistent.group_settings import GroupSettings, GroupTarget
from esnb.embedded.persistent.journal import checkpoint_stream, parked_stream
from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.registry import Registry
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import Proposed, content
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.store import Store
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_logs import Clock, append, event

SECOND = 10_000_000
START = 0
_SETTINGS = GroupSettings(
    start=START,
    resolve_links=False,
    extra_statistics=False,
    message_timeout=30_000,
    checkpoint_after=1_000,
    max_retry_count=2,
    min_checkpoint_count=1,
    max_checkpoint_count=100,
    max_subscriber_count=0,
    live_buffer_size=20,
    read_batch_size=5,
    history_buffer_size=20,
    strategy="RoundRobin",
)


def settings(**changed: Any) -> GroupSettings:
    """Settings that differ from those of most tests."""
    given = {name: getattr(_SETTINGS, name) for name in _SETTINGS.__dataclass_fields__}
    return GroupSettings(**(given | changed))


class Desk:
    """A consumer that does nothing by itself: `got` is what it was given, with the tries."""

    def __init__(self, slots: int = 10) -> None:
        self.got: list[tuple[int, int]] = []
        self.messages: list[Message] = []
        self.dropped: Exception | None = None
        self.consumer = GroupConsumer(slots, self._take, self._drop)

    def taken(self) -> list[int]:
        """The revisions it was given since the last look."""
        revisions = [revision for revision, _ in self.got]
        self.got.clear()
        return revisions

    def _take(self, message: Message) -> None:
        self.messages.append(message)
        self.got.append(((message.event or message.original).revision, message.retries))

    def _drop(self, error: Exception) -> None:
        self.dropped = error


class Bench:
    """One store with one registry; writes of groups are kept at once, or as `settle` says."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = Store(MemoryLog(), self.clock)
        self.reader = Reader(self.store)
        self.registry = Registry(self.reader, self.clock, self)
        self.waits = False
        self._pending: list[Callable[[bool], None]] = []

    def append(self, stream: str, count: int = 1, **about: Any) -> list[bytes]:
        """Events for a stream; their ids."""
        events = [event(**about) for _ in range(count)]
        append(self.store, stream, ANY, *events)
        return [one.event_id for one in events]

    def group(self, stream: str | None = "s", name: str = "g", **changed: Any) -> SubscriptionGroup:
        """A new group that has taken in what there is."""
        return self.caught_up(self.registry.create(GroupTarget(stream), name, settings(**changed)))

    def restarted(self, stream: str, name: str) -> SubscriptionGroup:
        """The group as it is when the server has been started again; the old one is gone."""
        append(self.store, configuration.STREAM, ANY, self.registry.configuration())
        self.waits = False
        self.registry = Registry(self.reader, self.clock, self)
        self.registry.load()
        return self.caught_up(self.registry.get(stream, name))

    def caught_up(self, group: SubscriptionGroup) -> SubscriptionGroup:
        """The group, which has taken in what there is."""
        while group.advance():
            pass
        return group

    def joined(self, group: SubscriptionGroup, slots: int = 10) -> Desk:
        """A new consumer of the group."""
        desk = Desk(slots)
        group.connect(desk.consumer)
        return desk

    def pass_time(self, group: SubscriptionGroup, seconds: int = 1) -> None:
        """So many seconds, one after the other."""
        for _ in range(seconds):
            self.clock.now += SECOND
            group.tick()
            self.caught_up(group)

    def checkpoint(self, group: SubscriptionGroup) -> str | None:
        """What the log holds as the group's checkpoint."""
        found = self.reader.backwards(checkpoint_stream(group.subscription), 2**63 - 1, 1)
        record = None if found is None else next(found.records, None)
        return None if record is None else str(json.loads(content(record).data))

    def parked(self, group: SubscriptionGroup) -> list[tuple[str, str]]:
        """The parked links and the reasons for them."""
        found = self.reader.forwards(parked_stream(group.subscription), 0, 1_000)
        held = [] if found is None else [content(record) for record in found.records]
        return [(one.data.decode(), json.loads(one.metadata)["reason"]) for one in held]

    def write(self, stream: str, proposed: Proposed, done: Callable[[bool], None]) -> None:
        """The group's journal."""
        if self.waits:
            self._pending.append(lambda kept: self._write(stream, proposed, done, kept))
        else:
            self._write(stream, proposed, done, True)

    def settle(self, *, kept: bool = True) -> None:
        """Finish the writes that wait, or refuse them."""
        pending, self._pending = self._pending, []
        for one in pending:
            one(kept)

    def settle_first(self) -> None:
        """Finish the first of the writes that wait; the others never happen."""
        first = self._pending[0]
        self._pending = []
        first(True)

    def _write(
        self, stream: str, proposed: Proposed, done: Callable[[bool], None], kept: bool
    ) -> None:
        if kept:
            append(self.store, stream, ANY, proposed)
        done(kept)
