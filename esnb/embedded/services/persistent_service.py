"""The `PersistentSubscriptions` service: groups are made, changed and looked at; `persistent_read`
has their consumers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from esnb.clients.installed import persistent_pb2, shared_pb2
from esnb.embedded.persistent.errors import GroupFailed
from esnb.embedded.persistent.group_settings import ALL
from esnb.embedded.services.features_service import Features
from esnb.embedded.services.group_host import GroupHost
from esnb.embedded.services.group_info import subscription_info
from esnb.embedded.services.group_request import deleted_target, settings, target, target_name
from esnb.embedded.services.group_status import of_group_error
from esnb.embedded.services.persistent_read import PersistentRead
from esnb.embedded.services.proposals import stream_name
from esnb.embedded.services.read_request import options_of
from esnb.embedded.services.status import abort, begun_in_time
from esnb.embedded.streams.errors import InvalidRequest, Refused
from esnb.embedded.streams.node import Node

SERVICE = "event_store.client.persistent_subscriptions.PersistentSubscriptions"
_BOTH = ("stream", "all")
FEATURES: Features = {
    SERVICE.lower(): dict.fromkeys(
        (
            "create",
            "update",
            "delete",
            "read",
            "getinfo",
            "replayparked",
            "list",
            "restartsubsystem",
        ),
        _BOTH,
    )
}

_Method = Callable[[Any], Awaitable[Any]]


class PersistentService:
    """Translates between the protocol and the groups of a node."""

    def __init__(self, node: Node) -> None:
        self.host = GroupHost(node)
        self._read = PersistentRead(self.host.registry)

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods."""
        messages = persistent_pb2
        methods = {
            "Create": _unary(self._create, messages.CreateReq),
            "Update": _unary(self._update, messages.UpdateReq),
            "Delete": _unary(self._delete, messages.DeleteReq),
            "GetInfo": _unary(self._info, messages.GetInfoReq),
            "ReplayParked": _unary(self._replay, messages.ReplayParkedReq),
            "List": _unary(self._list, messages.ListReq),
            "RestartSubsystem": _unary(self._restart, shared_pb2.Empty),
            "Read": grpc.stream_stream_rpc_method_handler(
                self._read.call, messages.ReadReq.FromString
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _create(self, request: Any) -> Any:
        options = options_of(request)
        wanted = settings(options)
        await self.host.create(target(options), options.group_name, wanted)
        return persistent_pb2.CreateResp()

    async def _update(self, request: Any) -> Any:
        options = options_of(request)
        wanted = settings(options)
        await self.host.update(target(options), options.group_name, wanted)
        return persistent_pb2.UpdateResp()

    async def _delete(self, request: Any) -> Any:
        options = options_of(request)
        await self.host.delete(deleted_target(options), options.group_name)
        return persistent_pb2.DeleteResp()

    async def _info(self, request: Any) -> Any:
        options = options_of(request)
        group = self.host.registry.get(target_name(options), options.group_name)
        return persistent_pb2.GetInfoResp(subscription_info=subscription_info(group.statistics()))

    async def _replay(self, request: Any) -> Any:
        options = options_of(request)
        named, group = target_name(options), options.group_name
        limit = options.WhichOneof("stop_at_option")
        if limit is None:
            raise InvalidRequest("the request does not say where the replay stops, or no_limit")
        limited = limit == "stop_at"
        if limited and options.stop_at < 0:
            raise GroupFailed(
                named, group, "Cannot stop replaying parked message at a negative version."
            )
        await self.host.replay_parked(named, group, options.stop_at if limited else None)
        return persistent_pb2.ReplayParkedResp()

    async def _list(self, request: Any) -> Any:
        options = options_of(request)
        registry = self.host.registry
        kind = options.WhichOneof("list_option")
        if kind is None:
            raise InvalidRequest("the request does not say whose groups to list")
        if kind == "list_all_subscriptions":
            groups = registry.all()
        else:
            wanted = options.list_for_stream
            everything = wanted.WhichOneof("stream_option") == "all"
            groups = registry.of(ALL if everything else _group_name(wanted.stream))
        infos = [subscription_info(group.statistics()) for group in groups]
        return persistent_pb2.ListResp(subscriptions=infos)

    async def _restart(self, request: Any) -> Any:
        await self.host.restart()
        return shared_pb2.Empty()


def _group_name(identifier: Any) -> str:
    return stream_name(persistent_pb2.DeleteReq.Options(stream_identifier=identifier))


def _unary(method: _Method, request: Any) -> grpc.RpcMethodHandler:
    async def call(message: Any, context: Any) -> Any:
        await begun_in_time(context)
        try:
            return await method(message)
        except Refused as error:
            await abort(context, of_group_error(error))

    return grpc.unary_unary_rpc_method_handler(
        call, request.FromString, lambda answer: answer.SerializeToString()
    )
