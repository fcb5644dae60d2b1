"""The client of EventStoreDB that esnb makes."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

from grpc.experimental import ChannelOptions

from esnb import _client
from esnb._client import ConnectionSpec
from esnb._uri import guarded
from esnb.clients.channel import OutsideChannel
from esnb.clients.forks import Birth
from esnb.clients.outside import later, outside

KEEPALIVE_INTERVAL = 2_000
"""Milliseconds without a word from the server, after which it is pinged."""
KEEPALIVE_TIMEOUT = 2_000
"""Milliseconds that it then has to answer."""

_QUICK_RETURN = (
    # gRPC waits up to two minutes before it looks again for a server that was away,
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # and 20 s for one that takes the connection and says nothing.
    ("grpc.min_reconnect_backoff_ms", 2000),
)
_IN_THE_CALLER = ((ChannelOptions.SingleThreadedUnaryStream, 1),)
"""Has the thread that reads a stream wait for the server itself: half the time a message."""
_NO_PROXY = (("grpc.enable_http_proxy", 0),)


class EventStoreDB(_client.Client):
    """The installed client, whose calls can be interrupted, and which notices a silent server.

    A server, or a network, that says nothing at all for `KEEPALIVE_INTERVAL` and
    then leaves a ping unanswered for `KEEPALIVE_TIMEOUT` ends every call that is
    under way, as one that cannot be reached. The connection string may have its
    own (`KeepAliveInterval`, `KeepAliveTimeout`, in milliseconds; -1: none).

    A call that the server accepts and never answers ends as well: see `deadlines`
    for how long it has. The connection string may have its own (`DefaultDeadline`,
    in seconds).
    """

    _connection: Any = None

    def __init__(self, uri: str, root_certificates: str | None = None) -> None:
        uri = guarded(uri)  # a traceback with variables shows it
        self._birth = Birth()
        self._later = later()
        super().__init__(uri, root_certificates=root_certificates)

    def close(self) -> None:
        """Ends the connection and its calls. Does nothing in a forked process: they are the parent's."""
        if self._birth.is_here:
            outside(super().close)

    def reconnect(self, *args: Any, **kwargs: Any) -> None:
        """Replaces the connection by a new one."""
        outside(lambda: super(EventStoreDB, self).reconnect(*args, **kwargs))

    def __del__(self) -> None:
        # The garbage collector calls this anywhere: it neither waits nor takes a lock.
        if self._connection is not None and not self.is_closed:
            self._later.put(self._connection.close)

    def _construct_grpc_channel(self, grpc_target: str, grpc_options: Any = ()) -> Any:
        spec = self.connection_spec
        options = (
            *_QUICK_RETURN,
            *_IN_THE_CALLER,
            *keepalive(_option(spec, "KeepAliveInterval"), _option(spec, "KeepAliveTimeout")),
            *(_NO_PROXY if _is_local(spec) else ()),
            *grpc_options,
        )
        channel = super()._construct_grpc_channel(grpc_target, options)
        default = _option(spec, "DefaultDeadline")
        return OutsideChannel(channel, default)


def keepalive(interval: int | None, timeout: int | None) -> tuple[tuple[str, int], ...]:
    """gRPC's options for what the connection string says, in milliseconds.

    >>> keepalive(-1, None)
    ()
    """
    if interval is not None and interval < 0:
        return ()
    interval = KEEPALIVE_INTERVAL if interval is None else interval
    timeout = KEEPALIVE_TIMEOUT if timeout is None or timeout < 0 else timeout
    return (
        ("grpc.keepalive_time_ms", interval),
        ("grpc.keepalive_timeout_ms", timeout),
        # This is what ends the calls; its default is a minute.
        ("grpc.http2.ping_timeout_ms", timeout),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    )


def _option(spec: ConnectionSpec, name: str) -> int | None:
    """An option of the connection string; kurrentdbclient spells it `like_this`."""
    snake_case = re.sub("(?<=.)(?=[A-Z])", "_", name).lower()
    value: int | None = getattr(spec.options, name, getattr(spec.options, snake_case, None))
    return value


def _is_local(spec: ConnectionSpec) -> bool:
    """Whether every target is this machine, so that no proxy stands between."""
    return all(_is_loopback(target.rpartition(":")[0]) for target in spec.targets)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
