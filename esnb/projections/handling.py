"""A projection's handlers, applied to events."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, Notification, TrackingRecorder
from eventsourcing.projection import Projection

from esnb.adapters.checkpoint_event import TrackedEvent
from esnb.projections.current import Handling
from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.kinds import kind_of
from esnb.redis import CommandRefusedError, ViewDamagedError
from esnb.running.exits import contained
from esnb.running.transient import is_transient


class HandlerError(Exception):
    """What a handler raised, or a commit that Redis would refuse, and for which event."""

    def __init__(
        self, notification: Notification, handler: str, error: Exception, before: int = 0
    ) -> None:
        super().__init__(f"{handler} failed for {describe_event(notification)}: {error!r}")
        self.notification = notification
        self.handler = handler
        self.error = error
        self.before = before
        """How many events were given before it; they are committed."""


@dataclass(frozen=True)
class Handlers:
    """A projection of an application's events into a view."""

    application: Application[Any]
    projection: Projection[Any]
    view: TrackingRecorder
    events: CheckpointEvents | None = None
    """Keep which events the view's checkpoints stand at; None: nobody goes on from them."""

    def apply(
        self,
        notifications: Sequence[Notification],
        after: int | None,
        stops: Callable[[], bool] = lambda: False,
    ) -> int:
        """Applies events, the first of which follows the checkpoint `after`; how many.

        Fewer than all when `stops()`, which is asked after each. Topics that
        the projection does not have are passed over undecoded; the checkpoint
        moves past them. Raises HandlerError for an event that cannot be
        applied, when those before it are committed; and what the stores raise.
        """
        topics = frozenset(self.projection.topics)
        name = self.application.name
        done = 0
        with kind_of(self.view).commit(self.application, after, self.events) as commit:
            try:
                for notification in notifications:
                    if not topics or notification.topic in topics:
                        with commit.event():
                            self._handle(notification)
                    done += 1
                    if stops():
                        break
                commit.finish(TrackedEvent(name, notifications[done - 1]))
            except (HandlerError, CommandRefusedError) as error:
                failure = self._failure(error, notifications)
                commit.forget(TrackedEvent(name, failure.notification))
                if failure.before:
                    commit.finish(TrackedEvent(name, notifications[failure.before - 1]))
                failure.__cause__ = failure.error
                commit.fails(failure)
        return done

    @property
    def _takes_notifications(self) -> bool:
        return getattr(self.projection, "takes_notifications", False)

    def _handle(self, notification: Notification) -> None:
        domain_event: Any = None
        try:
            tracking = TrackedEvent(self.application.name, notification)
            if self._takes_notifications:
                # It wants events as they are stored, whose classes need not be there, and
                # records none: no event is the current one.
                domain_event = notification
                contained(self.projection.process_event, notification, tracking)
                return
            domain_event = contained(self.application.mapper.to_domain_event, notification)
            with Handling(notification, self.application.name):
                contained(self.projection.process_event, domain_event, tracking)
        except Exception as error:
            if is_transient(error) or isinstance(error, ViewDamagedError):
                raise
            raise HandlerError(
                notification, self._handler(domain_event, notification), error
            ) from error

    def _failure(
        self, error: HandlerError | CommandRefusedError, notifications: Sequence[Notification]
    ) -> HandlerError:
        """Which event it is, and how many come before it.

        A command is refused when it is committed, which may be later than the
        handling of its event.
        """
        ids = [notification.id for notification in notifications]
        refused = error.error if isinstance(error, HandlerError) else error
        if isinstance(refused, CommandRefusedError) and refused.tracking.notification_id in ids:
            index = ids.index(refused.tracking.notification_id)
            domain_event: Any = notifications[index]
            if not self._takes_notifications:
                domain_event = self.application.mapper.to_domain_event(domain_event)
            handler = self._handler(domain_event, notifications[index])
            return HandlerError(notifications[index], handler, refused, index)
        assert isinstance(error, HandlerError)
        error.before = ids.index(error.notification.id)
        return error

    def _handler(self, domain_event: Any, notification: Notification) -> str:
        """The function that handles the event, for people to find it."""
        if domain_event is None:
            return f"the decoding of {notification.topic}"
        found = inspect.getattr_static(type(self.projection), "process_event", None)
        dispatcher = getattr(found, "dispatcher", None)
        function = found if dispatcher is None else dispatcher.dispatch(type(domain_event))
        module = getattr(function, "__module__", type(self.projection).__module__)
        name = getattr(function, "__qualname__", f"{type(self.projection).__qualname__}")
        return f"{module}:{name}({type(domain_event).__qualname__})"


def describe_event(notification: Notification) -> str:
    """An event by id, topic, aggregate and version."""
    return (
        f"event {notification.id} ({notification.topic}, version "
        f"{notification.originator_version} of {notification.originator_id})"
    )


def may_be_conflict(error: Exception) -> bool:
    """Whether another runner may have been first; the checkpoint tells."""
    return isinstance(error, IntegrityError) or (
        isinstance(error, HandlerError) and isinstance(error.error, IntegrityError)
    )
