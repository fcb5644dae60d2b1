"""The task that runs the system projections: up to which event it takes them in."""

from __future__ import annotations

import asyncio
import uuid

from esnb.embedded.projections.projector import Projector
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import NO_STREAM, Proposed
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.versioning import ANY
from tests.waiting import DEADLINE, until_async


def event(type: str) -> Proposed:
    return Proposed(uuid.uuid4().bytes, type, True, b"{}", b"")


def links(node: Node, type: str) -> int:
    """How many there are to events of a type."""
    return node.store.shown.state(f"$et-{type}").last - NO_STREAM


def test_newest_append_is_projected_behind_the_next() -> None:
    async def appending() -> None:
        node = Node(MemoryLog())
        projector = Projector(node, quiet=2 * DEADLINE)
        projector.start()
        try:
            await node.append("a", ANY, [event("First")])
            for _ in range(100):
                await asyncio.sleep(0)
            assert not links(node, "First")
            await node.append("a", ANY, [event("Second")])
            await until_async(lambda: links(node, "First"))
            assert not links(node, "Second")
        finally:
            await projector.stop()
            await node.close()

    asyncio.run(appending())
