"""Correlation and causation of the events recorded in a block of code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4


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


@contextmanager
def correlate(
    correlation_id: object | None = None, *, causation_id: object | None = None
) -> Iterator[Correlation]:
    """Gives the events recorded within the block one correlation id.

    `correlation_id` defaults to a new random UUID; `causation_id` is the id of
    the event that causes them, None for the root of a flow. Both are stored as
    text, in the metadata keys that EventStoreDB's own `$by_correlation_id`
    projection reads. The block ends the correlation, also by an exception;
    other threads and tasks are not concerned (a context variable carries it).

    >>> with correlate("order-17") as flow:
    ...     flow.correlation_id
    'order-17'
    >>> current_correlation() is None
    True
    """
    correlation = Correlation(
        str(uuid4() if correlation_id is None else correlation_id),
        None if causation_id is None else str(causation_id),
    )
    token = _current.set(correlation)
    try:
        yield correlation
    finally:
        _current.reset(token)
