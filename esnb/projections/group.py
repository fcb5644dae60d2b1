"""Many events in one commit, where the view can do that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from eventsourcing.persistence import Tracking, TrackingRecorder

from esnb.projections.checkpoint_events import CheckpointEvents
from esnb.projections.sql_group import is_sqlalchemy, sql_group
from esnb.redis import RedisTrackingRecorder
from esnb.redis.batch import Batch

_NOTHING = nullcontext()


class Group(Protocol):
    """The commit of some events that a view takes in succession."""

    def event(self) -> AbstractContextManager[object]:
        """The block in which one event is handled."""

    def fails(self, error: Exception) -> None:
        """Raises `error`, at once or when those before it are committed."""

    def forget(self, tracking: Tracking) -> None:
        """Drops what is queued of this event, the last one."""

    def finish(self, tracking: Tracking) -> None:
        """Commits what is queued and moves the checkpoint to this event, if it is not there."""


@contextmanager
def group(
    view: TrackingRecorder,
    size: int,
    after: int | None,
    *,
    application_name: str,
    recorder: object = None,
    events: CheckpointEvents | None = None,
) -> Iterator[Group]:
    """The next `size` events of `view`, whose checkpoint in an application is `after`.

    A Redis view commits them in one round trip, a SQLAlchemy view in one
    transaction; other views each by itself, as the library has it. So does a
    SQLAlchemy view over an application whose `recorder` is SQLAlchemy's, too:
    what its handlers read from the application would come from the view's
    transaction, of which that library has one a thread. `events` keep which
    event a SQLAlchemy view's checkpoint stands at.
    """
    if isinstance(view, RedisTrackingRecorder):
        # One more than are queued: it is committed when `finish()` says so.
        with view.batch(size + 1, after=after) as batch:
            yield _Queued(view, batch)
    elif is_sqlalchemy(view) and not is_sqlalchemy(recorder):
        with sql_group(view, application_name, after, events) as transaction:
            yield transaction
    else:
        yield _OneByOne(view)


class _AtOnce:
    def event(self) -> AbstractContextManager[object]:
        return _NOTHING

    def fails(self, error: Exception) -> None:
        raise error


class _Queued(_AtOnce):
    def __init__(self, view: RedisTrackingRecorder, batch: Batch) -> None:
        self._view = view
        self._batch = batch

    def forget(self, tracking: Tracking) -> None:
        self._batch.forget(tracking)

    def finish(self, tracking: Tracking) -> None:
        # A handler that read from the view has committed what was queued.
        if self._batch.position != tracking.notification_id:
            self._view.insert_tracking(tracking)
        self._batch.flush()


class _OneByOne(_AtOnce):
    def __init__(self, view: TrackingRecorder) -> None:
        self._view = view

    def forget(self, tracking: Tracking) -> None:
        """Nothing is queued."""

    def finish(self, tracking: Tracking) -> None:
        if not self._view.has_tracking_id(tracking.application_name, tracking.notification_id):
            self._view.insert_tracking(tracking)
