"""A gRPC channel whose calls survive a KeyboardInterrupt in the main thread.

In other threads its calls are gRPC's own. In the main thread another one makes
them (see `outside`): a unary call is waited for, a stream's messages are handed
over by a pump, a few ahead of their use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Any

import grpc

from esnb.clients import deadlines
from esnb.clock import ticking
from esnb.threads.forks import Birth, keep_open, kept_open
from esnb.threads.outside import begin, in_main_thread, later, outside, take, when_gone

AHEAD = 32
"""Messages that a pump takes before they are asked for."""
_WHOLE_STATUS = "grpc-status-details-bin"
TIME = "esnb-time"
"""In a call's metadata: when it is, where time ticks. The embedded server records by it."""


Explain = Callable[[str, Any, Any, grpc.StatusCode, str], str | None]
"""Of a method, its request, the call's credentials, a status and its details: what to tell the
user instead; None: nothing else."""


def _as_it_is(*_: object) -> None:
    """Explains nothing."""


class OutsideChannel(grpc.Channel):  # type: ignore[misc]
    """`channel`, called outside the main thread; refused in a forked process.

    Its calls end with errors whose text is one line: what `explain` makes of it,
    or status and details. They have the limits of `deadlines`; `default` is the
    connection string's, in seconds.
    """

    def __init__(
        self, channel: grpc.Channel, explain: Explain = _as_it_is, default: float | None = None
    ) -> None:
        self._channel = channel
        self._explain = explain
        self._default = default
        self._birth = Birth()
        keep_open(channel)

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._wrap(_Waiting, method, self._channel.unary_unary(method, *args, **kwargs))

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._wrap(_Waiting, method, self._channel.stream_unary(method, *args, **kwargs))

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._wrap(_Pumping, method, self._channel.unary_stream(method, *args, **kwargs))

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return self._wrap(_Pumping, method, self._channel.stream_stream(method, *args, **kwargs))

    def _wrap(self, kind: type[_Method], name: str, method: Any) -> Any:
        return kind(self._birth, method, name, partial(self._explain, name), self._default)

    def subscribe(self, callback: Any, try_to_connect: bool | None = False) -> None:
        outside(lambda: self._channel.subscribe(callback, try_to_connect))

    def unsubscribe(self, callback: Any) -> None:
        outside(lambda: self._channel.unsubscribe(callback))

    def close(self) -> None:
        """Ends all calls; does nothing in a forked process, where it would end the parent's."""
        if self._birth.is_here:
            outside(self._channel.close)

    def __enter__(self) -> OutsideChannel:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _check(birth: Birth) -> None:
    """Raises ForkedError in a process that was forked after that birth."""
    birth.check("connections to EventStoreDB")


class _Method:
    """A method of the server's, of a channel that was made by one process."""

    def __init__(
        self,
        birth: Birth,
        method: Any,
        name: str,
        explain: Callable[..., str | None],
        default: float | None,
    ) -> None:
        self._birth = birth
        self._method = method
        self._name = name
        self._explain = explain
        self._default = default

    def _note_time(self, kwargs: dict[str, Any]) -> None:
        """Tells the server what time it is, where that is not for it to know."""
        if clock := ticking():
            kwargs["metadata"] = (*(kwargs.get("metadata") or ()), (TIME, clock.now.isoformat()))

    def _prepare(self, request: Any, credentials: Any) -> tuple[Any, Callable[..., str | None]]:
        """What to send, a message or several, and what explains how the call ended."""
        if hasattr(request, "SerializeToString"):
            return request, partial(self._explain, request, credentials)
        requests = _Requests(request)
        return requests, lambda *ended: self._explain(requests.first, credentials, *ended)


