"""Sets the server's clock by what its callers say that the time is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import grpc

from esnb.clients.channel import TIME
from esnb.embedded.streams.callers_clock import CallersClock


class TimeOfCalls(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Looks at each call before it is served."""

    def __init__(self, clock: CallersClock) -> None:
        self._clock = clock

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: Any
    ) -> Any:
        for key, value in details.invocation_metadata:
            if key == TIME:
                self._clock.reach(datetime.fromisoformat(value))
        return await continuation(details)
