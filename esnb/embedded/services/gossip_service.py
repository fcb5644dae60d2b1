"""The `Gossip` service: a cluster of one, which leads itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import grpc

from esnb.clients.installed import gossip_pb2, shared_pb2
from esnb.embedded.services.listening import advertised_host

SERVICE = "event_store.client.gossip.Gossip"


class GossipService:
    """Tells clients where they already are."""

    def __init__(self, host: str, port: Callable[[], int], clock: Callable[[], int]) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._instance = uuid.uuid4().bytes

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Read": grpc.unary_unary_rpc_method_handler(
                    self._read,
                    shared_pb2.Empty.FromString,
                    gossip_pb2.ClusterInfo.SerializeToString,
                )
            },
        )

    async def _read(self, request: Any, context: Any) -> Any:
        info = gossip_pb2.ClusterInfo()
        member = info.members.add()
        identity = member.instance_id.structured
        identity.most_significant_bits = int.from_bytes(self._instance[:8], "big", signed=True)
        identity.least_significant_bits = int.from_bytes(self._instance[8:], "big", signed=True)
        member.time_stamp = self._clock()
        member.state = gossip_pb2.MemberInfo.Leader
        member.is_alive = True
        member.http_end_point.address = advertised_host(self._host, context.peer())
        member.http_end_point.port = self._port()
        return info
