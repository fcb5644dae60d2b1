"""The Redis client that the stores hand out, of one server or of a cluster."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis import ConnectionPool, Redis

from esnb.clients.flaw import flaw
from esnb.clients.uri import guarded

_OPTION = "cluster"
_CHOICES = (None, "true", "false")
_OPTIONS = (
    *("cluster", "db", "username", "password", "client_name", "protocol", "max_connections"),
    *("socket_timeout", "socket_connect_timeout", "socket_keepalive", "retry_on_timeout"),
    *("health_check_interval", "decode_responses", "ssl_cert_reqs", "ssl_ca_certs"),
    *("ssl_certfile", "ssl_keyfile", "ssl_check_hostname"),
)
"""Those that an error names; redis-py knows a few more."""


def redis_client(url: str) -> Redis:
    """An ordinary client, which returns bytes, and on which blocking commands may block.

    redis-py 8 would stop reading after 5 s, and try again. An option in the
    URL (`?socket_timeout=30`) has precedence.
    """
    return open_client(url, socket_timeout=None, socket_connect_timeout=5)


def open_client(url: str, **options: Any) -> Redis:
    """redis-py's client for `url`; its `RedisCluster` where the URL says `?cluster=true`.

    A cluster is asked for its nodes at once: raises redis-py's errors when
    none answers.
    """
    plain, is_cluster = split_cluster(url)
    if not is_cluster:
        return Redis.from_url(plain, **options)
    from redis.cluster import RedisCluster

    cluster: Any = RedisCluster.from_url(plain, **options)
    client: Redis = cluster  # the same commands
    return client


def flaw_of(url: str) -> str:
    """What is wrong with a URL, without anything of its text; nothing as a rule."""
    schemes = ("redis", "rediss", "unix")
    try:
        parts = urlsplit(url)
        is_socket = parts.scheme == "unix"
        if is_socket and not parts.path:
            return "unix:// needs the path of a socket: unix:///run/redis.sock"
        if parts.scheme in schemes and not is_socket and not (parts.hostname or "@" in url):
            return f"it does not name a host: {parts.scheme}://host:6379/0"
        if not is_socket and not re.fullmatch(r"/?\d*", parts.path):
            raise ValueError("the path is not a database's number")
        if not url.startswith(tuple(f"{each}://" for each in schemes)) or "@" in parts.path:
            raise ValueError("the scheme, or the password")
        if _without_option(url)[1] not in _CHOICES:
            return f"the value of an option, {_OPTION!r}, is neither true nor false"
        pool = ConnectionPool.from_url(split_cluster(url)[0])
        # An option that redis-py does not know is otherwise found at the first use.
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError) as error:
        return flaw(url, schemes, _OPTIONS, error)
    return ""


def split_cluster(url: str) -> tuple[str, bool]:
    """The URL without the option that is not redis-py's, and whether it names a cluster.

    Raises ValueError for a value other than true and false.

    >>> split_cluster("redis://host:7000?cluster=true&socket_timeout=3")
    ('redis://host:7000?socket_timeout=3', True)
    """
    plain, said = _without_option(url)
    if said not in _CHOICES:
        raise ValueError(f"cluster={said}: write true or false")
    return plain, said == "true"


def _without_option(url: str) -> tuple[str, str | None]:
    """The URL without the option, and the option's value."""
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    said = [value.lower() for name, value in options if name == _OPTION]
    if not said:
        return url, None
    kept = urlencode([(name, value) for name, value in options if name != _OPTION])
    return guarded(urlunsplit(parts._replace(query=kept))), said[-1]
