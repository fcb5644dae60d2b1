"""A gRPC server that stores nothing: the floor under `bench_embedded`.

It takes the same requests as the embedded server and sends the same answers,
without a log, a check or a conversion between.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from esnb.clients.installed import streams_pb2
from esnb.embedded.storage import wire
from esnb.embedded.storage.record import Proposed, body, created_entry, stream_field

EVENTS = 10_000
EVENT = Proposed(bytes(range(16)), "Measured", True, b'{"n": 1, "text": "%s"}' % (b"x" * 80), b"{}")


CREATED = created_entry(17_000_000_000_000_000)
MESSAGES = [
    wire.read_event(
        wire.text_uuid(EVENT.event_id)
        + body(stream_field("read-me"), n, 1000 + 200 * n, CREATED, EVENT),
        None,
        1000 + 200 * n,
    )
    for n in range(EVENTS)
]


class Live:
    """Tells every subscriber of `$all` that there was an append."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscribers: list[queue.SimpleQueue[int]] = []

    def subscribe(self) -> queue.SimpleQueue[int]:
        """Where one number an event will arrive."""
        subscriber: queue.SimpleQueue[int] = queue.SimpleQueue()
        with self._lock:
            self._subscribers.append(subscriber)
        return subscriber

    def tell(self, events: int) -> None:
        """So many events were appended."""
        with self._lock:
            for subscriber in self._subscribers:
                for _ in range(events):
                    subscriber.put(1)


LIVE = Live()


def read(request: Any, context: Any) -> Iterator[bytes]:
    """As many events as the embedded server has in the measured stream; then the live ones."""
    options = request.options
    if options.WhichOneof("count_option") == "count":
        yield from MESSAGES
        return
    subscriber = LIVE.subscribe()
    yield wire.confirmation("00000000-0000-0000-0000-000000000000")
    if options.WhichOneof("stream_option") == "stream":
        yield from MESSAGES
    yield wire.CAUGHT_UP
    while context.is_active():
        try:
            subscriber.get(timeout=1)
        except queue.Empty:
            continue
        yield MESSAGES[0]


def append(requests: Iterator[Any], context: Any) -> Any:
    """Success, once all was sent."""
    events = sum(1 for _ in requests) - 1
    LIVE.tell(events)
    return succeeded(streams_pb2.AppendResp())


def batch_append(requests: Iterator[Any], context: Any) -> Iterator[Any]:
    """Success, at once."""
    for request in requests:
        LIVE.tell(len(request.proposed_messages))
        yield succeeded(streams_pb2.BatchAppendResp(correlation_id=request.correlation_id))


def succeeded(response: Any) -> Any:
    """The response, as of an append that was stored."""
    response.success.current_revision = 1
    response.success.position.commit_position = 1000
    response.success.position.prepare_position = 1000
    return response


def streams_service(**methods: grpc.RpcMethodHandler) -> grpc.GenericRpcHandler:
    """The `Streams` service, of these methods."""
    service = "event_store.client.streams.Streams"
    return grpc.method_handlers_generic_handler(service, methods)


def appends(append: Any, batch_append: Any) -> dict[str, grpc.RpcMethodHandler]:
    """The two methods that take events, of a server with threads or with an event loop."""
    messages = streams_pb2
    return {
        "Append": grpc.stream_unary_rpc_method_handler(
            append, messages.AppendReq.FromString, messages.AppendResp.SerializeToString
        ),
        "BatchAppend": grpc.stream_stream_rpc_method_handler(
            batch_append,
            messages.BatchAppendReq.FromString,
            messages.BatchAppendResp.SerializeToString,
        ),
    }


def main() -> None:
    """Print `listening PORT`, and serve until killed."""
    server = grpc.server(ThreadPoolExecutor(80), options=[("grpc.so_reuseport", 0)])
    reads = grpc.unary_stream_rpc_method_handler(read, streams_pb2.ReadReq.FromString)
    server.add_generic_rpc_handlers((streams_service(Read=reads, **appends(append, batch_append)),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    sys.exit(main())
