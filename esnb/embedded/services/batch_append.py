"""BatchAppend: many appends over one call, told apart by their correlation ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from esnb._client import shared_pb2, streams_pb2
from esnb.embedded.services.expectation import expected, name
from esnb.embedded.services.proposals import Accumulation, put_written, stream_name, uuid_in
from esnb.embedded.services.status import aborted, of_error
from esnb.embedded.storage.record import NO_STREAM
from esnb.embedded.streams.errors import (
    AppendTooLarge,
    InvalidArgument,
    InvalidRequest,
    MetadataMissing,
    Refused,
    StreamDeleted,
    WriteFailed,
    WrongExpectedVersion,
)
from esnb.embedded.streams.node import Node
from esnb.embedded.streams.versioning import ANY

_EXPECTED = "expected_stream_position"

_UNKNOWN = 2  # numbers of google.rpc.Code
_INVALID_ARGUMENT = 3
_DEADLINE_EXCEEDED = 4
_NOT_FOUND = 5
_ALREADY_EXISTS = 6

_MISSING = "The given key was not present in the dictionary."
"""All that EventStoreDB says here of a proposed event without type or content-type."""


class DeadlineExceeded(Refused):
    """The client gave up before the append was begun."""


class _Append:
    """One append as its parts come in. `deadline`: seconds since 1970, None: never."""

    def __init__(self, key: bytes, options: Any, deadline: float | None = None) -> None:
        self.key = key
        self.options = options
        self.deadline = deadline
        self.version = ANY
        self.events = Accumulation()
        self.error: Refused | None = None


class BatchAppend:
    """The method's handler. `now`: seconds since 1970."""

    def __init__(self, node: Node, now: Callable[[], float] = time.time) -> None:
        self._node = node
        self._now = now

    async def call(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Answer each append when it is durable; the next ones are taken in meanwhile."""
        answers: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue()
        intake = asyncio.create_task(self._take_in(requests, answers))
        try:
            while (answer := await answers.get()) is not None:
                yield await answer
            await intake
        except (WriteFailed, InvalidRequest) as error:
            # No answer to a single append says this: a disk that is full fails all of
            # them, and a part that names no append ends the call in EventStoreDB, too.
            await aborted(context, of_error(error))
        finally:
            intake.cancel()

    async def _take_in(
        self, requests: AsyncIterator[Any], answers: asyncio.Queue[asyncio.Task[Any] | None]
    ) -> None:
        appends: dict[bytes, _Append] = {}
        try:
            async for request in requests:
                append = self._of(request, appends)
                if append is None:
                    continue  # the rest of an append that was refused, or of none
                if append.error is None:
                    try:
                        append.events.add_part(request.proposed_messages)
                    except Refused as error:
                        append.error = error
                if request.is_final or append.error is not None:
                    appends.pop(append.key, None)
                    task = asyncio.create_task(self._answer(request.correlation_id, append))
                    answers.put_nowait(task)
        finally:
            answers.put_nowait(None)

    def _of(self, request: Any, appends: dict[bytes, _Append]) -> _Append | None:
        """The append that a part belongs to, begun by the part that has the options.

        Raises `InvalidRequest` for a part that names none and begins none.
        """
        try:
            key = uuid_in(request, "correlation_id")
        except InvalidRequest as error:
            if not request.HasField("options"):
                raise
            nameless = _Append(b"", request.options)
            nameless.error = error
            return nameless
        if key not in appends and request.HasField("options"):
            appends[key] = self._begun(key, request.options)
        return appends.get(key)

    def _begun(self, key: bytes, options: Any) -> _Append:
        """The append, refused at once where its options are wrong, in EventStoreDB's order."""
        append = _Append(key, options, _deadline(options, self._now()))
        try:
            if not options.HasField("stream_identifier"):
                raise InvalidRequest("Required field StreamIdentifier not set.")
            self._require_in_time(append, "had passed when it arrived")
            append.version = expected(options, _EXPECTED)
        except Refused as error:
            append.error = error
        return append

    def _require_in_time(self, append: _Append, when: str) -> None:
        if append.deadline is not None and append.deadline <= self._now():
            raise DeadlineExceeded(f"the append's deadline {when}")

    async def _answer(self, correlation_id: Any, append: _Append) -> Any:
        response = streams_pb2.BatchAppendResp()
        response.correlation_id.CopyFrom(correlation_id)
        response.stream_identifier.CopyFrom(append.options.stream_identifier)
        try:
            if append.error is not None:
                raise append.error
            stream = stream_name(append.options)
            self._require_in_time(append, "passed before it was complete")
            written = await self._node.append(stream, append.version, append.events.events)
        except WriteFailed:
            raise
        except Refused as error:
            _put_error(response.error, error, append.options)
            return response
        put_written(response.success, written)
        return response


def _deadline(options: Any, now: float) -> float | None:
    """Seconds since 1970; clients that mean 'never' send some ten thousand years."""
    kind = options.WhichOneof("deadline_option")
    if kind == "deadline_21_10_0":
        until = options.deadline_21_10_0
        return float(until.seconds + until.nanos / 1e9)
    if kind == "deadline":
        allowed: float = options.deadline.seconds + options.deadline.nanos / 1e9
        return now + allowed
    return None


def _put_error(status: Any, error: Refused, options: Any) -> None:
    """The protocol's own status: a code, a text and one typed detail."""
    code, detail = _described(error, options)
    status.code = code
    status.message = type(detail).__name__
    status.details.Pack(detail)


def _described(error: Refused, options: Any) -> tuple[int, Any]:
    shared = shared_pb2
    match error:
        case WrongExpectedVersion():
            return _ALREADY_EXISTS, _conflict(error)
        case StreamDeleted():
            detail = shared.StreamDeleted(stream_identifier=options.stream_identifier)
            return _NOT_FOUND, detail
        case AppendTooLarge(limit=limit):
            return _INVALID_ARGUMENT, shared.MaximumAppendSizeExceeded(maxAppendSize=limit)
        case InvalidRequest(reason=reason):
            return _INVALID_ARGUMENT, shared.BadRequest(message=reason)
        case InvalidArgument():
            told = f'Status(StatusCode="InvalidArgument", Detail="{error}")'
            return _INVALID_ARGUMENT, shared.BadRequest(message=told)
        case MetadataMissing():
            return _INVALID_ARGUMENT, shared.BadRequest(message=_MISSING)
        case DeadlineExceeded():
            return _DEADLINE_EXCEEDED, shared.Timeout()
    return _UNKNOWN, shared.Unknown()


def _conflict(error: WrongExpectedVersion) -> Any:
    detail = shared_pb2.WrongExpectedVersion()
    if error.actual == NO_STREAM:
        detail.current_no_stream.SetInParent()
    else:
        detail.current_stream_revision = error.actual
    named = name(error.expected)
    if named is None:
        detail.expected_stream_position = error.expected
    else:
        getattr(detail, f"expected_{named}").SetInParent()
    return detail
