"""The task that runs the system projections: up to which event it takes them in."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from esnb.embedded.projections import throttle
from esnb.embedded.projections.projector import Projector
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.storage.record import NO_STREAM, Proposed
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.versioning import ANY

_PATIENCE = 30.0


def event(type: str) -> Proposed:
    return Proposed(uuid.uuid4().bytes, type, True, b"{}", b"")


def links(node: Node, type: str) -> int:
    """How many there are to events of a type."""
    return node.store.shown.state(f"$et-{type}").last - NO_STREAM


async def until_linked(node: Node, type: str) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not links(node, type):
            await asyncio.sleep(0)


def test_newest_append_is_projected_behind_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "QUIET_SECONDS", 2 * _PATIENCE)

    async def appending() -> None:
        node = Node(MemoryLog())
        projector = Projector(node)
        projector.start()
        try:
            await node.append("a", ANY, [event("First")])
            for _ in range(100):
                await asyncio.sleep(0)
            assert not links(node, "First")
            await node.append("a", ANY, [event("Second")])
            await until_linked(node, "First")
            assert not links(node, "Second")
        finally:
            await projector.stop()
            await node.close()

    asyncio.run(appending())
