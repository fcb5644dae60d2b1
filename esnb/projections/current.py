"""The event that a handler is working on."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.persistence import Notification

from esnb.correlation import CORRELATION_ID, Correlated, Correlation

_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class CurrentNotification(Notification):
    """A notification of a store that keeps no event ids and no metadata."""

    event_id: UUID
    """Made from application, aggregate and version: the same at each run."""
    recorded: datetime | None = None
    """When the store recorded it; here unknown."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The event's metadata; here none."""


_current: ContextVar[tuple[Notification, str] | None] = ContextVar(
    "esnb_current_event", default=None
)
"""The event that is handled, and its application's name."""


def current() -> Any:
    """The notification of the event that the calling handler is working on.

    A `Notification` of the library (`id`, `originator_id`,
    `originator_version`, `topic`, `state`) with `event_id` (UUID), `recorded`
    (datetime in UTC, or None) and `metadata` (mapping). Of stores other than
    EventStoreDB, which have no event ids, the id is a uuid5 of application,
    aggregate and version, and there are no metadata.

    Raises RuntimeError outside a handler that a runner of esnb calls.
    """
    handling = _current.get()
    if handling is None:
        raise RuntimeError(
            "no event is being handled here: esnb.projections.current() is for a projection's "
            "handlers, while a CatchUpRunner calls them"
        )
    return identified(*handling)


def identified(notification: Notification, application_name: str) -> Any:
    """`notification`, with the attributes that EventStoreDB's have."""
    if hasattr(notification, "event_id"):
        return notification
    return CurrentNotification(
        id=notification.id,
        originator_id=notification.originator_id,
        originator_version=notification.originator_version,
        topic=notification.topic,
        state=notification.state,
        event_id=event_id_of(notification, application_name),
    )


def event_id_of(notification: Notification, application_name: str) -> UUID:
    """The event's id: the store's own, else one made from where the event stands."""
    own = getattr(notification, "event_id", None)
    if isinstance(own, UUID):
        return own
    place = f"{application_name}/{notification.originator_id}/{notification.originator_version}"
    return uuid5(NAMESPACE_URL, place)


class Handling:
    """Makes `notification` the current one, and what the block records its consequence.

    Events recorded in the block get the event's correlation id (its own id,
    where it has none) and the event as their cause.
    """

    __slots__ = ("_correlated", "_handled", "_token")

    def __init__(self, notification: Notification, application_name: str) -> None:
        event_id = str(event_id_of(notification, application_name))
        metadata: Mapping[str, Any] = getattr(notification, "metadata", _NONE)
        correlation_id = metadata.get(CORRELATION_ID) or event_id
        self._handled = notification, application_name
        self._correlated = Correlated(Correlation(str(correlation_id), event_id))

    def __enter__(self) -> None:
        self._token = _current.set(self._handled)
        self._correlated.__enter__()

    def __exit__(self, *exc_info: object) -> None:
        self._correlated.__exit__(*exc_info)
        _current.reset(self._token)
