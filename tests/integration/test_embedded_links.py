"""Links that point nowhere or say nothing sensible, in every way of reading.

In reads and in history one without a number comes as an event like others; live
it comes as a link alone, as do, everywhere, those whose event cannot be read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import grpc
import pytest

from esnb.clients.installed import persistent_pb2, streams_pb2
from tests.embedded_server import start_server
from tests.waiting import DEADLINE

_STREAMS = "/event_store.client.streams.Streams"
_GROUPS = "/event_store.client.persistent_subscriptions.PersistentSubscriptions"
JSON = "application/json"

EVENT, LINK = "event", "link"
"""Alone; where a link is resolved, it is the number and stream of its event."""

CASES: list[tuple[bytes, Any, Any]] = [
    # data, in history, live
    (b"rubbish", EVENT, LINK),
    (b"", EVENT, LINK),
    (b"@x", EVENT, LINK),
    (b"1.5@x", EVENT, LINK),
    (b"x@1@x", EVENT, LINK),
    (b"\xff\xfe@x", EVENT, LINK),
    (b"99999999999999999999@x", EVENT, LINK),
    (b"5", LINK, LINK),
    (b"5@", LINK, LINK),
    (b"5@x", LINK, LINK),
    (b"5@x@y", LINK, LINK),
    (b"0@nowhere", LINK, LINK),
    (b"0@\xff", LINK, LINK),
    (b"-2@x", LINK, LINK),
    (b"0@truncated", LINK, LINK),
    (b"0@deleted", LINK, LINK),
    (b"0@ended", LINK, LINK),
    (b"9223372036854775807@ended", LINK, LINK),
    (b"0@$$ended", LINK, LINK),
    (b"1@x", (1, "x"), (1, "x")),
    (b" 1@x", (1, "x"), (1, "x")),
    (b"+1 @x", (1, "x"), (1, "x")),
    (b"-1@x", (1, "x"), (1, "x")),
    (b"1@truncated", (1, "truncated"), (1, "truncated")),
    (b"0@at@x", (0, "at@x"), (0, "at@x")),
    (b"0@$$truncated", (0, "$$truncated"), (0, "$$truncated")),
    (b"0@$users", (0, "$users"), (0, "$users")),
    (b"0@links", (0, "links"), (0, "links")),
]


class Server:
    """An embedded server, spoken to without a client in between."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.done = threading.Event()

    def append(self, stream: str, data: bytes = b"{}", type: str = "T") -> None:
        opening, event = streams_pb2.AppendReq(), streams_pb2.AppendReq()
        opening.options.any.SetInParent()
        opening.options.stream_identifier.stream_name = stream.encode()
        event.proposed_message.id.string = str(uuid4())
        event.proposed_message.data = data
        event.proposed_message.metadata.update({"type": type, "content-type": JSON})
        self._call("stream_unary", f"{_STREAMS}/Append", streams_pb2, "Append")(
            iter([opening, event]), timeout=DEADLINE
        )

    def end(self, stream: str, how: str) -> None:
        request = getattr(streams_pb2, f"{how}Req")()
        request.options.any.SetInParent()
        request.options.stream_identifier.stream_name = stream.encode()
        self._call("unary_unary", f"{_STREAMS}/{how}", streams_pb2, how)(request, timeout=DEADLINE)

    def read(self, options: Any) -> Iterator[Any]:
        call = self._call("unary_stream", f"{_STREAMS}/Read", streams_pb2, "Read")
        return iter(call(streams_pb2.ReadReq(options=options), timeout=DEADLINE))

    def consumer(self, group: str, stream: str | None, *, resolve: bool) -> Iterator[Any]:
        """A group from the start, and what it gives to its one consumer."""
        create, read = persistent_pb2.CreateReq(), persistent_pb2.ReadReq()
        create.options.group_name = read.options.group_name = group
        if stream is None:
            create.options.all.start.SetInParent()
            create.options.all.filter.stream_identifier.prefix.append("links")
            create.options.all.filter.count.SetInParent()
            read.options.all.SetInParent()
        else:
            create.options.stream.start.SetInParent()
            create.options.stream.stream_identifier.stream_name = stream.encode()
            read.options.stream_identifier.stream_name = stream.encode()
        settings = create.options.settings
        settings.resolve_links = resolve
        settings.message_timeout_ms = 100_000
        settings.max_checkpoint_count = 1_000
        settings.history_buffer_size = settings.live_buffer_size = 500
        settings.read_batch_size = 20
        settings.consumer_strategy = "RoundRobin"
        read.options.buffer_size = 100
        read.options.uuid_option.string.SetInParent()
        self._call("unary_unary", f"{_GROUPS}/Create", persistent_pb2, "Create")(
            create, timeout=DEADLINE
        )
        call = self._call("stream_stream", f"{_GROUPS}/Read", persistent_pb2, "Read")
        answers = call(self._alone(read), timeout=DEADLINE)
        assert next(answers).HasField("subscription_confirmation")
        return iter(answers)

    def _alone(self, request: Any) -> Iterator[Any]:
        """The request, and no end of requests while the test goes on."""
        yield request
        self.done.wait(DEADLINE)

    def _call(self, kind: str, path: str, module: Any, name: str) -> Callable[..., Any]:
        made: Callable[..., Any] = getattr(self.channel, kind)(
            path,
            getattr(module, f"{name}Req").SerializeToString,
            getattr(module, f"{name}Resp").FromString,
        )
        return made


