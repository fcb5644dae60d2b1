"""The `Streams` service: Append, Delete and Tombstone; `read_call` and `batch_append` have the rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from esnb.clients.installed import streams_pb2
from esnb.embedded.services.batch_append import BatchAppend
from esnb.embedded.services.expectation import expected_version, name
from esnb.embedded.services.proposals import (
    Accumulation,
    put_position,
    put_written,
    stream_name,
)
from esnb.embedded.services.read_call import Read
from esnb.embedded.services.read_request import options_of
from esnb.embedded.services.status import abort, of_error
from esnb.embedded.storage.record import NO_STREAM
from esnb.embedded.streams.errors import InvalidRequest, Refused, WrongExpectedVersion
from esnb.embedded.streams.node import Node

SERVICE = "event_store.client.streams.Streams"


class StreamsService:
    """Translates between the protocol and a `Node`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._read = Read(node)
        self._batches = BatchAppend(node)

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods. Answers that are built by hand are passed on as bytes."""
        messages = streams_pb2
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Read": grpc.unary_stream_rpc_method_handler(
                    self._read.call, messages.ReadReq.FromString
                ),
                "Append": grpc.stream_unary_rpc_method_handler(
                    self._append,
                    messages.AppendReq.FromString,
                    messages.AppendResp.SerializeToString,
                ),
                "BatchAppend": grpc.stream_stream_rpc_method_handler(
                    self._batches.call,
                    messages.BatchAppendReq.FromString,
                    messages.BatchAppendResp.SerializeToString,
                ),
                "Delete": grpc.unary_unary_rpc_method_handler(
                    self._delete,
                    messages.DeleteReq.FromString,
                    messages.DeleteResp.SerializeToString,
                ),
                "Tombstone": grpc.unary_unary_rpc_method_handler(
                    self._tombstone,
                    messages.TombstoneReq.FromString,
                    messages.TombstoneResp.SerializeToString,
                ),
            },
        )

    async def _append(self, requests: AsyncIterator[Any], context: Any) -> Any:
        try:
            return await self._append_all(requests)
        except Refused as error:
            await abort(context, of_error(error))

    async def _append_all(self, requests: AsyncIterator[Any]) -> Any:
        first = await anext(aiter(requests), None)
        if first is None or first.WhichOneof("content") != "options":
            raise InvalidRequest("an append begins with its options")
        version = _expected_version(first.options)
        events = Accumulation()
        async for request in requests:
            if request.WhichOneof("content") != "proposed_message":
                raise InvalidRequest("behind its options an append has events only")
            events.add(request.proposed_message)
        stream = stream_name(first.options)
        try:
            written = await self._node.append(stream, version, events.events)
        except WrongExpectedVersion as error:
            return _conflict(error)
        response = streams_pb2.AppendResp()
        put_written(response.success, written)
        return response

    async def _delete(self, request: Any, context: Any) -> Any:
        try:
            options = options_of(request)
            version = _expected_version(options)
            written = await self._node.delete(stream_name(options), version)
        except Refused as error:
            await abort(context, of_error(error))
        response = streams_pb2.DeleteResp()
        put_position(response, written.position)
        return response

    async def _tombstone(self, request: Any, context: Any) -> Any:
        try:
            options = options_of(request)
            version = _expected_version(options)
            written = await self._node.tombstone(stream_name(options), version)
        except Refused as error:
            await abort(context, of_error(error))
        response = streams_pb2.TombstoneResp()
        put_position(response, written.position)
        return response


def _expected_version(options: Any) -> int:
    """What the stream is expected to be at; EventStoreDB looks at an empty name later."""
    if not options.HasField("stream_identifier"):
        raise InvalidRequest("the request names no stream")
    return expected_version(options, "expected_stream_revision")


def _conflict(error: WrongExpectedVersion) -> Any:
    """Both generations of the fields: clients before 20.6.1 read the later-named ones."""
    response = streams_pb2.AppendResp()
    conflict = response.wrong_expected_version
    if error.actual == NO_STREAM:
        conflict.current_no_stream.SetInParent()
        conflict.no_stream_20_6_0.SetInParent()
    else:
        conflict.current_revision = error.actual
        conflict.current_revision_20_6_0 = error.actual
    named = name(error.expected)
    if named is None:
        conflict.expected_revision = error.expected
        conflict.expected_revision_20_6_0 = error.expected
    elif named == "no_stream":
        conflict.expected_no_stream.SetInParent()
        conflict.expected_revision_20_6_0 = 2**64 - 1
    else:
        getattr(conflict, f"expected_{named}").SetInParent()
        getattr(conflict, f"{named}_20_6_0").SetInParent()
    return response
