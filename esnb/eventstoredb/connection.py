"""One client for everything in a process that talks to one server.

Factories, recorders and subscriptions each hold a lease. The client is closed
with its last lease; a lease that is used again afterwards opens it anew: the
library closes an application's factory when the application is garbage, while
its recorder may live on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, RLock
from typing import Any

from esnb._uri import described, guarded
from esnb.changes import Changes
from esnb.clients.eventstoredb import DISCOVERY_TIMEOUT, EventStoreDB
from esnb.clients.outside import later


class SharedClient(EventStoreDB):
    """The installed client, which says when it has cut the reads of other threads.

    It renews its connection when one caller finds the server unavailable, and
    a read that is under way on the old connection then simply ends, as if there
    were no more events (esdbclient) or with an error (kurrentdbclient).
    """

    def __init__(
        self,
        uri: str,
        root_certificates: str | bytes | None = None,
        *,
        discovery_timeout: float = DISCOVERY_TIMEOUT,
    ) -> None:
        self._cuts_begun = 0
        self._cuts_done = 0
        self._cut_lock = Changes()
        super().__init__(uri, root_certificates, discovery_timeout=discovery_timeout)

    @property
    def era(self) -> int | None:
        """Counts the connections so far; None while one is being replaced.

        A read is complete when the era is the same number before and after.
        """
        with self._cut_lock:
            return self._era()

    def settled(self, timeout: float) -> int | None:
        """The era, once no connection is being replaced; None if one still is after `timeout` s."""
        self._cut_lock.wait_for(lambda: self._era() is not None, timeout)
        return self.era

    def renew(self, era: int | None, leader: str | None = None) -> None:
        """Replaces the connection of `era`, unless another thread has done so.

        By one to `leader` (`host:port`) where that is known.
        """
        if self.era == era:
            self.reconnect(leader)

    def reconnect(self, *args: Any, **kwargs: Any) -> None:
        with self._cut():
            super().reconnect(*args, **kwargs)

    def close(self) -> None:
        with self._cut():
            super().close()

    @contextmanager
    def _cut(self) -> Iterator[None]:
        with self._cut_lock:
            self._cuts_begun += 1
        try:
            yield
        finally:
            with self._cut_lock:
                self._cuts_done += 1
                self._cut_lock.notify_all()

    def _era(self) -> int | None:
        return self._cuts_done if self._cuts_done == self._cuts_begun else None


@dataclass(frozen=True)
class Address:
    """Where a server is and how it proves itself."""

    uri: str = field(repr=False)
    root_certificates: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "uri", guarded(self.uri))

    def __str__(self) -> str:
        return described(self.uri)


class _Pool:
    """The open clients and how many leases each has."""

    def __init__(self) -> None:
        # Reentrant: a lease may be collected, and given back, at any allocation.
        self._lock = RLock()
        self._clients: dict[Address, SharedClient] = {}
        self._users: dict[Address, int] = {}

    def take(self, address: Address) -> SharedClient:
        with self._lock:
            # Counted first: a lease collected meanwhile must not close the client.
            self._users[address] = self._users.get(address, 0) + 1
            try:
                if address not in self._clients:
                    self._clients[address] = SharedClient(address.uri, address.root_certificates)
                return self._clients[address]
            except BaseException:
                self._users[address] -= 1
                raise

    def give_back(self, address: Address) -> None:
        with self._lock:
            self._users[address] -= 1
            if self._users[address]:
                return
            del self._users[address]
            client = self._clients.pop(address)
        client.close()

    def users(self, address: Address) -> int:
        with self._lock:
            return self._users.get(address, 0)


_pool = _Pool()


class Lease:
    """One user's hold on the shared client of an address; opened at its first use."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = Lock()
        self._client: SharedClient | None = None
        self._give_back: weakref.finalize[Any, Any] | None = None

    @property
    def client(self) -> SharedClient:
        """The shared client. Raises the client's errors when a cluster cannot be discovered."""
        with self._lock:
            if self._client is None:
                self._client = _pool.take(self.address)
                self._give_back = weakref.finalize(
                    # Whoever collects it may not wait for the pool: another thread may have
                    # its lock, and wait for this one.
                    self,
                    later().put,
                    partial(_pool.give_back, self.address),
                )
            return self._client

    def release(self) -> None:
        """Gives the client back; the last to do so closes it."""
        with self._lock:
            self._client = None
            give_back, self._give_back = self._give_back, None
        if give_back is not None and give_back.detach() is not None:
            _pool.give_back(self.address)


def users(address: Address) -> int:
    """How many leases of an address are in use."""
    return _pool.users(address)
