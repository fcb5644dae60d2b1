"""Reads that are whole: never cut short unseen, tried again when the server was away a moment."""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import sleep
from typing import Any, TypeVar

from esnb._client import RecordedEvent
from esnb._patience import patiently
from esnb.eventstoredb.connection import Lease, SharedClient
from esnb.eventstoredb.errors import ReadInterrupted, is_transient, translated

T = TypeVar("T")

_DELAYS = (0.05, 0.3)
"""Seconds before the second and third attempt of a read."""


def read(
    lease: Lease,
    subject: str,
    work: Callable[[SharedClient], T],
    *,
    pause: Callable[[float], object] = sleep,
) -> T:
    """What `work` makes of the client, tried again when the server is away for a moment.

    `work` must do nothing but read. Raises the library's errors, which begin
    with `subject`.
    """
    with translated(subject, lease.address.uri):
        for delay in _DELAYS:
            try:
                return work(lease.client)
            except Exception as error:
                if not is_transient(error):
                    raise
            pause(delay)
        return work(lease.client)


def whole(
    client: SharedClient, request: Callable[..., Any], **arguments: Any
) -> Generator[RecordedEvent, None, None]:
    """The events of one read; raises ReadInterrupted where it ended early.

    Leaving the loop early ends the read.
    """
    era = client.era
    response = request(**arguments)
    try:
        yield from patiently(response, client)
    finally:
        response.stop()
    if era is None or client.era != era:
        raise ReadInterrupted("the connection was renewed by another thread during the read")
