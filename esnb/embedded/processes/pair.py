"""The two embedded servers that belong together."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from esnb.clients import ended
from esnb.embedded.processes.launch import (
    eventstoredb_uri,
    port_of,
    projections_of,
    redis_url,
    start_eventstoredb,
    start_redis,
)
from esnb.embedded.processes.process import ServerProcess
from esnb.embedded.processes.redis_program import require_platform


class EmbeddedPair:
    """An EventStoreDB server, and a Redis from its first use on.

    With a path they are shared by every process that names the same path, else
    they are this process's own. They end with their last user, however it ends.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        port: int = 0,
        projections: str = "system",
        time_of_callers: datetime | None = None,
    ) -> None:
        require_platform()
        self._path = path
        self._lock = threading.RLock()
        self._eventstoredb = start_eventstoredb(path, port, projections, time_of_callers)
        self._redis: ServerProcess | None = None
        ended.register_embedded(self.eventstoredb_uri, "EventStoreDB", self._eventstoredb.is_alive)

    @property
    def eventstoredb_uri(self) -> str:
        return eventstoredb_uri(self._eventstoredb)

    @property
    def eventstoredb_port(self) -> int:
        return port_of(self._eventstoredb)

    @property
    def projections(self) -> str:
        """Those that the EventStoreDB server runs: `none` or `system`."""
        return projections_of(self._eventstoredb)

    @property
    def remarks(self) -> list[str]:
        """What the EventStoreDB server had to say when it started: a group that it left out."""
        return list(self._eventstoredb.state.get("said", ()))

    @property
    def redis_url(self) -> str:
        """Starts the server when it has not been used yet."""
        with self._lock:
            if self._redis is None:
                self._redis = start_redis(self._path)
                ended.register_embedded(redis_url(self._redis), "Redis", self._redis.is_alive)
            return redis_url(self._redis)

    @property
    def has_redis(self) -> bool:
        """Whether Redis has been used."""
        return self._redis is not None

    def dead(self) -> list[str]:
        """Names of the servers that ended although they are used."""
        servers = {"EventStoreDB": self._eventstoredb, "Redis": self._redis}
        return [name for name, server in servers.items() if server and not server.is_alive()]

    def reset(self, timeout: float) -> None:
        """Empties both, also a Redis that has not been used yet; both go on running.

        Subscriptions that are open end. Raises `OperationalError` when a server
        does not answer.
        """
        from esnb.embedded.processes.emptying import empty_eventstoredb, empty_redis

        with self._lock:
            if self._path is not None or self.has_redis:
                empty_redis(self.redis_url, timeout)
            empty_eventstoredb(self.eventstoredb_port, timeout)

    def release(self) -> None:
        """Ends this process's use of both."""
        with self._lock:
            self._eventstoredb.release()
            if self._redis is not None:
                self._redis.release()
