"""The `Streams` service: Read, Append, Delete and Tombstone. BatchAppend is in `batch_append`."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import grpc

from esnb._client import streams_pb2

from . import catch_up, wire
from .batch_append import BatchAppend
from .errors import (
    InvalidCombination,
    InvalidPosition,
    InvalidRequest,
    Refused,
    UnexpectedResult,
    WrongExpectedVersion,
)
from .expectation import expected, name
from .filters import Matches, accepted_by, by_name
from .node import Node
from .proposals import Accumulation, stream_name
from .read_messages import ReadMessages
from .reading import END_OF_ALL
from .record import NO_STREAM, Record
from .status import aborted, of_error

SERVICE = "event_store.client.streams.Streams"
_EXPECTED = "expected_stream_revision"
_DEFAULT_WINDOW = 32


class StreamsService:
    """Translates between the protocol and a `Node`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._batches = BatchAppend(node)

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service's methods. Answers that are built by hand are passed on as bytes."""
        messages = streams_pb2
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Read": grpc.unary_stream_rpc_method_handler(
                    self._read, messages.ReadReq.FromString
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

    # --- writing ------------------------------------------------------------

    async def _append(self, requests: AsyncIterator[Any], context: Any) -> Any:
        try:
            return await self._appended(requests)
        except Refused as error:
            await aborted(context, of_error(error))

    async def _appended(self, requests: AsyncIterator[Any]) -> Any:
        options = None
        events = Accumulation()
        async for request in requests:
            if request.WhichOneof("content") == "options":
                options = request.options
            elif options is None:
                raise InvalidRequest("an append begins with its options")
            else:
                events.add((request.proposed_message,))
        if options is None:
            raise InvalidRequest("an append begins with its options")
        stream = stream_name(options)
        try:
            written = await self._node.append(stream, expected(options, _EXPECTED), events.events)
        except WrongExpectedVersion as error:
            return _conflict(error)
        response = streams_pb2.AppendResp()
        success = response.success
        if written.revision == NO_STREAM:
            success.no_stream.SetInParent()
        else:
            success.current_revision = written.revision
        _put_position(success, written.position)
        return response

    async def _delete(self, request: Any, context: Any) -> Any:
        try:
            options = _options(request)
            written = await self._node.delete(stream_name(options), expected(options, _EXPECTED))
        except Refused as error:
            await aborted(context, of_error(error))
        response = streams_pb2.DeleteResp()
        _put_position(response, written.position)
        return response

    async def _tombstone(self, request: Any, context: Any) -> Any:
        try:
            options = _options(request)
            written = await self._node.tombstone(stream_name(options), expected(options, _EXPECTED))
        except Refused as error:
            await aborted(context, of_error(error))
        response = streams_pb2.TombstoneResp()
        _put_position(response, written.position)
        return response

    # --- reading ------------------------------------------------------------

    async def _read(self, request: Any, context: Any) -> AsyncIterator[bytes]:
        try:
            options = _options(request)
            ids = options.uuid_option.WhichOneof("content")
            if ids is None:
                raise InvalidRequest("the request does not say in which form it wants ids")
            messages = ReadMessages(self._node.reader, ids == "structured", options.resolve_links)
            subscribes = _checked_combination(options)
            target = options.WhichOneof("stream_option")
            if subscribes:
                chunks = self._subscription(options, target, messages)
            elif target == "stream":
                chunks = self._stream(options, messages)
            else:
                chunks = self._all(options, messages)
            async for chunk in chunks:
                yield chunk
        except Refused as error:
            await aborted(context, of_error(error))

    async def _stream(self, options: Any, messages: ReadMessages) -> AsyncIterator[bytes]:
        reader = self._node.reader
        stream = stream_name(options.stream)
        start = _first_revision(options)
        if options.count == 0 or start < 0:
            raise UnexpectedResult("ReadStreamResult: Error")
        read = reader.backwards if options.read_direction else reader.forwards
        found = read(stream, start, options.count)
        if found is None:
            yield wire.stream_not_found(stream.encode())
            return
        tells_edges = options.control_option.compatibility > 0
        if tells_edges:
            for hop in found.hops:
                yield wire.first_stream_position(hop)
        for record in found.records:
            yield messages.event(record)
        if tells_edges:
            yield wire.last_stream_position(found.last)

    async def _all(self, options: Any, messages: ReadMessages) -> AsyncIterator[bytes]:
        reader = self._node.reader
        matches = self._matches(options)
        position = _position(options.all, backwards=bool(options.read_direction))
        read = reader.all_backwards if options.read_direction else reader.all_forwards
        kind = "ReadAllResult" if matches is None else "FilteredReadAllResult"
        chunks: Iterator[list[Record]]
        try:
            chunks = read(position, options.count, matches)
        except InvalidPosition as error:
            raise UnexpectedResult(f"{kind}: InvalidPosition") from error
        for chunk in chunks:
            for record in chunk:
                yield messages.event(record)
            await asyncio.sleep(0)

    async def _subscription(
        self, options: Any, target: str | None, messages: ReadMessages
    ) -> AsyncIterator[bytes]:
        node = self._node
        deliveries: AsyncIterator[catch_up.Delivery]
        if target == "stream":
            stream = stream_name(options.stream)
            start = _first_wanted(options.stream)
            if start is not None:
                node.reader.exists(stream)  # an ended stream's history is refused at once
            deliveries = catch_up.of_stream(node.reader, node.feed, stream, start)
        else:
            after = _last_known(options.all)
            if after is not None:
                node.reader.require_position(after)
            deliveries = catch_up.of_all(
                node.reader, node.feed, after, self._matches(options), _window(options.filter)
            )
        yield wire.confirmation(str(uuid.uuid4()))
        async for delivery in deliveries:
            yield messages.delivery(delivery)

    def _matches(self, options: Any) -> Matches | None:
        if options.WhichOneof("filter_option") != "filter":
            return None
        store = self._node.store
        kind = options.filter.WhichOneof("filter")
        if kind is None:
            raise InvalidRequest("the filter says neither streams nor event types")
        expression = getattr(options.filter, kind)
        try:
            accepts = accepted_by(expression.regex, expression.prefix)
        except re.error as error:
            raise InvalidRequest(
                f"the filter {expression.regex!r} is not a regular expression: {error}"
            ) from error
        if kind == "stream_identifier":
            return by_name(store.streams, lambda record: record.stream, accepts)
        return by_name(store.types, lambda record: record.type, accepts)


