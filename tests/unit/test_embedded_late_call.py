"""Calls whose deadline had passed when they arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from esnb.clients.installed import persistent_pb2, projections_pb2
from esnb.embedded.projections.projector import Projector
from esnb.embedded.services.persistent_service import PersistentService
from esnb.embedded.services.projections_service import ProjectionsService
from esnb.embedded.storage.memory_log import MemoryLog
from esnb.embedded.streams.node import Node


class Ended(Exception):
    """The call was ended with this status."""


class Call:
    """The server's side of a call with so many seconds left."""

    def __init__(self, remaining: float | None) -> None:
        self._remaining = remaining

    def time_remaining(self) -> float | None:
        return self._remaining

    async def abort(self, code: grpc.StatusCode, *_: Any) -> None:
        raise Ended(code)


def method(node: Node, name: str) -> Callable[[Any, Call], Awaitable[Any]]:
    """The handler of the method with this path."""
    for service in (PersistentService(node), ProjectionsService(Projector(node))):
        found: Any = service.handlers().service(_Details(name))
        if found is not None:
            handler: Callable[[Any, Call], Awaitable[Any]] = found.unary_unary
            return handler
    raise AssertionError(f"no method {name}")


class _Details:
    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()


LIST = persistent_pb2.ListReq()
LIST.options.list_all_subscriptions.SetInParent()
STATE = projections_pb2.StateReq()
STATE.options.name = "$streams"
CALLS = [
    pytest.param(
        "/event_store.client.persistent_subscriptions.PersistentSubscriptions/List",
        LIST,
        id="groups",
    ),
    pytest.param("/event_store.client.projections.Projections/State", STATE, id="projections"),
]


@pytest.mark.parametrize(("name", "request_"), CALLS)
def test_late_call_is_ended_and_others_are_answered(name: str, request_: Any) -> None:
    async def run() -> None:
        node = Node(MemoryLog())
        try:
            handler = method(node, name)
            for remaining in (None, 0.002):
                assert await handler(request_, Call(remaining)) is not None
            for remaining in (0.001, 0):
                with pytest.raises(Ended) as ended:
                    await handler(request_, Call(remaining))
                assert ended.value.args == (grpc.StatusCode.DEADLINE_EXCEEDED,)
        finally:
            await node.close()

    asyncio.run(run())
