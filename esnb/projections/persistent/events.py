"""From a recorded event to what a handler gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from eventsourcing.application import Application

from esnb.correlation import CORRELATION_ID, Correlated, Correlation
from esnb.projections.current import Handling
from esnb.projections.persistent.errors import ForeignGroupError
from esnb.values.strict_json import JSON

EventHandler = Callable[[Any, Any], object]
"""Called with the domain event and the client's `RecordedEvent`."""


class GroupEvents(Protocol):
    """How the events of a source are opened."""

    def passes_over(self, recorded: Any) -> bool:
        """Whether it is for no handler: it is acknowledged at once."""

    def opened(self, recorded: Any) -> tuple[Any, AbstractContextManager[object]]:
        """The domain event, and the block in which it is handled."""


class ApplicationEvents:
    """Events of an application, as its own mapper reads them."""

    def __init__(
        self,
        application: Application[Any],
        category: Any,
        title: str,
        is_shared: Callable[[], bool] = lambda: False,
    ) -> None:
        """`title` is the group's; `is_shared` says whether it also delivers events of others."""
        self._application = application
        self._category = category
        self._title = title
        self._is_shared = is_shared

    def passes_over(self, recorded: Any) -> bool:
        """What EventStoreDB wrote itself, such as that a stream was tombstoned.

        Of a stream, also events of others: a category may be shared.
        """
        from esnb.eventstoredb.envelope import is_of_server

        if is_of_server(recorded):
            return True
        return self._is_shared() and self._category.notification(recorded) is None

    def opened(self, recorded: Any) -> tuple[Any, AbstractContextManager[object]]:
        notification = self._category.notification(recorded)
        if notification is None:
            raise ForeignGroupError(
                f"group {self._title!r} delivers events of stream {recorded.stream_name!r}, which "
                f"is none of application {self._application.name!r}: it was made for something "
                "else. Choose another group name, or delete that group"
            )
        domain_event = self._application.mapper.to_domain_event(notification)
        return domain_event, Handling(notification, self._application.name)


class RecordedEvents:
    """Events of any stream: JSON as Python values, anything else as bytes."""

    def passes_over(self, recorded: Any) -> bool:
        return False

    def opened(self, recorded: Any) -> tuple[Any, AbstractContextManager[object]]:
        from esnb.eventstoredb.envelope import read_metadata

        is_json = recorded.content_type == JSON
        correlation_id = read_metadata(recorded.metadata).get(CORRELATION_ID) or recorded.id
        return (
            json.loads(recorded.data) if is_json and recorded.data else recorded.data,
            Correlated(Correlation(str(correlation_id), str(recorded.id))),
        )
