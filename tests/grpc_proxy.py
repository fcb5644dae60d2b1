"""A gRPC server that passes whole calls on to another one, or does with them what a test wants.

    with EmbeddedProcess() as server, GrpcProxy(server.address) as proxy:
        proxy.on("Gossip/Read", answer(info))
        proxy.on("Append", refuse(PERMISSION_DENIED, "Access Denied"), times=1)
        proxy.on("PersistentSubscriptions/Read", deaf)
        ...
        proxy.off()  # pass everything on again
        proxy.cut()  # end what is under way
        proxy.stop(); proxy.start()  # at the same port
        proxy.freeze(); proxy.thaw()  # as SIGSTOP and SIGCONT do

What a call does is decided as it begins; calls that are under way go on. A deaf
proxy goes on answering the pings of HTTP/2, as a server does whose service has
not started; a frozen one takes connections and answers nothing at all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc

from tests.tcp_relay import TcpRelay

Metadata = Sequence[tuple[str, str | bytes]]
Behaviour = Callable[["ProxiedCall"], Iterator[bytes]]
"""Yields the messages of the answer; ends the call with an error by `call.refuse()`."""

_OWN_METADATA = ("user-agent", "content-type", "te", "grpc-", ":")
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 100),
    ("grpc.http2.max_ping_strikes", 0),
)
_STREAMS = 200
"""Calls at the same time; each holds a thread."""


class ProxiedCall:
    """A call as its behaviour sees it."""

    def __init__(self, proxy: GrpcProxy, method: str, requests: Any, context: Any) -> None:
        self.proxy = proxy
        self.method = method
        self.requests: Iterator[bytes] = requests
        self.context: grpc.ServicerContext = context
        self.metadata: dict[str, str | bytes] = dict(context.invocation_metadata())
        self.ended = threading.Event()
        """Set once the client has ended the call, or the proxy has cut it."""
        self._forwarded: Any = None
        if not context.add_callback(self.ended.set):
            self.ended.set()

    def forward(self) -> Iterator[bytes]:
        """The answers of the server, whose metadata and status are passed on."""
        passed_on = [
            (key, value)
            for key, value in self.context.invocation_metadata()
            if not key.startswith(_OWN_METADATA)
        ]
        # Without the client's deadline: at the deadline it cancels the call, and that is passed on.
        self._forwarded = self.proxy.channel.stream_stream(self.method)(
            self.requests, metadata=passed_on
        )
        self.context.add_callback(self._forwarded.cancel)
        try:
            yield from self._forwarded
        except grpc.RpcError as error:
            if not self.ended.is_set():
                self.refuse(error.code(), error.details(), error.trailing_metadata() or ())
        else:
            self.context.set_trailing_metadata(self._forwarded.trailing_metadata() or ())

    def refuse(self, code: grpc.StatusCode, details: str | None, trailers: Metadata = ()) -> None:
        """Ends the call with that status. Raises."""
        self.context.set_trailing_metadata(tuple(trailers))
        self.context.abort(code, details or "")

    def cut(self) -> None:
        """Ends the call as a connection that breaks does."""
        self.context.set_code(grpc.StatusCode.UNAVAILABLE)
        self.context.set_details("Socket closed")
        self.ended.set()
        if self._forwarded is not None:
            self._forwarded.cancel()


# --- behaviours ---------------------------------------------------------------


def forward(call: ProxiedCall) -> Iterator[bytes]:
    """Passes the call on."""
    return call.forward()


def deaf(call: ProxiedCall) -> Iterator[bytes]:
    """Accepts the call and never answers."""
    call.ended.wait()
    return
    yield


def refuse(code: grpc.StatusCode, details: str = "", trailers: Metadata = ()) -> Behaviour:
    """Refuses the call with that status."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        call.refuse(code, details, trailers)
        yield from ()

    return behave


def answer(*messages: Any) -> Behaviour:
    """Answers with those protobuf messages, whatever was asked."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        del call
        return (message.SerializeToString() for message in messages)

    return behave


def delay(seconds: float, then: Behaviour = forward) -> Behaviour:
    """Does `then` after a while."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        if not call.ended.wait(seconds):
            yield from then(call)

    return behave


