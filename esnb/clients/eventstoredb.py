"""The client of EventStoreDB that esnb makes."""

from __future__ import annotations

import re
import time
from functools import partial
from ipaddress import ip_address
from threading import Lock
from typing import Any, NoReturn, Self

from grpc.experimental import ChannelOptions

from esnb.clients import installed as _client
from esnb.clients.answering import READING, in_one_process
from esnb.clients.channel import OutsideChannel
from esnb.clients.cluster import LEADER, Attempts, Cluster
from esnb.clients.installed import ConnectionSpec
from esnb.clients.leader import AT_LEADER, AT_PREFERRED, at_leader, follow_leader, preferring_leader
from esnb.clients.refusal import Explanations, name_refused_user, user_of
from esnb.clients.uri import guarded
from esnb.threads.forks import Birth, refuse_pickling
from esnb.threads.outside import later, outside

KEEPALIVE_INTERVAL = 2_000
"""Milliseconds without anything from the server, after which it is pinged."""
KEEPALIVE_TIMEOUT = 2_000
"""Milliseconds that it then has to answer."""

DISCOVERY_TIMEOUT = 10.0
"""Seconds that an election may take."""

_QUICK_RETURN = (
    # gRPC waits up to two minutes before it looks again for a server that was away,
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # and 20 s for one that takes the connection and says nothing.
    ("grpc.min_reconnect_backoff_ms", 2000),
)
_IN_THE_CALLER = ((ChannelOptions.SingleThreadedUnaryStream, 1),)
"""Has the thread that reads a stream wait for the server itself: half the time per message."""
_OWN_CONNECTIONS = (("grpc.use_local_subchannel_pool", 1),)
"""Else channels to one address share what another has found: a server that was away, just now."""
_NO_PROXY = (("grpc.enable_http_proxy", 0),)
_ALL_ADDRESSES = (("grpc.lb_policy_name", "round_robin"),)
"""Uses each address of a name in turn, also when the first is out of order."""


