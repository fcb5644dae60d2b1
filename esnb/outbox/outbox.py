"""The outbox: an application's events, kept until each has reached its queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Generic, NoReturn, TypeVar
from unicodedata import category
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import NotSupportedError, Tracking
from eventsourcing.projection import Projection
from eventsourcing.utils import get_topic

from esnb.clients.uri import guarded_settings
from esnb.clock import now
from esnb.correlation import CAUSATION_ID, CORRELATION_ID
from esnb.outbox.errors import PayloadError
from esnb.outbox.payload import stored_payload
from esnb.outbox.record import OutboxRecord
from esnb.outbox.view import OutboxView
from esnb.projections import Backoff, CatchUpRunner
from esnb.projections.current import event_id_of
from esnb.projections.runner import require_application
from esnb.running.status import RunnerStatus, answer_or_error
from esnb.threads.question import Question

TApplication = TypeVar("TApplication", bound=Application[Any])
_NONE: Mapping[str, Any] = {}


class Outbox(CatchUpRunner[TApplication, OutboxView], Generic[TApplication]):
    """Events become records in Redis, each in one atomic step with the checkpoint.

    A catch-up runner (`start()`, `stop()`, `wait()`, `status()`, `pause()`) whose
    view is the outbox. `stores` are those of `esnb.connect()`, or a mapping of
    settings with REDIS_URL; `application_class` is an application's class, or an
    application that already exists, on whatever store. `topics` are event
    classes or their topics (default: all events). Outboxes of one application
    with different names have nothing to do with each other; the name is by
    default the application's, followed by `-outbox`.

    An event whose state is not JSON becomes a record as well: its publisher says
    so, and holds up its aggregate only.

    >>> import esnb
    >>> from eventsourcing.domain import Aggregate
    >>> with esnb.connect(embedded=True) as stores:
    ...     app = stores.application(Application)
    ...     _ = app.save(Aggregate())
    ...     with Outbox(stores, app) as outbox:
    ...         outbox.wait()
    ...         [(record.type, record.state) for record in outbox.records()]
    [('Aggregate.Created', 'pending')]
    """

    _way_out: ClassVar[str] = (
        "An outbox is not rebuilt, because every event would reach its queue again: make an outbox "
        "of another name, or set another REDIS_KEY_PREFIX"
    )

    def __init__(
        self,
        stores: Any,
        application_class: type[TApplication] | TApplication,
        *,
        name: str | None = None,
        topics: Iterable[str | type[Any]] = (),
        batch_size: int = 500,
        backoff: Backoff | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        if isinstance(topics, str | type):
            raise TypeError(f"topics is {topics!r}: pass a list, such as [{topics!r}]")
        require_application(application_class)
        settings: Mapping[str, str] = getattr(stores, "env", stores)
        if not isinstance(settings, Mapping):
            raise TypeError(
                f"not stores: {type(stores).__qualname__}; pass the Stores that esnb.connect() "
                "returns, or a mapping of settings with REDIS_URL"
            )
        if name is None:
            name = f"{application_class.name}-outbox"
        _check_name(name)
        stores = None  # a traceback may show it
        settings = guarded_settings(settings)
        env = {**settings, f"{name.upper()}_PERSISTENCE_MODULE": "esnb.redis"}
        projection = _projection(name, tuple(map(_topic, topics)), clock)
        super().__init__(
            application_class, projection, OutboxView, env, batch_size=batch_size, backoff=backoff
        )
        projection.application = self.app
        self.env: Mapping[str, str] = env
        self._dead = Question[int](f"Redis, of outbox {name!r}")

    @property
    def name(self) -> str:
        return self.projection.name

    def records(self) -> list[OutboxRecord]:
        """All records, in the order of their events; settled ones for a time."""
        return self.view.records()

    def retry(self, ids: str | UUID | Iterable[str | UUID]) -> int:
        """Has failed and dead records tried again at once, from their first attempt; how many.

        Raises ValueError for an id that the outbox does not have.
        """
        return self.view.resolve("retry", _ids(ids))

    def retry_dead(self) -> int:
        """Retries all records that failed for good; returns how many."""
        return self.retry(self.view.dead())

    def discard(self, ids: str | UUID | Iterable[str | UUID]) -> int:
        """Takes records out that are not to be sent: they become `skipped`; how many.

        Those behind them in their aggregates go on. Records that are published
        already, or are being published, stay as they are. Raises ValueError
        for an id that the outbox does not have.
        """
        return self.view.resolve("discard", _ids(ids))

    def status(self) -> RunnerStatus:
        """How it is doing, as plain data; `dead` are the records that failed for good."""
        asked = self._dead.put(self.view.count_dead)  # while the others answer
        status = super().status()
        dead, _ = answer_or_error(asked)
        return replace(
            status, kind="outbox", dead=dead, all_actions=("pause", "resume", "retry dead")
        )

    def rebuild(self) -> NoReturn:
        """Refused: every event would be sent again."""
        raise NotSupportedError(
            f"outbox {self.name!r} is not rebuilt: every event would reach its queue again. "
            "Make an outbox of another name to send them on purpose"
        )

    def __repr__(self) -> str:
        return f"<Outbox {self.name!r} of {self.app.name!r}, {self._progress.state}>"


class _Records(Projection[OutboxView]):
    """Makes a record of each event."""

    takes_notifications: ClassVar[bool] = True
    application: ClassVar[Application[Any]]
    clock: ClassVar[Callable[[], datetime]]

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        notification = domain_event
        metadata = getattr(notification, "metadata", _NONE)
        id = str(event_id_of(notification, self.application.name))
        payload, problem = None, None
        try:
            payload = stored_payload(self.application.mapper, notification.state)
        except PayloadError as error:
            problem = str(error)
        causation_id = metadata.get(CAUSATION_ID)
        record = OutboxRecord(
            id=id,
            aggregate_id=str(notification.originator_id),
            version=notification.originator_version,
            topic=notification.topic,
            payload=payload,
            headers={
                "correlation_id": str(metadata.get(CORRELATION_ID) or id),
                "causation_id": None if causation_id is None else str(causation_id),
                "application": self.application.name,
            },
            position=notification.id,
            created=type(self).clock(),
            payload_error=problem,
        )
        self.view.add(record, tracking)


def _projection(
    name: str, topics: tuple[str, ...], clock: Callable[[], datetime]
) -> type[_Records]:
    """The projection of one outbox: the library takes its name and topics from the class."""
    members = {"name": name, "topics": topics, "clock": staticmethod(clock)}
    return type("OutboxProjection", (_Records,), members)


def _topic(given: str | type[Any]) -> str:
    if isinstance(given, type):
        return get_topic(given)
    if not isinstance(given, str) or not given:
        raise TypeError(f"topics holds {given!r}: pass event classes or their topics")
    return given


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError(
            f"name is {name!r}: an outbox needs one, by which its records and its checkpoint are kept"
        )
    if any(category(character) == "Cs" for character in name):
        raise ValueError(
            f"name is {name!a}: it contains half of a surrogate pair, which UTF-8 cannot encode"
        )


def _ids(given: str | UUID | Iterable[str | UUID]) -> list[object]:
    return [given] if isinstance(given, str | UUID) else list(given)
