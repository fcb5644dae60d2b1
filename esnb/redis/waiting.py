"""Waiting for a checkpoint: woken by Redis, not by polling it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    waiting = _Waiting(reached, connection, channel, monotonic() + timeout, interrupt, what)
    within(timeout + _LAST_WORD, f"Redis, about {what}", waiting.run)


@dataclass(frozen=True)
class _Waiting:
    """One wait, in the thread that does it."""

    reached: Callable[[], bool]
    connection: Connection
    channel: str
    deadline: float
    interrupt: Event | Flag | None
    what: str

    def run(self) -> None:
        """Waits, also over connections that break."""
        while True:
            try:
                if not self.reached():
                    self._listen()
                return
            except OperationalError:
                if monotonic() >= self.deadline:
                    raise
            if self.interrupt is None:
                sleep(_RECONNECT_SECONDS)
            elif self.interrupt.wait(_RECONNECT_SECONDS):
                raise WaitInterruptedError

    def _listen(self) -> None:
        with _subscription(self.connection, self.channel) as messages:
            message = None
            # The confirmation is a message, too.
            while message is None or not self.reached():
                self._check()
                left = max(0.0, self.deadline - monotonic())
                message = messages.get_message(timeout=min(_LOOK_SECONDS, left))

    def _check(self) -> None:
        if self.interrupt is not None and self.interrupt.is_set():
            raise WaitInterruptedError
        if monotonic() >= self.deadline:
            raise TimeoutError(f"timed out waiting for {self.what}")


@contextmanager
def _subscription(connection: Connection, channel: str) -> Iterator[Any]:
    client: Any = connection.binary
    with translated(connection.url), client.pubsub() as messages:
        messages.subscribe(channel)
        yield messages
