"""BatchAppend: many appends over one call, told apart by their correlation ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from functools import partial
from typing import Any

from esnb.clients.installed import shared_pb2, streams_pb2
from esnb.embedded.services.expectation import expected_version, name
from esnb.embedded.services.proposals import (
    MAX_APPEND_SIZE,
    MOST_HELD,
    Accumulation,
    put_written,
    stream_name,
    uuid_in,
)
from esnb.embedded.services.status import abort, of_error
from esnb.embedded.storage.record import NO_STREAM
from esnb.embedded.storage.refused import LogDamaged
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

_MOST_BEGUN = 1_000
"""Appends of one call that are not complete."""
_MOST_ANSWERS = 1_000
"""Answers that a client does not take, after which nothing more is taken from it."""
_LONGEST_DELAY = 86_400.0

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
    """One append as its parts come in.

    `deadline` is in seconds since 1970, None: never; `timer` ends it then.
    """

    def __init__(self, key: bytes, options: Any, deadline: float | None = None) -> None:
        self.key = key
        self.options = options
        self.deadline = deadline
        self.version = ANY
        self.events = Accumulation()
        self.error: Refused | None = None
        self.timer: asyncio.TimerHandle | None = None

    @property
    def held(self) -> int:
        """Bytes of memory, about."""
        size: int = self.options.ByteSize()
        return size + self.events.held

    def end(self) -> None:
        """It takes in no more."""
        if self.timer is not None:
            self.timer.cancel()
        if self.error is not None:
            self.events = Accumulation()


class BatchAppend:
    """The method's handler. `now`: seconds since 1970."""

    def __init__(self, node: Node, now: Callable[[], float] = time.time) -> None:
        self._node = node
        self._now = now

    async def call(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        """Answer each append when it is durable; the next ones are taken in meanwhile."""
        appends = _Appends(self._answer, self._now)
        intake = asyncio.create_task(appends.take_in(requests))
        try:
            while (answer := await appends.next_answer()) is not None:
                yield await answer
            await intake
        except (WriteFailed, LogDamaged, InvalidRequest) as error:
            # No answer to a single append says this: a disk that is full fails all of
            # them, and a part that names no append ends the call in EventStoreDB, too.
            await abort(context, of_error(error))
        finally:
            intake.cancel()
            appends.close()

    async def _answer(self, correlation_id: Any, append: _Append) -> Any:
        response = streams_pb2.BatchAppendResp()
        response.correlation_id.CopyFrom(correlation_id)
        response.stream_identifier.CopyFrom(append.options.stream_identifier)
        try:
            if append.error is not None:
                raise append.error
            stream = stream_name(append.options)
            if _is_late(append, self._now()):
                raise DeadlineExceeded("the append's deadline passed before it was complete")
            written = await self._node.append(stream, append.version, append.events.events)
        except (WriteFailed, LogDamaged):
            raise
        except Refused as error:
            _put_error(response.error, error, append.options)
            return response
        put_written(response.success, written)
        return response


class _Appends:
    """The appends of one call: what is not complete, or not written, has a bounded size."""

    def __init__(
        self,
        answer: Callable[[Any, _Append], Coroutine[Any, Any, Any]],
        now: Callable[[], float],
    ) -> None:
        self._answer = answer
        self._now = now
        self._begun: dict[bytes, _Append] = {}
        """By their correlation ids."""
        self._answered: dict[bytes, None] = {}
        """Those that were answered before they were complete, oldest first."""
        self._answers: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue()
        self._unwritten = 0
        self._room = asyncio.Event()

    async def next_answer(self) -> asyncio.Task[Any] | None:
        """The answers in the order in which the appends were complete; None behind the last."""
        answer = await self._answers.get()
        self._room.set()
        return answer

    async def take_in(self, requests: AsyncIterator[Any]) -> None:
        """Take in parts for as long as there is room for what they complete."""
        try:
            async for request in requests:
                self._take(request)
                while self._is_full():
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._answers.put_nowait(None)

    def close(self) -> None:
        """The call has ended: what is not complete never will be."""
        for append in self._begun.values():
            append.end()

    def _is_full(self) -> bool:
        return self._unwritten > MOST_HELD or self._answers.qsize() > _MOST_ANSWERS

    def _take(self, request: Any) -> None:
        """Take in a part; raises `InvalidRequest` for one that names no append and begins none."""
        append = self._of(request)
        if append is None:
            return  # the rest of an append that was answered, or of none
        if append.error is None:
            append.error = self._fault(append, request.proposed_messages)
        if request.is_final or append.error is not None:
            self._complete(append, request.correlation_id, is_final=request.is_final)

    def _of(self, request: Any) -> _Append | None:
        """The append that a part belongs to, begun by the part that has the options."""
        try:
            key = uuid_in(request, "correlation_id")
        except InvalidRequest as error:
            if not request.HasField("options"):
                raise
            nameless = _Append(b"", request.options)
            nameless.error = error
            return nameless
        if key in self._answered:
            if request.is_final:
                del self._answered[key]
            return None
        if key not in self._begun and request.HasField("options"):
            self._begun[key] = self._begin(key, request)
        return self._begun.get(key)

    def _begin(self, key: bytes, request: Any) -> _Append:
        """The append, refused at once where its options are wrong, in EventStoreDB's order."""
        options = request.options
        append = _Append(key, options, _deadline(options, self._now()))
        try:
            if not options.HasField("stream_identifier"):
                raise InvalidRequest("Required field StreamIdentifier not set.")
            if _is_late(append, self._now()):
                raise DeadlineExceeded("the append's deadline had passed when it arrived")
            append.version = expected_version(options, _EXPECTED)
            if len(self._begun) >= _MOST_BEGUN:
                raise InvalidRequest(
                    f"{_MOST_BEGUN} appends of this call are not complete: send parts with is_final"
                )
        except Refused as error:
            append.error = error
        else:
            if append.deadline is not None and not request.is_final:
                self._set_timer(append, request.correlation_id, append.deadline - self._now())
        return append

    def _set_timer(self, append: _Append, correlation_id: Any, delay: float) -> None:
        if delay < _LONGEST_DELAY:
            timer = partial(self._time_out, append, correlation_id)
            append.timer = asyncio.get_running_loop().call_later(delay, timer)

    def _fault(self, append: _Append, messages: Iterable[Any]) -> Refused | None:
        try:
            append.events.add_part(messages)
        except Refused as error:
            return error
        held = sum(one.held for one in self._begun.values())
        return AppendTooLarge(MAX_APPEND_SIZE) if held > MOST_HELD else None

    def _time_out(self, append: _Append, correlation_id: Any) -> None:
        append.error = DeadlineExceeded("the append's deadline passed before it was complete")
        self._complete(append, correlation_id, is_final=False)

    def _complete(self, append: _Append, correlation_id: Any, *, is_final: bool) -> None:
        if self._begun.pop(append.key, None) is not None and not is_final:
            self._answered[append.key] = None
            if len(self._answered) > _MOST_BEGUN:
                del self._answered[next(iter(self._answered))]
        append.end()
        held = append.held
        self._unwritten += held
        task = asyncio.create_task(self._answer(correlation_id, append))
        task.add_done_callback(lambda _: self._on_written(held))
        self._answers.put_nowait(task)

    def _on_written(self, held: int) -> None:
        self._unwritten -= held
        self._room.set()


def _is_late(append: _Append, now: float) -> bool:
    return append.deadline is not None and append.deadline <= now


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
    code, detail = _code_and_detail(error, options)
    status.code = code
    status.message = type(detail).__name__
    status.details.Pack(detail)


def _code_and_detail(error: Refused, options: Any) -> tuple[int, Any]:
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
