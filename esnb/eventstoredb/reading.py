"""Reads that are whole: never cut short unseen, tried again when the server was away a moment."""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import sleep
from typing import Any, TypeVar

from esnb.clients.errors import ReadInterrupted, is_transient, is_unreachable, translated
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import Client, DeadlineExceeded, DiscoveryFailed, RecordedEvent
from esnb.clients.leader import leader_of
from esnb.clients.links import keep_unresolved_links
from esnb.clients.patience import with_silence_timeout
from esnb.eventstoredb.connection import Lease, SharedClient

T = TypeVar("T")

_DELAYS = (0.05, 0.3)
"""Seconds before the second and third attempt of a read."""
_RENEWALS = 20
"""How often a read is started again because other threads renewed the connection.

After a restart of the server each thread that finds a call cut may do so.
"""
_PATIENCE = 5.0
"""Seconds that a read waits for another thread to renew the connection."""


def read(
    lease: Lease,
    subject: str,
    work: Callable[[SharedClient], T],
    *,
    at_leader: bool = False,
    pause: Callable[[float], object] = sleep,
) -> T:
    """What `work` makes of the client, tried again when the server is away for a moment.

    Then over a new connection: of a cluster, the leader may be another node by
    now, and an old one would wait before it looks again. `at_leader` reads what
    was just written, whatever `NodePreference` says. `work` must do nothing but
    read. Raises the library's errors, which begin with `subject`.
    """
    delays = iter(_DELAYS)
    renewals = iter(range(_RENEWALS))
    broken: int | None = None
    leader: str | None = None
    with translated(subject, lease.address.uri):
        while True:
            era = broken
            try:
                client = lease.client.leader if at_leader else lease.client
                if broken is not None:
                    client.renew(broken, leader)
                era = client.era
                return work(client)
            except ReadInterrupted:
                # The server is there: what cut the read was a new connection to it.
                if next(renewals, None) is None:
                    raise
            except Exception as error:
                # A cluster was asked for a node as long as an election may take.
                passes = is_transient(error) and not isinstance(error, DiscoveryFailed)
                delay = next(delays, None) if passes else None
                if delay is None:
                    raise
                broken = era if is_unreachable(error) else None
                leader = leader_of(error)
                pause(delay)


def whole(
    client: Client,
    request: Callable[..., Any],
    *,
    patience: float = _PATIENCE,
    **arguments: Any,
) -> Generator[RecordedEvent, None, None]:
    """The events of one read; raises ReadInterrupted where it ended early.

    Raises DeadlineExceeded when another thread has been renewing the connection
    for `patience` seconds, and OperationalError when the server of a client that
    does not notice it itself falls silent. Leaving the loop early ends the read.
    Links that lead nowhere come as they are.
    """
    shared = client if isinstance(client, SharedClient) else None
    era = None if shared is None else _settled(shared, patience)
    response = request(**arguments)
    if arguments.get("resolve_links"):
        keep_unresolved_links(response)
    try:
        yield from (
            response if isinstance(client, EventStoreDB) else with_silence_timeout(response, client)
        )
    except Exception as error:
        if shared is not None and shared.era != era and is_transient(error):
            raise _cut() from error  # kurrentdbclient says it itself
        raise
    finally:
        response.stop()
    if shared is not None and shared.era != era:
        raise _cut()


def _settled(client: SharedClient, patience: float) -> int:
    era = client.settled(patience)
    if era is None:
        raise DeadlineExceeded(
            f"the connection is being renewed by another thread, for {patience:g} s already"
        )
    return era


def _cut() -> ReadInterrupted:
    return ReadInterrupted("the connection was renewed by another thread during the read")
