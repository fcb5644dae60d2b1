"""Reads that a silent server cannot hold up forever.

A server that is stopped, or a network that drops everything, leaves a read
waiting: gRPC sets no limit of its own, and a limit for a whole read would cut
long ones. A read alone may also be silent for good reason: the server filters
a long log and finds nothing. So after some silence the server is asked
something else, and the read is given up when that is not answered either.
"""

from __future__ import annotations

from collections.abc import Generator
from time import monotonic
from typing import Any

from eventsourcing.persistence import OperationalError

from esnb.clients.installed import (
    Client,
    ClientError,
    DeadlineExceeded,
    RecordedEvent,
    ServiceUnavailable,
)
from esnb.clients.uri import display_uri
from esnb.threads.watchdog import Watchdog

PATIENCE = 10.0
"""Seconds without an answer, or without the next event, after which the server is asked."""
ANSWER = 5.0
"""Seconds it then has to say something."""
_TICK = 0.5
"""Seconds between two looks at the reads under way."""


def with_silence_timeout(response: Any, client: Client) -> Generator[RecordedEvent, None, None]:
    """The events of `response`, a read of `client`.

    Raises OperationalError when the server falls silent. Time that the caller
    takes between two events does not count.
    """
    waiting = _Wait(response, client)
    _watchdog.add(waiting)
    try:
        while True:
            waiting.since = monotonic()
            try:
                event = next(response)
            except StopIteration:
                break
            except Exception:
                if waiting.is_given_up:  # kurrentdbclient says that it was cancelled
                    break
                raise
            waiting.since = None
            yield event
    finally:
        _watchdog.discard(waiting)
    if waiting.is_given_up:
        raise OperationalError(
            f"EventStoreDB at {display_uri(client.connection_spec.uri)} accepts connections but has "
            f"not answered for {PATIENCE + ANSWER:g} s: check that it is an EventStoreDB that "
            "runs, and not stopped or cut off, then read again"
        )


def answers(client: Client) -> bool:
    """Whether the server says anything, a refusal included, within `ANSWER` seconds."""
    try:
        client.gossip.read(timeout=ANSWER)
    except (DeadlineExceeded, ServiceUnavailable):
        return False
    except (ClientError, ValueError):  # it refused, or gRPC says that the channel is closed
        return True
    return True


class _Wait:
    """A read under way."""

    __slots__ = ("client", "is_given_up", "response", "since")

    def __init__(self, response: Any, client: Client) -> None:
        self.response = response
        self.client = client
        self.since: float | None = None
        """When it began to wait for the server; None while it does not."""
        self.is_given_up = False


def _give_up_silent(wait: _Wait) -> None:
    """Ends a read that has waited too long for a server that answers nothing."""
    since = wait.since
    if since is None or monotonic() - since <= PATIENCE:
        return
    is_alive = answers(wait.client)
    if wait.since != since:  # an event has come meanwhile
        return
    if is_alive:
        wait.since = monotonic()
    else:
        wait.is_given_up = True
        wait.response.stop()  # ends its iteration


_watchdog = Watchdog("esnb reads", _TICK, _give_up_silent)
