"""The `Projections` service: the system projections; those of users are not supported yet.

EventStoreDB's handlers report what they did not expect of their projections
subsystem in one sentence, which clients recognise: it is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from esnb.clients.installed import projections_pb2, shared_pb2
from esnb.embedded.projections.projector import Projector
from esnb.embedded.projections.rules import BadQuery
from esnb.embedded.projections.system_projection import NAMES, SystemProjection
from esnb.embedded.services.features_service import Features
from esnb.embedded.services.read_request import options_of
from esnb.embedded.services.status import Stated, abort, begun_in_time, of_error
from esnb.embedded.streams.errors import InvalidRequest, Refused

SERVICE = "event_store.client.projections.Projections"
FEATURES: Features = {
    SERVICE.lower(): {
        "create": ("track_emitted_streams",),
        "update": (),
        "delete": (),
        "statistics": (),
        "disable": (),
        "enable": (),
        "reset": (),
        "state": (),
        "result": (),
        "restartsubsystem": (),
    }
}
_UNSUPPORTED = (
    "projections in JavaScript are not supported by the embedded server yet: "
    f"the system projections ({', '.join(NAMES)}) are, and catch-up subscriptions"
)


class Unexpected(Refused):
    """What EventStoreDB says when its projections answer otherwise than expected."""

    def __init__(self, expected: str, received: str, reason: str = "") -> None:
        text = f"Envelope callback expected {expected}, received {received} instead"
        super().__init__(f"{text}: {reason}" if reason else text)


class ProjectionsService:
    """Translates between the protocol and a `Projector`."""

    def __init__(self, projector: Projector) -> None:
        self._projector = projector

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods."""
        messages = projections_pb2
        unary = {
            name: grpc.unary_unary_rpc_method_handler(
                _handler(method),
                getattr(messages, f"{name}Req").FromString,
                getattr(messages, f"{name}Resp").SerializeToString,
            )
            for name, method in {
                "Create": self._create,
                "Update": self._update,
                "Delete": self._delete,
                "Disable": self._disable,
                "Enable": self._enable,
                "Reset": self._reset,
                "State": self._state,
                "Result": self._result,
            }.items()
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                **unary,
                "Statistics": grpc.unary_stream_rpc_method_handler(
                    self._statistics,
                    messages.StatisticsReq.FromString,
                    messages.StatisticsResp.SerializeToString,
                ),
                "RestartSubsystem": grpc.unary_unary_rpc_method_handler(
                    self._restart, shared_pb2.Empty.FromString, shared_pb2.Empty.SerializeToString
                ),
            },
        )

    def _find(self, name: str, expected: str = "Updated") -> SystemProjection:
        found = self._projector.projections.get(name)
        if found is None:
            raise Unexpected(expected, "NotFound")
        return found

    async def _create(self, options: Any) -> Any:
        mode = options.WhichOneof("mode")
        if mode is None:
            raise InvalidRequest("the request does not say in which mode the projection runs")
        told = options.continuous
        if told.track_emitted_streams and not told.emit_enabled:
            raise InvalidRequest("EmitEnabled must be set to true to track emitted streams.")
        name = "" if mode == "one_time" else getattr(options, mode).name
        if name in self._projector.projections:
            raise Unexpected("Updated", "Conflict")
        raise Stated(grpc.StatusCode.UNIMPLEMENTED, _UNSUPPORTED)

    async def _update(self, options: Any) -> Any:
        if options.WhichOneof("emit_option") is None:
            raise InvalidRequest("the request says neither emit_enabled nor no_emit_options")
        projection = self._find(options.name)
        try:
            await self._projector.update(projection, options.query)
        except BadQuery as error:
            raise Unexpected("Updated", "OperationFailed", str(error)) from error
        return projections_pb2.UpdateResp()

    async def _delete(self, options: Any) -> Any:
        projection = self._find(options.name)
        reason = f"{projection.name} is a system projection: it can be disabled, not deleted"
        raise Unexpected("Updated", "OperationFailed", reason)

    async def _disable(self, options: Any) -> Any:
        projection = self._find(options.name)
        await self._projector.disable(projection, write_checkpoint=options.write_checkpoint)
        return projections_pb2.DisableResp()

    async def _enable(self, options: Any) -> Any:
        await self._projector.enable(self._find(options.name))
        return projections_pb2.EnableResp()

    async def _reset(self, options: Any) -> Any:
        await self._projector.reset(self._find(options.name))
        return projections_pb2.ResetResp()

    async def _state(self, options: Any) -> Any:
        """System projections keep none: an empty object, as EventStoreDB shows no state."""
        self._find(options.name, "ProjectionState")
        response = projections_pb2.StateResp()
        response.state.struct_value.SetInParent()
        return response

    async def _result(self, options: Any) -> Any:
        self._find(options.name, "ProjectionResult")
        response = projections_pb2.ResultResp()
        response.result.struct_value.SetInParent()
        return response

    async def _restart(self, request: Any, context: Any) -> Any:
        """Nothing is lost by going on, so that is all there is to do."""
        return shared_pb2.Empty()

    async def _statistics(self, request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            options = options_of(request)
            if options.name:
                chosen = [self._find(options.name, "Statistics")]
            elif options.WhichOneof("mode") in ("transient", "one_time"):
                chosen = []
            else:
                chosen = list(self._projector.projections.values())
        except Refused as error:
            await abort(context, of_error(error))
        for projection in chosen:
            yield projections_pb2.StatisticsResp(details=self._details(projection))

    def _details(self, projection: SystemProjection) -> Any:
        failure = self._projector.failure
        place = f"C:{projection.position}/P:{projection.position}"
        return projections_pb2.StatisticsResp.Details(
            name=projection.name,
            effectiveName=projection.name,
            status=projection.status if failure is None else "Faulted (Enabled)",
            stateReason="" if failure is None else str(failure),
            mode="Continuous",
            epoch=projection.epoch,
            version=projection.version,
            partitionsCached=1,
            position=place,
            progress=self._projector.progress(projection),
            lastCheckpoint=f"C:{projection.checkpoint}/P:{projection.checkpoint}",
            eventsProcessedAfterRestart=projection.processed,
        )


def _handler(method: Any) -> Any:
    """A handler that passes the method its options and reports what it refuses."""

    async def handler(request: Any, context: Any) -> Any:
        await begun_in_time(context)
        try:
            return await method(options_of(request))
        except Refused as error:
            await abort(context, of_error(error))

    return handler
