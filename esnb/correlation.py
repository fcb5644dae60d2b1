"""Correlation and causation of the events recorded in a block of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from esnb.new_id import new_id

CORRELATION_ID = "$correlationId"
CAUSATION_ID = "$causationId"
"""Keys of an event's metadata, which EventStoreDB's own `$by_correlation_id` reads."""


@dataclass(frozen=True)
class Correlation:
    """What the events recorded now belong to."""

    correlation_id: str
    """Shared by every event of one flow; `$correlationId` in the metadata."""
    causation_id: str | None = None
    """Id of the event that caused them, None at the root; `$causationId`."""


_current: ContextVar[Correlation | None] = ContextVar("esnb_correlation", default=None)


def current_correlation() -> Correlation | None:
    """The correlation in force in this thread or task, or None."""
    return _current.get()


class Correlated:
    """A block under a given correlation: `with Correlated(Correlation("order-17")):`.

    Does what `correlate()` does, without the cost of a generator: a projection
    enters one for each event.
    """

    __slots__ = ("_correlation", "_token")

    def __init__(self, correlation: Correlation) -> None:
        self._correlation = correlation

    def __enter__(self) -> Correlation:
        self._token = _current.set(self._correlation)
        return self._correlation

    def __exit__(self, *exc_info: object) -> None:
        _current.reset(self._token)


@contextmanager
def correlate(
    correlation_id: object | None = None, *, causation_id: object | None = None
) -> Iterator[Correlation]:
    """Gives the events recorded within the block one correlation id.

    `correlation_id` defaults to a new random UUID; `causation_id` is the id of
    the event that causes them, None for the root of a flow. Both are stored as
    text, in the metadata keys that EventStoreDB's own `$by_correlation_id`
    projection reads. The correlation ends with the block, even by an exception;
    other threads and tasks are not affected (a context variable carries it).

    >>> with correlate("order-17") as flow:
    ...     flow.correlation_id
    'order-17'
    >>> current_correlation() is None
    True
    """
    correlation = Correlation(
        str(new_id("correlation") if correlation_id is None else correlation_id),
        None if causation_id is None else str(causation_id),
    )
    with Correlated(correlation):
        yield correlation
