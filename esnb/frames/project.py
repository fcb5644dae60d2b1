"""A read model as it was at any time, or as a changed projection would fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pandas as pd
from eventsourcing.application import Application
from eventsourcing.persistence import Notification, TrackingRecorder
from eventsourcing.projection import Projection

from esnb.clients.uri import guarded_argument, guarded_settings
from esnb.frames.read_model import read_model
from esnb.projections.views import kind_class
from esnb.sources.application import ApplicationSource
from esnb.sources.moments import Moment, own_time, read_end
from esnb.sources.numbers import whole
from esnb.sources.progress_bar import track
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.source import describe_source

BATCH = 500
"""Events that a view is given in one commit, where it can take several."""

ProjectionFunction = Callable[[Any, Any, Any], object]
"""A function of the view, a domain event and its tracking object."""


def project(
    app: Application[Any],
    projection_class: type[Projection[Any]] | ProjectionFunction,
    view_class: type[TrackingRecorder],
    *,
    until: int | Moment | None = None,
    table: str | None = None,
    env: Mapping[str, str] | None = None,
    redact: Redact | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """What a projection makes of an application's events, up to some moment.

    The events are passed to a new projection over an empty view, as a runner
    would pass them; the view that is in use is not touched. `until` (inclusive)
    is a position, as in `events`, or a time (a datetime or text, UTC without an
    offset; a day without a time of day: the end of that day): then it ends
    before the first later event. Instead of a projection
    class you may pass a function, which is called with the view, the domain
    event and the tracking object for each event.

    The new view is thrown away at the end. A Redis view gets a namespace of its
    own in the Redis of `app.env` (or of the process's environment), a SQLite or
    SQLAlchemy view an in-memory database, a POPO view is an object. Any other
    class, and a view that needs other settings, is built from `env`: name a
    store there that may be written to.

    Columns: those that `read_model` returns for a view of this class; `table`
    and `redact` as there.

    Raises TypeError for an app that is not an Application and for a view class
    that cannot be built, ValueError for a time that cannot be read, and what the
    projection raises, with the event named in a note, and without its text where
    `redact` hides anything.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog, Tricks
    >>> app = Application()
    >>> dog = Dog("Fido")
    >>> dog.add_trick("roll over")
    >>> dog.add_trick("sit")
    >>> _ = app.save(dog)
    >>> def count(view, event, tracking):
    ...     if type(event).__name__ == "TrickAdded":
    ...         view.count(event.trick, tracking)
    >>> esnb.project(app, count, Tricks, until=2)
    key       type  field      value
    by_trick  dict  roll over      1
    1 entry
    """
    app = guarded_argument(app)
    if not isinstance(app, Application):
        raise TypeError(
            f"project() reads an application's events: pass an eventsourcing Application, "
            f"not {describe_source(app)}"
        )
    env = None if env is None else guarded_settings(env)
    source = ApplicationSource(app)
    wanted = _until(source, until)
    projection = _projection_class(projection_class)
    if not isinstance(view_class, type) or not issubclass(view_class, TrackingRecorder):
        raise TypeError(
            f"no view class: {describe_source(view_class)}; pass the class of a TrackingRecorder"
        )
    with kind_class(view_class).temporary(view_class, projection.name, app, env) as view:
        notifications = track(
            wanted(source.notifications(None)),
            unit="events",
            total=source.count(None) if until is None else None,
            progress=progress,
        )
        _fill(app, projection(view=view), view, notifications, Redaction(redact))
        return read_model(view, table=table, redact=redact)


def _fill(
    app: Application[Any],
    projection: Projection[Any],
    view: TrackingRecorder,
    notifications: Iterable[Notification],
    redaction: Redaction,
) -> None:
    from esnb.projections import handling

    handlers = handling.Handlers(app, projection, view)
    reached: int | None = None
    for batch in _batches(notifications):
        problem: Exception | None = None
        try:
            handlers.apply(batch, reached)
        except handling.HandlerError as failure:
            problem = redaction.error(failure.error)
            event = handling.describe_event(failure.notification)
            problem.add_note(f"{failure.handler} failed for {event}")
        except Exception as error:  # noqa: BLE001  the handler's word for a store that is away
            problem = redaction.error(error)
        if problem is not None:
            raise problem  # here, where it has no other error in its context
        reached = batch[-1].id


def _batches(notifications: Iterable[Notification]) -> Iterator[list[Notification]]:
    batch: list[Notification] = []
    for notification in notifications:
        batch.append(notification)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


Cut = Callable[[Iterable[Notification]], Iterator[Notification]]


def _until(source: ApplicationSource, until: int | Moment | None) -> Cut:
    """What takes the notifications up to the moment."""
    if until is None:
        return iter
    if not hasattr(until, "__index__"):
        moment = read_end(until, "until")
        return lambda notifications: _while(
            notifications, lambda each: (time := _time(source, each)) is None or time <= moment
        )
    last = whole(until, "until")
    assert last is not None
    return lambda notifications: _while(notifications, lambda each: each.id <= last)


def _while(
    notifications: Iterable[Notification], holds: Callable[[Notification], bool]
) -> Iterator[Notification]:
    for notification in notifications:
        if not holds(notification):
            return
        yield notification


def _time(source: ApplicationSource, notification: Notification) -> Any:
    record = source.record(notification)
    data, _ = source.decode(record)
    return own_time(data) or record.recorded


def _projection_class(given: type[Projection[Any]] | ProjectionFunction) -> type[Projection[Any]]:
    if isinstance(given, type):
        if issubclass(given, Projection):
            return given
        raise TypeError(
            f"{given.__qualname__} is not a projection: pass a subclass of "
            "eventsourcing.projection.Projection, or a function of view, event and tracking"
        )
    if not callable(given):
        raise TypeError(f"{describe_source(given)} is not a projection: pass a class or a function")
    function = given

    class FunctionProjection(Projection[Any]):
        name = getattr(function, "__name__", "function").strip("<>")

        def process_event(self, domain_event: Any, tracking: Any) -> None:
            function(self.view, domain_event, tracking)

    return FunctionProjection