def _options(request: Any) -> Any:
    if not request.HasField("options"):
        raise InvalidRequest("the request has no options")
    return request.options


def _checked_combination(options: Any) -> bool:
    """Whether the request subscribes; raises for combinations that mean nothing."""
    target = options.WhichOneof("stream_option")
    count = options.WhichOneof("count_option")
    filtered = options.WhichOneof("filter_option")
    if target is None:
        raise InvalidCombination("the request names neither a stream nor $all")
    if count is None:
        raise InvalidCombination("the request says neither a count nor a subscription")
    if filtered is None:
        raise InvalidCombination("the request says neither filter nor no_filter")
    if target == "stream" and filtered == "filter":
        raise InvalidCombination("a filter is for $all, not for a stream")
    if count == "subscription" and options.read_direction:
        raise InvalidCombination("a subscription reads forwards only")
    return bool(count == "subscription")


def _put_position(message: Any, position: int) -> None:
    message.position.commit_position = position
    message.position.prepare_position = position


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


def _first_revision(options: Any) -> int:
    """Where a read begins; below 0 for one that EventStoreDB does not take."""
    revision = options.stream.WhichOneof("revision_option")
    if revision is None:
        raise InvalidRequest("the request does not say where in the stream to begin")
    if revision == "start":
        return 0
    wanted = 2**64 - 1 if revision == "end" else int(options.stream.revision)
    if options.read_direction:
        return min(wanted, 2**63 - 1)
    return wanted - 2**64 if wanted >= 2**63 else wanted


def _first_wanted(stream: Any) -> int | None:
    """The first revision that a subscription wants, None for those still to come."""
    revision = stream.WhichOneof("revision_option")
    if revision is None:
        raise InvalidRequest("the request does not say where in the stream to begin")
    if revision == "start":
        return 0
    if revision == "end" or stream.revision >= 2**63 - 1:
        return None
    return int(stream.revision) + 1


def _position(options: Any, *, backwards: bool) -> int:
    wanted = options.WhichOneof("all_option")
    if wanted is None:
        raise InvalidRequest("the request does not say where in $all to begin")
    if wanted == "start":
        return 0
    if wanted == "end":
        return END_OF_ALL
    position: int = options.position.commit_position
    return position


def _last_known(options: Any) -> int | None:
    position = _position(options, backwards=False)
    return None if position == END_OF_ALL else position


def _window(options: Any) -> int:
    size: int = options.max if options.WhichOneof("window") == "max" else 0
    multiplier: int = options.checkpointIntervalMultiplier
    return (size or _DEFAULT_WINDOW) * max(1, multiplier)
