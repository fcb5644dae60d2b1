"""gRPC's calls from the main thread, over a channel that stands in for gRPC's own."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import grpc
import pytest

from esnb.clients.channel import AHEAD, CallError, OutsideChannel
from tests.outcomes import outcome
from tests.waiting import DEADLINE


class Ended(grpc.RpcError):  # type: ignore[misc]
    """As gRPC ends a stream: the call itself is the error."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "its details"

    def initial_metadata(self) -> tuple[Any, ...]:
        return ()

    def trailing_metadata(self) -> tuple[Any, ...]:
        return (("exception", "why"),)


class Call:
    """Messages from a queue; what is no int ends it. `cancel()` ends a waiting `next()`."""

    def __init__(self) -> None:
        self.messages: SimpleQueue[Any] = SimpleQueue()
        self.threads: set[int] = set()
        self.taken = 0
        self.was_taken = threading.Semaphore(0)
        self.cancelled = threading.Event()

    def __next__(self) -> int:
        self.threads.add(threading.get_ident())
        message = self.messages.get()
        if isinstance(message, int):
            self.taken += 1
            self.was_taken.release()
            return message
        self.messages.put(message)
        raise message

    def cancel(self) -> None:
        self.cancelled.set()
        self.messages.put(Ended(grpc.StatusCode.CANCELLED))


class Channel:
    """Its methods give `result`, or raise it, and tell in which thread."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.threads: list[int] = []

    def _method(self, *args: Any, **kwargs: Any) -> Any:
        def call(request: Any, **options: Any) -> Any:
            self.threads.append(threading.get_ident())
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

        return call

    unary_unary = stream_unary = unary_stream = stream_stream = _method

    def close(self) -> None:
        self.threads.append(threading.get_ident())


@pytest.fixture
def call() -> Call:
    return Call()


def stream(call: Call) -> Iterator[int]:
    opened: Iterator[int] = OutsideChannel(Channel(call)).unary_stream("/read")("request")
    return opened


@pytest.mark.parametrize("kind", ["unary_unary", "stream_unary"])
def test_the_main_thread_waits_for_another_that_calls(kind: str) -> None:
    channel = Channel("answer")
    call = getattr(OutsideChannel(channel), kind)("/method")

    assert call("request") == "answer"
    assert channel.threads != [threading.get_ident()]
    assert outcome(lambda: (call("request"), threading.get_ident())) == (
        "answer",
        channel.threads[1],
    )


@pytest.mark.parametrize("kind", ["unary_unary", "stream_unary", "unary_stream", "stream_stream"])
def test_what_making_a_call_raises_is_raised(kind: str) -> None:
    channel = OutsideChannel(Channel(ValueError("Cannot invoke RPC on closed channel!")))

    with pytest.raises(ValueError, match="closed channel"):
        getattr(channel, kind)("/method")("request")


def test_messages_come_in_order_and_then_the_end(call: Call) -> None:
    for message in (*range(3 * AHEAD), StopIteration()):
        call.messages.put(message)
    messages = stream(call)

    assert list(messages) == list(range(3 * AHEAD))
    assert list(messages) == []
    assert threading.get_ident() not in call.threads


def test_an_error_comes_after_the_messages_before_it_as_plain_values(call: Call) -> None:
    call.messages.put(1)
    call.messages.put(Ended(grpc.StatusCode.UNAVAILABLE))
    messages = stream(call)

    assert next(messages) == 1
    for _ in range(2):  # it stays what it is
        with pytest.raises(CallError, match="UNAVAILABLE: its details") as raised:
            next(messages)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert raised.value.details() == "its details"
        assert raised.value.trailing_metadata() == (("exception", "why"),)


def test_a_slow_reader_is_not_run_ahead_of_for_ever(call: Call) -> None:
    for message in range(10 * AHEAD):
        call.messages.put(message)
    messages = stream(call)
    while call.was_taken.acquire(timeout=1):
        pass
    assert 0 < call.taken <= AHEAD

    assert [next(messages) for _ in range(10 * AHEAD)] == list(range(10 * AHEAD))


@pytest.mark.parametrize("waiting", ["for messages", "for room"])
def test_a_cancelled_call_ends(call: Call, waiting: str) -> None:
    for message in range(2 * AHEAD if waiting == "for room" else 1):
        call.messages.put(message)
    messages = stream(call)
    assert next(messages) == 0

    messages.cancel()  # type: ignore[attr-defined]

    assert call.cancelled.wait(DEADLINE)
    with pytest.raises(CallError) as raised:
        next(messages)
    assert raised.value.code() is grpc.StatusCode.CANCELLED


def test_a_call_that_nobody_holds_is_cancelled(call: Call) -> None:
    messages = stream(call)
    del messages
    gc.collect()

    assert call.cancelled.wait(DEADLINE)


def test_another_thread_reads_the_call_itself(call: Call) -> None:
    call.messages.put(7)

    message, thread = outcome(lambda: (next(stream(call)), threading.get_ident()))

    assert message == 7
    assert call.threads == {thread}


def test_the_error_of_another_thread_s_call_is_one_line(call: Call) -> None:
    call.messages.put(Ended(grpc.StatusCode.PERMISSION_DENIED))

    def text() -> str:
        with pytest.raises(CallError) as caught:
            next(stream(call))
        return str(caught.value)

    assert outcome(text) == "PERMISSION_DENIED: its details"


def test_closing_is_left_to_another_thread_too() -> None:
    channel = Channel(None)
    OutsideChannel(channel).close()

    assert channel.threads != [threading.get_ident()]
