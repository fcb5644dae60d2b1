"""A group under random treatment: no event is lost, none delivered without need, and the
checkpoint never passes a message that is not finished."""

from __future__ import annotations

import random
from typing import Any

import pytest

from esnb.embedded.persistent import configuration
from esnb.embedded.persistent.group import Nack
from esnb.embedded.persistent.group_settings import END, EventFilter, GroupTarget
from esnb.embedded.persistent.registry import Registry
from esnb.embedded.storage.record import LINK
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_groups import Bench, Desk, settings
from tests.unit.embedded_logs import append

_STEPS = 250


class World:
    """A group, its consumers, and what a simple-minded model knows of each event.

    An event is wanted from when it is written, done when it was acknowledged or
    skipped, and parked when the parked stream has it. Whatever happens, it is
    one of: waiting, with a consumer, parked, done.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.bench = Bench()
        self.written: set[bytes] = set()
        self.target = self.random.choice(
            [
                GroupTarget("s-0"),
                GroupTarget(None),
                GroupTarget(None, EventFilter(True, "", ("s-",))),
            ]
        )
        for _ in range(self.random.randrange(20)):
            self._write()
        start = self.random.choice([0, 0, END])
        self.begin = self.bench.store.head if start == END else 0
        self.group = self.bench.registry.create(self.target, "g", self._settings(start))
        self.desks: list[Desk] = []
        self.done: set[bytes] = set()
        self.was_parked: set[bytes] = set()

    def _settings(self, start: int) -> Any:
        pick = self.random.choice
        return settings(
            start=start,
            strategy=pick(["RoundRobin", "DispatchToSingle", "Pinned", "PinnedByCorrelation"]),
            history_buffer_size=pick([4, 9, 50]),
            read_batch_size=pick([1, 3]),
            live_buffer_size=pick([0, 1, 5, 50]),
            max_retry_count=pick([0, 1, 3]),
            message_timeout=pick([0, 2_000]),
            min_checkpoint_count=pick([1, 3]),
            max_checkpoint_count=pick([1, 4, 50]),
            checkpoint_after=pick([0, 500, 3_000]),
        )

    # --- the wanted events, as the log has them ------------------------------------

    def wanted(self) -> dict[bytes, int]:
        """Every event that was written for the group, with its place.

        In an unfiltered `$all` there are the group's own writes, too; their
        stream metadata, for one, cannot be read again once they were parked.
        """
        store = self.bench.store
        found = {}
        for record in store.log.all_forwards(self.begin + 1, store.head, 10_000):
            if record.event_id in self.written:
                of_stream = self.target.stream is not None
                found[record.event_id] = record.revision if of_stream else record.position
        return found

    def parked(self) -> set[bytes]:
        """The events whose links wait in the parked stream."""
        stream = f"$persistentsubscription-{self.group.subscription}-parked"
        read = self.bench.reader.forwards(stream, 0, 10_000)
        records = [] if read is None else list(read.records)
        targets = [self.bench.reader.resolved(record, live=False).event for record in records]
        return {target.event_id for target in targets if target is not None}

    # --- what happens ----------------------------------------------------------------

    def step(self) -> None:
        """One random thing."""
        happenings = [
            *[self._write] * 4, *[self._advance] * 3, *[self._answer] * 6,
            self._connect, self._disconnect, self._tick, self._replay, self._restart,
            self._settle,
        ]  # fmt: skip
        self.random.choice(happenings)()
        self.check()

    def _write(self) -> None:
        stream = self.random.choice(["s-0", "s-1", "s-2", "other"])
        ids = self.bench.append(stream, self.random.choice([1, 1, 2, 8]))
        concerned = stream == "s-0" if self.target.stream else stream.startswith("s-")
        if concerned or self.target == GroupTarget(None):
            self.written |= set(ids)

    def _advance(self) -> None:
        self.group.advance()

    def _connect(self) -> None:
        if len(self.desks) < 4:
            self.desks.append(self.bench.joined(self.group, self.random.choice([1, 2, 5])))

    def _disconnect(self) -> None:
        if self.desks:
            desk = self.desks.pop(self.random.randrange(len(self.desks)))
            self.group.disconnect(desk.consumer)

    def _answer(self) -> None:
        busy = [desk for desk in self.desks if desk.consumer.in_flight]
        if not busy:
            return
        held = list(self.random.choice(busy).consumer.in_flight.values())
        answered = self.random.sample(held, self.random.randint(1, len(held)))
        ids = [message.id for message in answered]
        answer = self.random.choice(["ack", "ack", "ack", *Nack])
        if answer == "ack" or answer in (Nack.SKIP, Nack.STOP):
            self.done |= {(message.event or message.original).event_id for message in answered}
        if isinstance(answer, Nack):
            self.group.refuse(ids, answer, "random")
        else:
            self.group.acknowledge(ids)

    def _tick(self) -> None:
        self.bench.pass_time(self.group, self.random.choice([1, 1, 2]))

    def _replay(self) -> None:
        self.group.replay_parked(self.random.choice([None, None, 0, 1, 3]))

    def _settle(self) -> None:
        self.bench.settle(kept=self.random.random() < 0.7)
        self.bench.waits = self.random.random() < 0.3

    def _restart(self) -> None:
        if self.random.random() < 0.7:
            return
        killed = self.random.random() < 0.5
        self.bench.settle(kept=not killed)
        self.bench.waits = False
        if not killed:
            self.group.end()
        append(self.bench.store, configuration.STREAM, ANY, self.bench.registry.configuration())
        self.bench.registry = Registry(self.bench.reader, self.bench.clock, self.bench)
        (self.group,) = self.bench.registry.load()
        self.desks.clear()

    # --- what must hold ----------------------------------------------------------------

    def check(self) -> None:
        """The checkpoint lies before everything that is neither done nor parked."""
        self.was_parked |= self.parked()
        text = self.bench.checkpoint(self.group)
        if text is None:
            return
        checkpoint = self.target.parse_place(text)
        finished = self.done | self.was_parked
        for event_id, place in self.wanted().items():
            assert place > checkpoint or event_id in finished

    def finish(self) -> None:
        """Handle all that is left, and see that nothing is missing."""
        self.bench.settle()
        self.bench.waits = False
        for _ in range(200):
            self.bench.pass_time(self.group)
            if not self.desks:
                self._connect()
            self.group.replay_parked()  # before the next tick, which may park it again
            ids = [key for desk in self.desks for key in desk.consumer.in_flight]
            for desk in self.desks:
                held = desk.consumer.in_flight.values()
                self.done |= {(one.event or one.original).event_id for one in held}
            self.group.acknowledge(ids)
        self.group.replay_parked()
        if self.group.settings.message_timeout:  # else what the group itself wrote is parked
            self.bench.pass_time(self.group, 4)
        lost = [event_id for event_id in self.wanted() if event_id not in self.done]
        assert not lost
        assert not self.parked()
        statistics = self.group.statistics()
        assert statistics.parked == 0


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_lost_and_the_checkpoint_never_passes_unfinished_work(seed: int) -> None:
    world = World(seed)
    for _ in range(_STEPS):
        world.step()
    world.finish()


def test_links_are_what_the_parked_stream_holds() -> None:
    """The model finds parked events by their links; were there none, it would see nothing."""
    world = World(0)
    world.group = world.bench.group("s-0", "h")
    desk = world.bench.joined(world.group)
    (event_id,) = world.bench.append("s-0")[:1]
    world.bench.caught_up(world.group)
    world.group.refuse([event_id], Nack.PARK, "")
    assert event_id in world.parked()
    assert desk.messages
    assert world.bench.store.types.number(LINK) is not None
