"""Subscriptions: history and what comes later, without gap or repeat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest

from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import NO_STREAM, TOMBSTONE, LogRecord
from esnb.embedded.streams import catch_up
from esnb.embedded.streams.catch_up import (
    CaughtUp,
    Checkpoint,
    Filtered,
    FilterWindow,
    SubscriptionItem,
)
from esnb.embedded.streams.errors import StoreEmptied, StreamDeleted
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.versioning import ANY
from tests.unit.embedded_logs import Clock, event
from tests.waiting import DEADLINE


def run(scenario: Callable[[Node], Coroutine[None, None, None]]) -> None:
    async def bounded() -> None:
        node = Node(MemoryLog(), Clock())
        async with asyncio.timeout(DEADLINE):
            await scenario(node)
        await node.close()

    asyncio.run(bounded())


async def taken(deliveries: AsyncIterator[SubscriptionItem], count: int) -> list[object]:
    """The next `count` deliveries: revisions of records, and what else there is."""
    found: list[object] = []
    for _ in range(count):
        delivery = await anext(deliveries)
        found.append(delivery.revision if isinstance(delivery, LogRecord) else delivery)
    return found


async def put(node: Node, stream: str, count: int = 1, type: str = "Happened") -> int:
    place = await node.append(stream, ANY, [event(type) for _ in range(count)])
    assert place.position is not None
    return place.position


def of_stream(node: Node, stream: str, start: int | None) -> AsyncIterator[SubscriptionItem]:
    return catch_up.of_stream(node.reader, node.feed, stream, start)


def filtered(
    node: Node, after: int | None, type: str, window: FilterWindow
) -> AsyncIterator[SubscriptionItem]:
    """The events of one type in `$all`."""

    def matches(record: LogRecord) -> bool:
        return node.store.types.name(record.type) == type

    return catch_up.of_all(node.reader, node.feed, after, Filtered(matches, window))


def test_history_then_live() -> None:
    async def scenario(node: Node) -> None:
        await put(node, "a", 600)
        deliveries = of_stream(node, "a", 0)
        assert await taken(deliveries, 601) == [*range(600), CaughtUp()]
        await put(node, "b", 3)
        await put(node, "a", 2)
        assert await taken(deliveries, 2) == [600, 601]

    run(scenario)


def test_appends_while_history_is_read_are_neither_lost_nor_repeated() -> None:
    async def scenario(node: Node) -> None:
        await put(node, "a", 300)
        deliveries = of_stream(node, "a", 0)
        found: list[object] = []
        appended = 300
        while len(found) <= appended:
            found += await taken(deliveries, 1)
            if appended < 900 and len(found) % 7 == 0:
                await put(node, "a", 5)
                appended += 5
        numbers = [one for one in found if not isinstance(one, CaughtUp)]
        assert numbers == list(range(len(numbers)))
        assert found.count(CaughtUp()) == 1

    run(scenario)


def test_only_what_is_to_come() -> None:
    async def scenario(node: Node) -> None:
        await put(node, "a", 3)
        deliveries = of_stream(node, "a", None)
        assert await taken(deliveries, 1) == [CaughtUp()]
        await put(node, "a")
        assert await taken(deliveries, 1) == [3]

    run(scenario)


def test_missing_stream_is_waited_for() -> None:
    async def scenario(node: Node) -> None:
        deliveries = of_stream(node, "a", 0)
        first = asyncio.ensure_future(anext(deliveries))
        await asyncio.sleep(0)
        assert not first.done()
        await put(node, "a")
        record = await first
        assert isinstance(record, LogRecord)
        assert await taken(deliveries, 1) == [CaughtUp()]

    run(scenario)


def test_live_events_are_delivered_whatever_metadata_say() -> None:
    async def scenario(node: Node) -> None:
        await put(node, "a", 3)
        deliveries = of_stream(node, "a", 0)
        await taken(deliveries, 4)
        await node.append("$$a", ANY, [event("$metadata", b'{"$maxCount": 1}')])
        await put(node, "a", 3)
        assert await taken(deliveries, 3) == [3, 4, 5]

    run(scenario)


def test_tombstone_is_delivered_last() -> None:
    async def scenario(node: Node) -> None:
        await put(node, "a")
        deliveries = of_stream(node, "a", 0)
        await taken(deliveries, 2)
        await node.tombstone("a", 0)
        assert await taken(deliveries, 1) == [TOMBSTONE]
        with pytest.raises(StreamDeleted):
            await anext(deliveries)

    run(scenario)


def test_all_with_a_filter_tells_how_far_it_looked() -> None:
    async def scenario(node: Node) -> None:
        start = node.store.head
        for _ in range(7):
            last = await put(node, "a", type="No")
        by_type = filtered(node, start, "Yes", FilterWindow(3, 3))
        positions = [record.position for record in node.store.log.all_forwards(start + 1, last, 9)]
        assert await taken(by_type, 3) == [
            Checkpoint(positions[2]),
            Checkpoint(positions[5]),
            CaughtUp(),
        ]
        await put(node, "a", type="Yes")
        later = await put(node, "a", type="No")
        assert await taken(by_type, 2) == [7, Checkpoint(later)], "the seventh counted"
        for _ in range(3):
            later = await put(node, "a", type="No")
        assert await taken(by_type, 1) == [Checkpoint(later)]

    run(scenario)


@pytest.mark.parametrize(
    ("history", "window", "told", "until_the_next"),
    [
        (5, FilterWindow(32, 32), [], 27),
        (31, FilterWindow(32, 32), [], 1),
        (32, FilterWindow(32, 32), [32], 32),
        (33, FilterWindow(32, 32), [32], 31),
        (70, FilterWindow(32, 64), [64], 58),
        (70, FilterWindow(10, 25), [30, 50], 5),
        (29, FilterWindow(10, 25), [], 1),
        (25, FilterWindow(10, 25), [], 1),
        (40, FilterWindow(1, 3), list(range(3, 40, 3)), 2),
        (40, FilterWindow(1000, 1000), [], 960),
    ],
)
def test_pages_of_which_nothing_matches(
    history: int, window: FilterWindow, told: list[int], until_the_next: int
) -> None:
    """A checkpoint comes at a page's end only, never at the history's; its count goes on."""

    async def scenario(node: Node) -> None:
        start = node.store.head
        deliveries = filtered(node, start, "Yes", window)
        place = {start: 0}
        for number in range(1, history + 1):
            place[await put(node, "a", type="No")] = number
        found = await taken(deliveries, len(told) + 1)
        assert found[-1] == CaughtUp()
        assert [place[one.position] for one in found[:-1] if isinstance(one, Checkpoint)] == told
        for _ in range(until_the_next):
            last = await put(node, "a", type="No")
        assert await taken(deliveries, 1) == [Checkpoint(last)]
        for _ in range(window.interval):
            last = await put(node, "a", type="No")
        assert await taken(deliveries, 1) == [Checkpoint(last)], "live it counts from nothing"

    run(scenario)


def test_a_page_ends_with_its_thirty_second_match() -> None:
    async def scenario(node: Node) -> None:
        start = node.store.head
        await put(node, "a", 100, type="Yes")
        found = await taken(filtered(node, start, "Yes", FilterWindow(1_000, 50)), 102)
        assert [index for index, one in enumerate(found) if isinstance(one, Checkpoint)] == [64]
        assert found[-1] == CaughtUp()

    run(scenario)


def test_hidden_events_are_considered() -> None:
    """EventStoreDB counts its own book-keeping, too, though nobody sees it."""

    async def scenario(node: Node) -> None:
        start = node.store.head
        hidden = "$persistentsubscription-$all::g-checkpoint"
        await put(node, hidden, 2)
        last = await put(node, "a", type="No")
        deliveries = filtered(node, start, "Yes", FilterWindow(3, 3))
        assert await taken(deliveries, 2) == [Checkpoint(last), CaughtUp()]
        await put(node, hidden, 2)
        last = await put(node, "a", type="Yes")
        assert await taken(deliveries, 2) == [1, Checkpoint(last)]

    run(scenario)


def test_an_unfiltered_subscription_has_no_checkpoints() -> None:
    async def scenario(node: Node) -> None:
        start = node.store.head
        await put(node, "a", 200)
        deliveries = catch_up.of_all(node.reader, node.feed, start)
        assert await taken(deliveries, 201) == [*range(200), CaughtUp()]
        await put(node, "a", 200)
        assert await taken(deliveries, 200) == list(range(200, 400))

    run(scenario)


def test_resuming_from_any_checkpoint_misses_no_match() -> None:
    async def scenario(node: Node) -> None:
        start = node.store.head

        whole = filtered(node, start, "Yes", FilterWindow(1, 2))
        assert await taken(whole, 1) == [CaughtUp()]
        for number in range(20):
            await put(node, "a", type="Yes" if number % 3 == 0 else "No")
        seen: list[int] = []
        while len(seen) < 7:
            delivery = await anext(whole)
            if isinstance(delivery, LogRecord):
                seen.append(delivery.revision)
            elif isinstance(delivery, Checkpoint):
                resumed = filtered(node, delivery.position, "Yes", FilterWindow(32, 10**6))
                missing = [number for number in range(0, 20, 3) if number not in seen]
                assert await taken(resumed, len(missing)) == missing

    run(scenario)


def test_all_from_its_start_begins_with_system_events() -> None:
    async def scenario(node: Node) -> None:
        deliveries = catch_up.of_all(node.reader, node.feed, 0)
        first = await anext(deliveries)
        assert isinstance(first, LogRecord)
        assert node.store.streams.name(first.stream).startswith("$")
        assert first.revision == NO_STREAM + 1

    run(scenario)


def test_reset_ends_subscriptions_and_empties_the_store() -> None:
    async def scenario(node: Node) -> None:
        await put(node, "a", 3)
        stream, everything = (
            of_stream(node, "a", 0),
            catch_up.of_all(node.reader, node.feed, None),
        )
        await taken(stream, 4)
        await taken(everything, 1)
        waiting = [asyncio.ensure_future(anext(one)) for one in (stream, everything)]
        await asyncio.sleep(0)
        await node.reset()
        for one in waiting:
            with pytest.raises(StoreEmptied):
                await one
        assert node.reader.forwards("a", 0, 9) is None
        assert (await node.append("a", NO_STREAM, [event()])).revision == 0

    run(scenario)


def test_slow_subscriber_is_no_burden() -> None:
    """A subscriber that never reads holds a place in the log, not events."""

    async def scenario(node: Node) -> None:
        idle = of_stream(node, "a", None)
        await taken(idle, 1)
        for _ in range(50):
            await put(node, "a", 100)
        assert await taken(idle, 5000) == list(range(5000))

    run(scenario)
