"""The one client per Redis server that everything in the process shares."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import redis
from eventsourcing.utils import Environment
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from esnb.clients.redis import flaw_of, open_client, split_cluster
from esnb.clients.uri import guarded, masked_uri
from esnb.redis.errors import translated
from esnb.redis.scripts import script
from esnb.redis.wire import Wire
from esnb.setting import SettingError
from esnb.threads.forks import Birth

REDIS_URL = "REDIS_URL"

_CONNECT_SECONDS: Final = 5.0
# redis-py 8 gives up on any answer after 5 s, ten times over; a script that
# swaps a large view in may take longer, and no call here may hang forever.
_ANSWER_SECONDS: Final = 30.0


def redis_url(env: Environment) -> str:
    """The server that `REDIS_URL` names.

    Raises SettingError when it
    is missing or is not a Redis URL; a password in it is never shown.
    """
    url = guarded(env.get(REDIS_URL) or "")
    if not url:
        raise SettingError(
            f"{REDIS_URL} is not set: set it to a redis://, rediss:// or unix:// URL, "
            "or take the environment of esnb.connect()"
        )
    check_url(url)
    return url


def check_url(url: str) -> None:
    """Raises OSError unless redis-py can make a client of `url`."""
    problem = flaw_of(url)
    if problem:
        raise SettingError(
            f"{REDIS_URL} is {masked_uri(url)!r}, which is not a Redis URL: {problem}"
        )


class Connection:
    """The clients for one URL.

    Whoever holds it uses it: factories and recorders keep a reference, and
    the sockets are closed when the last one is gone. So a factory may be
    dropped at once, as the library's runner does, and its recorders go on.
    """

    def __init__(self, url: str) -> None:
        self.url = guarded(url)
        self._birth = Birth()
        self.is_cluster = split_cluster(url)[1]
        """Whether the URL says `?cluster=true`."""

    @property
    def binary(self) -> redis.Redis:
        """Answers with bytes: for scripts and snapshots."""
        self._check_process()
        return self._binary

    @property
    def text(self) -> redis.Redis:
        """Answers with str, for reading views."""
        self._check_process()
        return self._text

    @cached_property
    def _binary(self) -> redis.Redis:
        return self._open(decode_responses=False)

    @cached_property
    def _text(self) -> redis.Redis:
        return self._open(decode_responses=True)

    def _check_process(self) -> None:
        """Raises ForkedError in a process that was forked from the one that made this."""
        self._birth.check("connections to Redis")

    def _open(
        self, decode_responses: bool, seconds: float = _ANSWER_SECONDS, retries: int = 2
    ) -> redis.Redis:
        options: dict[str, Any] = {}
        if not self.url.startswith("unix:"):
            options |= {"socket_keepalive": True, "socket_connect_timeout": _CONNECT_SECONDS}
        with translated(self.url):
            client = open_client(
                self.url,
                socket_timeout=seconds,
                # A commit may be sent again: its token tells that it was applied.
                # One that is frozen is not asked again: three times the wait tell no more.
                retry=Retry(
                    ExponentialBackoff(cap=0.2, base=0.02),
                    retries,
                    supported_errors=(redis.exceptions.ConnectionError,),
                ),
                **options,
                **({"decode_responses": decode_responses} if self.is_cluster else {}),
            )
        if not self.is_cluster:
            # What an option of the URL says of it must not turn snapshots into text.
            client.connection_pool.connection_kwargs["decode_responses"] = decode_responses
        weakref.finalize(self, client.close)
        return client

    def check(self) -> None:
        """Raises OperationalError unless Redis answers within five seconds."""
        self._check_process()
        with translated(self.url):
            self._asking.ping()

    @cached_property
    def _asking(self) -> redis.Redis:
        """A client that waits no longer than people do."""
        return self._open(decode_responses=False, seconds=_CONNECT_SECONDS, retries=1)

    @cached_property
    def _commits(self) -> Wire:
        return Wire(self.binary, script("commit"))

    def commit(self, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Any:
        """The answer of `scripts/commit.lua`, which may be sent twice."""
        self._check_process()
        with translated(self.url):
            if self.is_cluster:
                return script("commit").run(self.binary, keys, arguments)
            return self._commits.run(keys, arguments)

    def call(self, *command: Any) -> Any:
        """One command's answer; what goes wrong raises the library's error."""
        with translated(self.url):
            client: Any = self.binary
            return client.execute_command(*command)

    def ask(self, name: str, keys: Sequence[Any], arguments: Sequence[Any] = ()) -> Any:
        """The same as `run()`, for what can be done without: it is given up after five seconds."""
        self._check_process()
        with translated(self.url):
            return script(name).run(self._asking, keys, arguments)

    def run(self, name: str, keys: Sequence[Any], arguments: Sequence[Any] = ()) -> Any:
        """The answer of one of `scripts/`; what goes wrong raises the library's error."""
        with translated(self.url):
            return script(name).run(self.binary, keys, arguments)


_connections: weakref.WeakValueDictionary[str, Connection] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def connection(url: str) -> Connection:
    """The connection to `url` that the process shares, opened at its first use."""
    url = guarded(url)
    with _lock:
        found = _connections.get(url)
        if found is None:
            found = _connections[url] = Connection(url)
        return found


def _forked() -> None:
    """The connections of a forked process's parent, and its lock, are not its own."""
    global _lock
    _lock = threading.Lock()
    _connections.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
