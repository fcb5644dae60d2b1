"""The `Monitoring` service: figures of the process and the log, again and again."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from esnb.embedded.services.features_service import Features
from esnb.embedded.services.plain_messages import fields, whole
from esnb.embedded.services.status import abort, of_error
from esnb.embedded.storage import wire
from esnb.embedded.streams.errors import Refused
from esnb.embedded.streams.node import Node

SERVICE = "event_store.client.monitoring.Monitoring"
FEATURES: Features = {SERVICE.lower(): {"stats": ()}}
_LEAST_PERIOD_MS = 100


class MonitoringService:
    """Answers with the names that EventStoreDB uses, where the figures exist here."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._started = time.time()

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's one method; its messages are in neither client's stubs."""
        return grpc.method_handlers_generic_handler(
            SERVICE, {"Stats": grpc.unary_stream_rpc_method_handler(self._stats)}
        )

    async def _stats(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            period = max(whole(fields(request), 4), _LEAST_PERIOD_MS) / 1000
        except Refused as error:
            await abort(context, of_error(error))
        while True:
            yield stats_message(self.figures())
            await asyncio.sleep(period)

    def figures(self) -> dict[str, str]:
        """The process's and the log's, as text."""
        cpu = os.times()
        return {
            "proc-id": str(os.getpid()),
            "proc-startTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "proc-cpu": f"{cpu.user + cpu.system:.2f}",
            "proc-mem": str(_memory()),
            "proc-threadsCount": str(threading.active_count()),
            "es-checksum": str(self._node.store.head),
            "es-checksumNonFlushed": str(self._node.store.promised),
        }


def stats_message(figures: dict[str, str]) -> bytes:
    """`StatsResp`: a map in field 1."""
    return b"".join(
        wire.tagged(1, wire.tagged(1, name.encode()) + wire.tagged(2, value.encode()))
        for name, value in figures.items()
    )


def _memory() -> int:
    """The most memory that the process has held, in bytes; 0 where it is not told."""
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
