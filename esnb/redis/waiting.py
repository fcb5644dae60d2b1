"""Waiting for a checkpoint: woken by Redis, not by polling it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic, sleep

import redis
from eventsourcing.persistence import WaitInterruptedError

from esnb.redis.connection import Connection
from esnb.redis.errors import unreachable

# How often the interrupt is looked at; Redis is not asked anything then.
_LOOK_SECONDS = 0.025
_RECONNECT_SECONDS = 0.05


def wait_until(
    reached: Callable[[], bool],
    connection: Connection,
    channel: str,
    timeout: float,
    interrupt: Event | None,
    what: str,
) -> None:
    """Blocks until `reached()`, which is asked again at each message on `channel`.

    It is asked once after the server has confirmed the subscription, so that
    what happened between the first look and the confirmation is not missed,
    and once after each reconnection. A server that restarts meanwhile is
    waited for.

    Raises TimeoutError after `timeout` seconds (OperationalError when the
    server could not be reached then), WaitInterruptedError when `interrupt`
    is set before.
    """
    deadline = monotonic() + timeout
    down: Exception | None = None
    while True:
        try:
            if reached():
                return
            down = None
            _check(deadline, interrupt, what)
            with connection.binary.pubsub() as subscription:
                subscription.subscribe(channel)
                while True:
                    _check(deadline, interrupt, what)
                    message = subscription.get_message(
                        timeout=max(0.0, min(_LOOK_SECONDS, deadline - monotonic()))
                    )
                    # The confirmation is a message, too.
                    if message is not None and reached():
                        return
        except (redis.ConnectionError, redis.TimeoutError) as error:
            if isinstance(error, redis.AuthenticationError):
                raise
            down = error
        if monotonic() >= deadline:
            raise unreachable(down, connection.url) from down
        if interrupt is None:
            sleep(_RECONNECT_SECONDS)
        elif interrupt.wait(_RECONNECT_SECONDS):
            raise WaitInterruptedError


def _check(deadline: float, interrupt: Event | None, what: str) -> None:
    if interrupt is not None and interrupt.is_set():
        raise WaitInterruptedError
    if monotonic() >= deadline:
        raise TimeoutError(f"timed out waiting for {what}")