def until(event: threading.Event, then: Behaviour = forward) -> Behaviour:
    """Does `then` once the event is set."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        while not event.wait(0.05):
            if call.ended.is_set():
                return
        yield from then(call)

    return behave


def cut_after(messages: int, then: Behaviour | None = None) -> Behaviour:
    """Passes that many messages on, then breaks off, or goes on as `then` (`deaf`)."""

    def behave(call: ProxiedCall) -> Iterator[bytes]:
        answers = call.forward()
        for _, message in zip(range(messages), answers, strict=False):
            yield message
        if then is None:
            call.refuse(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        else:
            yield from then(call)

    return behave


def lose_answer(call: ProxiedCall) -> Iterator[bytes]:
    """Has the server do what is asked, and breaks off before anybody hears of it."""
    for _ in call.forward():
        pass
    call.refuse(grpc.StatusCode.UNAVAILABLE, "Socket closed")
    yield from ()


# --- the proxy ----------------------------------------------------------------


@dataclass
class _Rule:
    part: str
    behaviour: Behaviour
    remaining: int | None


class GrpcProxy:
    """Started when it is entered; `port` says where. `target` is `host:port` of the server.

    `certificate` is a private key and a certificate chain, both PEM: the proxy
    then speaks TLS, whether or not the server does.
    """

    def __init__(
        self, target: str = "127.0.0.1:1", *, certificate: tuple[bytes, bytes] | None = None
    ) -> None:
        self.target = target
        self.connections = TcpRelay()
        """What clients connect to."""
        self.methods: list[str] = []
        """The methods called so far, as `/event_store.client.streams.Streams/Append`."""
        self._certificate = certificate
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._calls: set[ProxiedCall] = set()
        self._server: grpc.Server | None = None
        self.channel = grpc.insecure_channel(target, options=_OPTIONS)

    @property
    def port(self) -> int:
        return self.connections.port

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        """Of the proxy as of a single server; `?…&` options can be added to it."""
        return f"esdb://{self.address}?Tls={'true' if self._certificate else 'false'}"

    def on(self, part: str, behaviour: Behaviour, *, times: int | None = None) -> None:
        """Has calls whose method has `part` in its name (`""`: all) behave so.

        The rule that was made last and fits decides; with `times`, for so many calls.
        """
        with self._lock:
            self._rules.insert(0, _Rule(part, behaviour, times))

    def off(self, part: str | None = None) -> None:
        """Takes back the rules for `part`, or all."""
        with self._lock:
            self._rules = [r for r in self._rules if part is not None and r.part != part]

    def calls(self, part: str) -> int:
        """How many calls so far had `part` in their method's name."""
        with self._lock:
            return sum(part in method for method in self.methods)

    def cut(self, part: str = "") -> None:
        """Ends the calls that are under way, as a connection that breaks does."""
        with self._lock:
            cut = [call for call in self._calls if part in call.method]
        for call in cut:
            call.cut()

    def redirect(self, target: str) -> None:
        """Passes calls on to another server from now on."""
        old, self.target = self.channel, target
        self.channel = grpc.insecure_channel(target, options=_OPTIONS)
        old.close()

    def start(self) -> None:
        """Serves, at the same port as before."""
        server = grpc.server(ThreadPoolExecutor(_STREAMS), options=_OPTIONS)
        server.add_generic_rpc_handlers([_AnyMethod(self)])
        if self._certificate is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            credentials = grpc.ssl_server_credentials([self._certificate])
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        self.connections.start(port)
        self._server = server

    def stop(self) -> None:
        """Refuses connections, after having ended those that are open."""
        server, self._server = self._server, None
        if server is not None:
            self.connections.stop()
            stopped = server.stop(None)
            self.cut()
            stopped.wait()

    def freeze(self) -> None:
        """Takes connections and says nothing, not even to pings, until `thaw()`.

        The server behind it, which is that of a cluster's other nodes, too, sees
        the calls that are under way end.
        """
        self.connections.freeze()
        self.cut()

    def thaw(self) -> None:
        """Goes on where it was frozen."""
        self.connections.thaw()

    def serve(self, method: str, requests: Any, context: Any) -> Iterator[bytes]:
        """What gRPC's threads call."""
        call = ProxiedCall(self, method, requests, context)
        behaviour = self._begin(call)
        try:
            yield from behaviour(call)
        finally:
            with self._lock:
                self._calls.discard(call)

    def _begin(self, call: ProxiedCall) -> Behaviour:
        with self._lock:
            self.methods.append(call.method)
            self._calls.add(call)
            for rule in self._rules:
                if rule.part in call.method and rule.remaining != 0:
                    if rule.remaining is not None:
                        rule.remaining -= 1
                    return rule.behaviour
            return forward

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()
        self.channel.close()


class _AnyMethod(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Bytes in, bytes out: on the wire a unary call is a stream of one message."""

    def __init__(self, proxy: GrpcProxy) -> None:
        self._proxy = proxy

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method

        def serve(requests: Any, context: Any) -> Iterator[bytes]:
            return self._proxy.serve(method, requests, context)

        return grpc.stream_stream_rpc_method_handler(serve)
