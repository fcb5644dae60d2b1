"""Waiting for a checkpoint: woken by Redis, not by polling it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from time import monotonic, sleep
from typing import Any

from eventsourcing.persistence import OperationalError, WaitInterruptedError

from esnb.redis.connection import Connection
from esnb.redis.errors import translated
from esnb.threads.changes import Flag
from esnb.threads.question import within

# How often the interrupt is looked at; Redis is not asked anything then.
_LOOK_SECONDS = 0.025
_RECONNECT_SECONDS = 0.05
_LAST_WORD = 0.5
"""Seconds that it is given beyond its time to say why it is over."""


def wait_until(
    reached: Callable[[], bool],
    connection: Connection,
    channel: str,
    timeout: float,
    interrupt: Event | Flag | None,
    what: str,
) -> None:
    """Blocks until `reached()`, which is asked again at each message on `channel`.

    Another thread asks it, so that the time is up also while Redis says nothing.

    It is asked once after the server has confirmed the subscription, so that
    what happened between the first look and the confirmation is not missed,
    and once after each reconnection. A server that restarts meanwhile is
    waited for.

    Raises TimeoutError after `timeout` seconds (OperationalError when the
    server could not be reached then), WaitInterruptedError when `interrupt`
    is set before.
    """
    within(
        timeout + _LAST_WORD,
        f"Redis, about {what}",
        lambda: _wait(reached, connection, channel, timeout, interrupt, what),
    )


def _wait(
    reached: Callable[[], bool],
    connection: Connection,
    channel: str,
    timeout: float,
    interrupt: Event | Flag | None,
    what: str,
) -> None:
    deadline = monotonic() + timeout
    down: OperationalError | None = None
    while True:
        try:
            if reached():
                return
            down = None
            with _subscription(connection, channel) as messages:
                while True:
                    _check(deadline, interrupt, what)
                    message = messages.get_message(
                        timeout=max(0.0, min(_LOOK_SECONDS, deadline - monotonic()))
                    )
                    # The confirmation is a message, too.
                    if message is not None and reached():
                        return
        except OperationalError as error:
            down = error
        if monotonic() >= deadline:
            raise down
        if interrupt is None:
            sleep(_RECONNECT_SECONDS)
        elif interrupt.wait(_RECONNECT_SECONDS):
            raise WaitInterruptedError


@contextmanager
def _subscription(connection: Connection, channel: str) -> Iterator[Any]:
    client: Any = connection.binary
    with translated(connection.url), client.pubsub() as messages:
        messages.subscribe(channel)
        yield messages


def _check(deadline: float, interrupt: Event | Flag | None, what: str) -> None:
    if interrupt is not None and interrupt.is_set():
        raise WaitInterruptedError
    if monotonic() >= deadline:
        raise TimeoutError(f"timed out waiting for {what}")