class EventStoreDB(_client.Client):
    """The installed client, whose calls can be interrupted, and which notices a silent server.

    A server, or a network, that says nothing at all for `KEEPALIVE_INTERVAL` and
    then leaves a ping unanswered for `KEEPALIVE_TIMEOUT` ends every call that is
    under way, as one that cannot be reached. The connection string may have its
    own (`KeepAliveInterval`, `KeepAliveTimeout`, in milliseconds; -1: none).

    A call that the server accepts and never answers ends as well: see `deadlines`
    for how long it has. The connection string may have its own (`DefaultDeadline`,
    in seconds).

    Of a cluster it uses members that are alive only. While there is no leader
    it asks again, for `discovery_timeout` seconds, or as often as
    `MaxDiscoverAttempts` of the connection string says.

    With another `NodePreference` than `leader` it reads from such a node, and has
    a second connection for what only the leader does: appending, deleting,
    persistent subscriptions and projections.
    """

    _connection: Any = None
    _leader: Self | None = None

    def __init__(
        self,
        uri: str,
        root_certificates: str | bytes | None = None,
        *,
        discovery_timeout: float = DISCOVERY_TIMEOUT,
    ) -> None:
        uri = guarded(uri)  # a traceback with variables shows it
        self._discovery_timeout = discovery_timeout
        self._leader_lock = Lock()
        self._birth = Birth()
        self._later = later()
        super().__init__(uri, root_certificates=root_certificates)

    @property
    def is_discovered(self) -> bool:
        """Whether the node that is used was found by asking a cluster."""
        spec = self.connection_spec
        return "+discover" in spec.scheme or len(spec.targets) > 1

    @property
    def user(self) -> str | None:
        """Whose name goes with the calls; None: nobody's, as without TLS."""
        return user_of(self.connection_spec, _option)

    @property
    def leader(self) -> Self:
        """The client for what only the leader does: this one, or one of its own."""
        if _option(self.connection_spec, "NodePreference") == LEADER:
            return self
        return outside(self._open_leader)

    def _open_leader(self) -> Self:
        with self._leader_lock:
            if self._leader is None and not self.is_closed:
                self._leader = type(self)(
                    preferring_leader(self.connection_spec.uri),
                    self.root_certificates,
                    discovery_timeout=self._discovery_timeout,
                )
            return self._leader or self

    def close(self) -> None:
        """Ends the connection and its calls. Does nothing in a forked process: they are the parent's."""
        if self._birth.is_here:
            outside(super().close)
            leader, self._leader = self._leader, None
            if leader is not None:
                leader.close()

    def reconnect(self, *args: Any, **kwargs: Any) -> None:
        """Replaces the connection by a new one."""
        outside(lambda: super(EventStoreDB, self).reconnect(*args, **kwargs))

    def _discover_preferred_node(self) -> Any:
        """A connection to the member of the cluster that the connection string prefers."""
        spec = self.connection_spec
        options = _ALL_ADDRESSES if "+discover" in spec.scheme else ()
        with Cluster(
            spec.targets,
            lambda target: self._construct_grpc_channel(target, options),
            metadata=self._call_metadata,
            credentials=self._call_credentials,
        ) as cluster:
            answering, member = cluster.find(
                _option(spec, "NodePreference"), self._attempts(), lambda: self.is_closed
            )
        # A single node may be behind a name with several addresses, as a cluster is.
        return self._construct_esdb_connection(
            member.target, options if member.target == answering else ()
        )

    def _attempts(self) -> Attempts:
        spec = self.connection_spec
        return Attempts(
            until=time.monotonic() + self._discovery_timeout,
            most=_option(spec, "MaxDiscoverAttempts"),
            is_strict="maxdiscoverattempts=" in spec.uri.lower(),
            gossip_timeout=_option(spec, "GossipTimeout"),
            interval=_option(spec, "DiscoveryInterval") / 1000,
        )

    def __reduce__(self) -> NoReturn:
        refuse_pickling("connections to EventStoreDB")

    def __del__(self) -> None:
        # The garbage collector calls this anywhere: it neither waits nor takes a lock.
        if self._connection is not None and not self.is_closed:
            self._later.put(self._connection.close)

    def _construct_grpc_channel(self, grpc_target: str, grpc_options: Any = ()) -> Any:
        spec = self.connection_spec
        options = (
            *_QUICK_RETURN,
            *_OWN_CONNECTIONS,
            *_IN_THE_CALLER,
            *keepalive(_option(spec, "KeepAliveInterval"), _option(spec, "KeepAliveTimeout")),
            *(_NO_PROXY if _is_local(spec) else ()),
            *grpc_options,
        )
        explanations = Explanations(self.user, self._call_credentials)
        return OutsideChannel(
            super()._construct_grpc_channel(grpc_target, options),
            explanations.explain,
            _option(spec, "DefaultDeadline"),
        )


for _name in ("append_events", "append_to_stream"):
    setattr(EventStoreDB, _name, name_refused_user(getattr(_client.Client, _name)))
for _name in READING:
    setattr(EventStoreDB, _name, in_one_process(getattr(_client.Client, _name)))
for _names, _wrapped in ((AT_LEADER, at_leader), (AT_PREFERRED, follow_leader)):
    for _name in filter(partial(hasattr, _client.Client), _names):
        setattr(EventStoreDB, _name, _wrapped(getattr(EventStoreDB, _name)))


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


def _option(spec: ConnectionSpec, name: str) -> Any:
    """An option of the connection string; kurrentdbclient spells it `like_this`."""
    snake_case = re.sub("(?<=.)(?=[A-Z])", "_", name).lower()
    return getattr(spec.options, name, getattr(spec.options, snake_case, None))


def _is_local(spec: ConnectionSpec) -> bool:
    """Whether every target is this machine, so that no proxy stands between."""
    return all(_is_loopback(target.rpartition(":")[0]) for target in spec.targets)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
