"""One client for everything in a process that talks to one server.

Factories, recorders and subscriptions each hold a lease. The client is closed
with its last lease; a lease that is used again afterwards opens it again: the
library closes an application's factory when the application is garbage, while
its recorder may live on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

from esnb.clients.eventstoredb import DISCOVERY_TIMEOUT, EventStoreDB
from esnb.clients.uri import display_uri, guarded
from esnb.threads.changes import Changes
from esnb.threads.outside import later


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
        return display_uri(self.uri)


class _Shared:
    """The client of one address, made for the first to ask for it."""

    def __init__(self, address: Address) -> None:
        self.users = 0
        self._address = address
        self._lock = Lock()
        self._client: SharedClient | None = None

    @property
    def client(self) -> SharedClient:
        # Making it may take as long as a cluster needs to elect a leader: only those who
        # want this very client wait for it.
        with self._lock:
            if self._client is None:
                self._client = SharedClient(self._address.uri, self._address.root_certificates)
            return self._client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


class _Pool:
    """The open clients and how many leases each has."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shared: dict[Address, _Shared] = {}

    def take(self, address: Address) -> SharedClient:
        with self._lock:
            shared = self._shared.setdefault(address, _Shared(address))
            shared.users += 1
        try:
            return shared.client
        except BaseException:
            self.give_back(address)
            raise

    def give_back(self, address: Address) -> None:
        with self._lock:
            shared = self._shared[address]
            shared.users -= 1
            if shared.users:
                return
            del self._shared[address]
        shared.close()

    def users(self, address: Address) -> int:
        with self._lock:
            return self._shared[address].users if address in self._shared else 0


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
                    # It may be collected at any allocation, also while the pool's lock is
                    # held: whoever collects it waits for nothing.
                    self,
                    later().put,
                    partial(_pool.give_back, self.address),
                )
            return self._client

    def release(self) -> None:
        """Returns the client; the last to do so closes it."""
        with self._lock:
            self._client = None
            give_back, self._give_back = self._give_back, None
        if give_back is not None and give_back.detach() is not None:
            _pool.give_back(self.address)


def users(address: Address) -> int:
    """How many leases of an address are in use."""
    return _pool.users(address)
