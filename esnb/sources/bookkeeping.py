"""Bookkeeping: what the library stores among the fields of an event's payload."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from esnb.sources.moments import TIMESTAMP, own_time

ENVELOPE = frozenset({"originator_id", "originator_version", "originator_topic", TIMESTAMP})
"""Fields of events that the domain did not define."""


def domain_fields(payload: dict[Any, Any], shown: Collection[str] = ENVELOPE) -> dict[Any, Any]:
    """The fields that the domain gave an event, in order.

    Those of `shown` are left out: what they say is shown elsewhere. Other
    bookkeeping comes last. A `timestamp` that is not a time is the domain's own.

    >>> created = {"originator_topic": "shop:Dog", "timestamp": "2026-03-01T12:00Z", "name": "Fido"}
    >>> domain_fields(created)
    {'name': 'Fido'}
    >>> domain_fields(created, shown={"originator_topic"})
    {'name': 'Fido', 'timestamp': '2026-03-01T12:00Z'}
    """
    own = ENVELOPE if own_time(payload) else ENVELOPE - {TIMESTAMP}
    domain = {name: value for name, value in payload.items() if name not in own}
    rest = {name: value for name, value in payload.items() if name in own and name not in shown}
    return {**domain, **rest}
