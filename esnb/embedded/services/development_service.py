"""What a development server offers beside EventStoreDB's own services: to be emptied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

SERVICE = "esnb.embedded.Development"
RESET = f"/{SERVICE}/Reset"


class DevelopmentService:
    """Empties the server it belongs to. `reset` is given the call, to end it where that fails."""

    def __init__(self, reset: Callable[[Any], Awaitable[None]]) -> None:
        self._reset = reset

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's one method; its messages are empty."""
        return grpc.method_handlers_generic_handler(
            SERVICE, {"Reset": grpc.unary_unary_rpc_method_handler(self._empty)}
        )

    async def _empty(self, request: bytes, context: Any) -> bytes:
        await self._reset(context)
        return b""
