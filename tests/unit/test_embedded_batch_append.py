"""What BatchAppend makes of an append's deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from esnb._client import shared_pb2, streams_pb2
from esnb.embedded.services.batch_append import BatchAppend
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.streams.node import Node


def part(data: bytes, *, final: bool = True) -> Any:
    """A part of an append to the stream `a`."""
    request = streams_pb2.BatchAppendReq(is_final=final)
    request.correlation_id.string = "00000000-0000-0000-0000-000000000001"
    message = request.proposed_messages.add(data=data)
    message.id.string = "00000000-0000-0000-0000-000000000002"
    message.metadata["type"] = "T"
    message.metadata["content-type"] = "application/json"
    return request


def opening(part: Any, until: float) -> Any:
    """The part with the options: a deadline at the time `until`, as Node's client gives it."""
    part.options.any.SetInParent()
    part.options.stream_identifier.stream_name = b"a"
    part.options.deadline_21_10_0.FromNanoseconds(int(until * 1e9))
    return part


def answered(*parts: Any, now: float) -> Any:
    """The answer to an append that came in these parts at the time `now`."""

    async def sent() -> AsyncIterator[Any]:
        for part in parts:
            yield part

    async def run() -> list[Any]:
        node = Node(MemoryLog())
        try:
            return [answer async for answer in BatchAppend(node, lambda: now).call(sent(), None)]
        finally:
            await node.close()

    (answer,) = asyncio.run(run())
    return answer


@pytest.mark.parametrize("size", [10, 2**20], ids=["small", "too large"])
def test_append_that_came_too_late_says_so_before_anything_else(size: int) -> None:
    first, last = part(b" " * size, final=False), part(b" " * size)
    late = answered(opening(first, until=999), last, now=1000)
    assert late.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)


def test_deadline_counts_to_the_fraction_of_a_second() -> None:
    in_time = answered(opening(part(b"{}"), until=1000.5), now=1000.25)
    assert in_time.WhichOneof("result") == "success"
    late = answered(opening(part(b"{}"), until=1000.125), now=1000.25)
    assert late.error.details.Is(shared_pb2.Timeout.DESCRIPTOR)
