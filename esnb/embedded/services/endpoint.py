"""A node on a port.

EventStoreDB's HTTP endpoints (`/health/live`, `/info`, `/gossip`, `/stats`) are
not there: clients that are told the features below do not call them, and they
are HTTP/1.1, so a front that tells the protocols apart on one port would cost
every call a hop.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import grpc

from esnb.embedded.projections.projector import Projector
from esnb.embedded.services import (
    monitoring_service,
    operations_service,
    persistent_service,
    projections_service,
    users_service,
)
from esnb.embedded.services.development_service import DevelopmentService
from esnb.embedded.services.features_service import STREAMS, FeaturesService
from esnb.embedded.services.gossip_service import GossipService
from esnb.embedded.services.listening import listen
from esnb.embedded.services.monitoring_service import MonitoringService
from esnb.embedded.services.operations_service import OperationsService
from esnb.embedded.services.persistent_service import PersistentService
from esnb.embedded.services.projections_service import ProjectionsService
from esnb.embedded.services.status import abort, of_error
from esnb.embedded.services.streams_service import StreamsService
from esnb.embedded.services.time_of_calls import TimeOfCalls
from esnb.embedded.services.users_service import UsersService
from esnb.embedded.streams.callers_clock import CallersClock
from esnb.embedded.streams.errors import Refused
from esnb.embedded.streams.node import Node

_OPTIONS = (
    # Two servers must never share a port by accident.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", 17 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
    # Node's client pings every 10 s, idle or not; the default would drop it.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_concurrent_streams", 10_000),
)

_FEATURES = (
    STREAMS
    | persistent_service.FEATURES
    | operations_service.FEATURES
    | monitoring_service.FEATURES
    | users_service.FEATURES
)
_LAST_WORDS_SECONDS = 2.0


class Endpoint:
    """The gRPC server of a node.

    Without projections there is no `Projections` service either, as in an
    EventStoreDB that was started with `--run-projections=None`. With those that
    are not started, each waits for a client to enable it.
    """

    def __init__(
        self, node: Node, host: str, port: int, *, projects: bool = True, starts: bool = True
    ) -> None:
        clock = node.store.clock
        ticks = isinstance(clock, CallersClock)
        interceptors = [TimeOfCalls(clock)] if isinstance(clock, CallersClock) else None
        self._server = grpc.aio.server(options=_OPTIONS, interceptors=interceptors)
        self.host = host
        self._groups = PersistentService(node)
        self._projector = Projector(node, starts=starts, is_prompt=ticks) if projects else None
        features = _FEATURES
        if self._projector is not None:
            features = features | projections_service.FEATURES
            self._server.add_generic_rpc_handlers((ProjectionsService(self._projector).handlers(),))
        users = UsersService(clock)
        self._server.add_generic_rpc_handlers(
            (
                StreamsService(node).handlers(),
                self._groups.handlers(),
                OperationsService(self._groups.host.restart).handlers(),
                MonitoringService(node).handlers(),
                users.handlers(),
                GossipService(host, lambda: self.port, clock).handlers(),
                FeaturesService(features).handlers(),
                DevelopmentService(partial(_reset, node, users)).handlers(),
            )
        )
        self.port = listen(self._server, host, port)

    async def start(self) -> None:
        """Serve until `stop`; raises `LogDamaged`."""
        try:
            self._groups.host.start()
        except BaseException:
            await self.settle()
            raise
        await self._server.start()
        if self._projector is not None:
            self._projector.start()

    async def settle(self) -> None:
        """Write down how far the groups and projections have come, and run them no more."""
        if self._projector is not None:
            await self._projector.stop()
        await self._groups.host.stop()

    async def stop(self) -> None:
        """End every call and let the port go. The loop must be this server's own."""
        await self.settle()
        await self._server.stop(grace=0)
        # gRPC cancels the calls without waiting for them; a loop that closes
        # over them writes tracebacks to stderr.
        calls = asyncio.all_tasks() - {asyncio.current_task()}
        if calls:
            await asyncio.wait(calls, timeout=_LAST_WORDS_SECONDS)


async def _reset(node: Node, users: UsersService, context: Any) -> None:
    try:
        await node.reset()
        users.reset()
    except Refused as error:
        await abort(context, of_error(error))
