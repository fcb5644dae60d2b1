"""Whose streams a view is made of: two tenants that share a Redis cannot share a view."""

from __future__ import annotations

from eventsourcing.utils import Environment

from esnb.adapters.stream_prefix import STREAM_PREFIX, configured_prefix, stream_prefix
from esnb.clients.uri import display_uri
from esnb.redis.connection import Connection
from esnb.redis.errors import ForeignViewError
from esnb.redis.namespace import REDIS_KEY_PREFIX, Namespace
from esnb.redis.tracking_hash import streams, streams_field


class FollowedStreams:
    """What the settings say of the streams that a view follows, and what the view itself says.

    A view's first writer writes down the prefix of the streams that it follows.
    All methods raise ForeignViewError where that is another one than the settings
    give.
    """

    def __init__(self, connection: Connection, namespace: Namespace, env: Environment) -> None:
        self._connection = connection
        self._namespace = namespace
        self._env = env
        self._claimed: set[str] = set()
        self._is_checked = not any(name.endswith(STREAM_PREFIX) for name in env)

    def claim(self, application_name: str) -> None:
        """Writes down which streams of an application the view follows, unless that is known."""
        if application_name in self._claimed:
            return
        own = stream_prefix(self._env, application_name)
        if own is not None:
            field = streams_field(application_name)
            self._connection.call("HSETNX", self._namespace.tracking, field, own)
            known = self._connection.call("HGET", self._namespace.tracking, field)
            self.require(application_name, known)
        self._claimed.add(application_name)

    def forget(self) -> None:
        """What was written down is gone with the view."""
        self._claimed.clear()

    def require(self, application_name: str, known: bytes | None) -> None:
        """For who goes on with the view."""
        self._compare(application_name, stream_prefix(self._env, application_name), known)

    def check(self) -> None:
        """For who only reads, and may have no settings of the streams: then any view will do."""
        if self._is_checked:
            return
        stored = self._connection.call("HGETALL", self._namespace.tracking)
        for name, known in streams(stored).items():
            self._compare(name, configured_prefix(self._env, name), known)
            self._is_checked = True

    def _compare(self, application_name: str, own: str | None, known: bytes | None) -> None:
        if own is None or known is None or own == known.decode():
            return
        raise ForeignViewError(
            f"view {self._namespace.name!r} in Redis at {display_uri(self._connection.url)} is made "
            f"of the streams {known.decode()!r} of application {application_name!r}, not of "
            f"{own!r} ({STREAM_PREFIX}), and one view cannot follow both: set another "
            f"{REDIS_KEY_PREFIX} than {self._namespace.prefix!r} for one of them"
        )