class _Waiting(_Method):
    """With one response."""

    def __call__(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._outside(self._method, request, args, kwargs)

    def with_call(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._outside(self._method.with_call, request, args, kwargs)

    def future(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return self._outside(self._method.future, request, args, kwargs)

    def _outside(
        self, call: Any, request: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        _check(self._birth)
        self._note_time(kwargs)
        if not args and kwargs.get("timeout") is None:
            kwargs["timeout"] = deadlines.of_unary(self._name, self._default)
        return outside(lambda: self._call_explaining(call, request, *args, **kwargs))

    def _call_explaining(self, call: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        request, explain = self._prepare(request, kwargs.get("credentials"))
        try:
            return call(request, *args, **kwargs)
        except grpc.RpcError as error:
            raise CallError(error, explain) from None


class _Pumping(_Method):
    """With a stream of responses."""

    def __call__(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        _check(self._birth)
        self._note_time(kwargs)
        request, explain = self._prepare(request, kwargs.get("credentials"))
        if in_main_thread():
            return PumpedCall(lambda: self._call(request, args, kwargs), explain)
        call = self._call(request, args, kwargs)
        keep_open(call)
        return _ReadCall(call, explain)

    def _call(self, request: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = self._method(request, *args, **kwargs)
        has_deadline = bool(args) or kwargs.get("timeout") is not None
        seconds = deadlines.of_first_answer(self._name, request, self._default)
        if has_deadline or seconds is None:
            return call
        return deadlines.FirstAnswer(call, seconds, lambda: CallError(_Silence(seconds)))


class _Silence:
    """How a call ended whose first answer did not come in time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.DEADLINE_EXCEEDED

    def details(self) -> str:
        return f"the server has accepted the call and not answered it for {self._seconds:g} s"

    def initial_metadata(self) -> tuple[()]:
        return ()

    trailing_metadata = initial_metadata


class _Requests:
    """The requests of a call, whose first says what the others belong to."""

    def __init__(self, requests: Any) -> None:
        self._requests = requests
        self.first: Any = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        request = next(self._requests)
        if self.first is None:
            self.first = request
        return request


class _ReadCall:
    """A streaming call that the caller's thread reads."""

    def __init__(self, call: Any, explain: Callable[..., str | None]) -> None:
        self._call = call
        self._explain = explain

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._call)
        except grpc.RpcError as error:
            raise CallError(error, self._explain) from None

    def cancel(self) -> bool:
        """Ends the call; safe from any thread. Whether it was under way."""
        return bool(self._call.cancel())


class CallError(grpc.RpcError, grpc.Call):  # type: ignore[misc]
    """How a call ended, as plain values and in one line: asking it takes no lock of gRPC's.

    `explain` is given status and details; what it says takes the details' place.
    """

    def __init__(self, ended: Any, explain: Callable[..., str | None] = _as_it_is) -> None:
        self._code: grpc.StatusCode = ended.code()
        self._details: str = ended.details() or ""
        self._initial_metadata = ended.initial_metadata()
        self._trailing_metadata = ended.trailing_metadata()
        text = f"{self._code.name}: {' '.join(self._details.split())}"
        # Where a whole status stands in the trailers, the details have to be the same.
        if not any(key == _WHOLE_STATUS for key, _ in self._trailing_metadata or ()):
            explanation = explain(self._code, self._details)
            if explanation is not None:
                text = self._details = explanation
        super().__init__(text)

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return self._details

    def initial_metadata(self) -> Any:
        return self._initial_metadata

    def trailing_metadata(self) -> Any:
        return self._trailing_metadata

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> None:
        return None

    def cancel(self) -> bool:
        return False

    def add_callback(self, callback: Callable[[], None]) -> bool:
        return False


class PumpedCall:
    """A streaming call that another thread makes and reads.

    Raises, when it is made, what making the call raises. One that nobody holds
    any more is cancelled.
    """

    def __init__(
        self, make: Callable[[], Any], explain: Callable[..., str | None] = _as_it_is
    ) -> None:
        self._birth = Birth()
        pump = self._pump = _Pump(explain)
        when_gone(self, pump.cancel_call)
        begin(lambda: pump.run(make))  # the thread holds the pump, not this
        pump.await_call()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        _check(self._birth)
        return self._pump.take()

    def cancel(self) -> bool:
        """Ends the call; safe from any thread. Whether it was under way."""
        return self._pump.cancel()


class _Pump:
    """What the reading thread and those who take from it share."""

    def __init__(self, explain: Callable[..., str | None]) -> None:
        self._explain = explain
        self._items: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        """Whether there may be more, and a message, or what the stream ended with."""
        self._room: SimpleQueue[None] = SimpleQueue()
        self._call: Any = None
        self._is_cancelled = False
        self._end: BaseException | None = None

    # --- the thread that reads ------------------------------------------------------

    def run(self, make: Callable[[], Any]) -> None:
        """Makes the call and hands its messages over."""
        try:
            self._call = make()
        except BaseException as error:  # noqa: BLE001 - raised where the call is made
            self._items.put((False, error))
            return
        self._items.put((True, None))
        with kept_open(self._call):
            self._items.put((False, self._read(self._call)))
        self._call = None

    def _read(self, call: Any) -> BaseException:
        """Takes messages until there are no more; what the stream ended with."""
        try:
            while not self._is_cancelled:
                if self._items.qsize() < AHEAD:
                    self._items.put((True, next(call)))
                else:
                    self._room.get()
            call.cancel()
            while True:
                next(call)
        except StopIteration as end:
            return end
        except grpc.RpcError as error:
            return CallError(error, self._explain)
        except BaseException as error:  # noqa: BLE001 - raised where the messages are taken
            return error

    # --- those who take -------------------------------------------------------------

    def await_call(self) -> None:
        """Returns once the call is made; raises what that raises."""
        is_made, error = take(self._items)
        if not is_made:
            self._end = error
            raise error

    def take(self) -> Any:
        """The next message; raises what the stream ended with."""
        while self._end is None:
            is_message, item = take(self._items)
            if not is_message:
                self._end = item
                self._items.put((False, item))  # for whoever else waits
            elif not self._is_cancelled:
                if self._items.qsize() <= AHEAD // 2 and self._room.empty():
                    self._room.put(None)
                return item
        raise self._end

    def cancel(self) -> bool:
        """Has another thread end the call; whether it was under way."""
        was_under_way = self._end is None and not self._is_cancelled
        self._is_cancelled = True
        if was_under_way:
            later().put(self.cancel_call)
        return was_under_way

    def cancel_call(self) -> None:
        """Ends the call, and the thread that reads it. Not for the main thread."""
        self._is_cancelled = True
        self._room.put(None)
        if self._call is not None:
            self._call.cancel()