@pytest.fixture
def server() -> Iterator[Server]:
    with (
        start_server() as running,
        grpc.insecure_channel(f"127.0.0.1:{running.port}") as channel,
    ):
        made = Server(channel)
        for stream in ("x", "x", "truncated", "truncated", "deleted", "ended", "at@x"):
            made.append(stream)
        made.append("$$truncated", b'{"$tb": 1}', "$metadata")
        made.append("$$ended", b"{}", "$metadata")
        made.end("deleted", "Delete")
        made.end("ended", "Tombstone")
        yield made
        made.done.set()


def options(
    target: str, *, resolve: bool, subscribes: bool = False, backwards: bool = False
) -> Any:
    found: Any = streams_pb2.ReadReq().options
    if target == "stream":
        found.stream.stream_identifier.stream_name = b"links"
        (found.stream.end if backwards else found.stream.start).SetInParent()
    else:
        (found.all.end if backwards else found.all.start).SetInParent()
    if target == "filtered":
        found.filter.stream_identifier.regex = "^links$"
        found.filter.max = 32
        found.filter.checkpointIntervalMultiplier = 1_000
    else:
        found.no_filter.SetInParent()
    if subscribes:
        found.subscription.SetInParent()
    else:
        found.count = 1_000
    found.read_direction = int(backwards)
    found.resolve_links = resolve
    found.uuid_option.string.SetInParent()
    return found


def shape(read: Any) -> Any:
    """What was delivered: an event or a link alone, or where the link led."""
    if not read.HasField("link"):
        return EVENT
    if not read.HasField("event"):
        return LINK
    name = read.event.stream_identifier.stream_name.decode()
    return read.event.stream_revision, name


def told(answers: list[Any]) -> list[tuple[bytes, Any]]:
    """The test's links among what was read: their data, and what they were resolved to."""
    return [(original(one).data, shape(one.event)) for one in answers if is_one(one)]


def original(answer: Any) -> Any:
    """What was read, were links not resolved."""
    return answer.event.link if answer.event.HasField("link") else answer.event.event


def is_one(answer: Any) -> bool:
    """Whether the answer is one of the test's links: projections write others."""
    if answer.WhichOneof("content") != "event":
        return False
    return bool(original(answer).stream_identifier.stream_name == b"links")


def next_told(answers: Iterator[Any]) -> tuple[bytes, Any]:
    """The next of the test's links, as it was told."""
    (found,) = told([next(filter(is_one, answers))])
    return found


def in_history(*, resolve: bool) -> list[tuple[bytes, Any]]:
    return [(data, history if resolve else EVENT) for data, history, _ in CASES]


@pytest.fixture(params=[True, False], ids=["resolved", "as they are"])
def resolve(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.parametrize("target", ["stream", "all", "filtered"])
def test_reads(server: Server, target: str, *, resolve: bool) -> None:
    for data, _, _ in CASES:
        server.append("links", data, "$>")
    wanted = in_history(resolve=resolve)
    assert told(list(server.read(options(target, resolve=resolve)))) == wanted
    backwards = options(target, resolve=resolve, backwards=True)
    assert told(list(server.read(backwards))) == wanted[::-1]


@pytest.mark.parametrize("target", ["stream", "all", "filtered"])
def test_subscriptions(server: Server, target: str, *, resolve: bool) -> None:
    for data, _, _ in CASES:
        server.append("links", data, "$>")
    answers = server.read(options(target, resolve=resolve, subscribes=True))
    history: list[Any] = []
    while not history or not history[-1].HasField("caught_up"):
        history.append(next(answers))
    assert told(history) == in_history(resolve=resolve)
    for data, _, alive in CASES:
        server.append("links", data, "$>")
        assert next_told(answers) == (data, alive if resolve else EVENT)


def test_only_what_is_to_come(server: Server, *, resolve: bool) -> None:
    server.append("links", b"before", "$>")
    asked = options("stream", resolve=resolve, subscribes=True)
    asked.stream.end.SetInParent()
    answers = server.read(asked)
    assert [next(answers).WhichOneof("content") for _ in range(2)] == ["confirmation", "caught_up"]
    for data, _, alive in CASES:
        server.append("links", data, "$>")
        assert next_told(answers) == (data, alive if resolve else EVENT)


@pytest.mark.parametrize("stream", ["links", None], ids=["stream", "all"])
def test_groups(server: Server, stream: str | None, *, resolve: bool) -> None:
    for data, _, _ in CASES:
        server.append("links", data, "$>")
    answers = server.consumer("g", stream, resolve=resolve)
    history = [next(answers) for _ in CASES]
    assert told(history) == in_history(resolve=resolve)
    for data, _, alive in CASES:
        server.append("links", data, "$>")
        assert next_told(answers) == (data, alive if resolve else EVENT)
