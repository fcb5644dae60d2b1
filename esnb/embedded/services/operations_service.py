"""The `Operations` service: what an operator asks of a node, as far as it means something here."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

import grpc

from esnb.embedded.services.features_service import Features
from esnb.embedded.services.plain_messages import Fields, fields, options, text, unary
from esnb.embedded.services.status import Stated
from esnb.embedded.storage import wire

SERVICE = "event_store.client.operations.Operations"
_STARTED = b""
"""`ScavengeResult.Started` is 0, and so not written."""


class OperationsService:
    """Nothing is ever left to scavenge, merge or hand over: one node, and its log keeps all."""

    def __init__(self, restart_groups: Callable[[], Awaitable[None]]) -> None:
        self._restart_groups = restart_groups

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods; its messages are in neither client's stubs."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "StartScavenge": unary(self._start_scavenge, options),
                "StopScavenge": unary(self._stop_scavenge, options),
                "Shutdown": unary(self._shut_down, fields),
                "MergeIndexes": unary(self._accept, fields),
                "ResignNode": unary(self._accept, fields),
                "SetNodePriority": unary(self._accept, fields),
                "RestartPersistentSubscriptions": unary(self._restart, fields),
            },
        )

    async def _start_scavenge(self, request: Fields) -> bytes:
        return wire.tagged(1, str(uuid.uuid4()).encode()) + _STARTED

    async def _stop_scavenge(self, request: Fields) -> bytes:
        raise Stated(
            grpc.StatusCode.NOT_FOUND,
            "Scavenge id was invalid.",
            exception="scavenge-not-found",
            scavenge_id=text(request, 1),
        )

    async def _shut_down(self, request: Fields) -> bytes:
        raise Stated(
            grpc.StatusCode.UNIMPLEMENTED,
            "the embedded server is not shut down by its clients: it ends with the process "
            "that started it (stores.close(), or an interrupt of esnb serve)",
        )

    async def _restart(self, request: Fields) -> bytes:
        await self._restart_groups()
        return b""

    async def _accept(self, request: Fields) -> bytes:
        return b""


FEATURES: Features = {
    SERVICE.lower(): {
        "startscavenge": (),
        "stopscavenge": (),
        "shutdown": (),
        "mergeindexes": (),
        "resignnode": (),
        "setnodepriority": (),
        "restartpersistentsubscriptions": (),
    }
}
