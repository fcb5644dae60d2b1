"""Where a catch-up runner stands: its checkpoint, its application's end, and what is between."""

from __future__ import annotations

from time import monotonic
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import PersistenceError, TrackingRecorder

from esnb._uri import said
from esnb.projections.errors import is_transient
from esnb.projections.lag import LagMeter
from esnb.projections.progress import Progress
from esnb.projections.status import RunnerStatus, retrying_if_away
from esnb.redis import RedisTrackingRecorder


class Standing:
    """Reads where a view and its application are; the runner's thread says the rest."""

    def __init__(self, app: Application[Any], view: TrackingRecorder, progress: Progress) -> None:
        self._app = app
        self._view = view
        self._progress = progress
        self._lag = LagMeter(app)

    def head(self, deadline: float) -> int | None:
        """The last event's id; a store that is away is waited for, as the thread does."""
        while True:
            try:
                return self._app.recorder.max_notification_id()
            except PersistenceError:
                if monotonic() >= deadline or self._progress.waits(
                    0.1, lambda: self._progress.state in ("stopped", "failed")
                ):
                    raise

    def was_reset(self) -> bool:
        """Whether the view or the event store was emptied, or set back, under the runner."""
        progress = self._progress
        with progress.changed:
            if not progress.opened or progress.rebuilding or not progress.position:
                return False
            position = progress.position
        try:
            stored = self._view.max_tracking_id(self._app.name)
            head = self._app.recorder.max_notification_id()
        except Exception as error:
            if not (isinstance(error, PersistenceError) or is_transient(error)):
                raise
            return False  # a store is away: the thread opens both anew by itself
        return (stored or 0) < position or (head or 0) < position

    def is_stored(self, notification_id: int) -> bool:
        """Whether the view has come to that event, whoever has brought it there."""
        return self._view.has_tracking_id(self._app.name, notification_id)

    def status(self, name: str, batch_size: int) -> RunnerStatus:
        """All of it as plain data. Asks the event store for its last event, and Redis whether it answers."""
        progress = self._progress
        head: int | None = None
        lag: int | None = None
        seconds: float | None = None
        position, away = self._checkpoint()
        try:
            head = self._app.recorder.max_notification_id()
            with progress.changed:
                applied = progress.applied
                if progress.opened:
                    position = progress.position
            lag = self._lag.events(position, head, applied)
            seconds = 0.0 if lag == 0 else self._lag.seconds(position, head)
        except PersistenceError as error:
            lag = seconds = None  # the store is away: how far it has come is still known
            away = error
        with progress.changed:
            state, wrong = retrying_if_away(
                progress.state, progress.error, None if away is None else said(away)
            )
            return RunnerStatus(
                name=name,
                application=self._app.name,
                state=state,
                position=position,
                head=head,
                lag=lag,
                lag_seconds=seconds,
                rate_per_s=progress.rate.per_second(progress.clock()),
                batch_size=batch_size,
                restarts=progress.restarts,
                dead_letters=progress.dead_letters,
                error=wrong,
                event=progress.event,
                handler=progress.handler,
                traceback=progress.traceback,
            )

    def _checkpoint(self) -> tuple[int | None, Exception | None]:
        """The checkpoint, by the thread's word, else the view's; and why the view does not answer.

        Once the thread has opened it, only a view in Redis is asked anything:
        in a database its own writer would hold up whoever asks.
        """
        progress = self._progress
        stored: int | None = None
        try:
            if not progress.opened:
                stored = self._view.max_tracking_id(self._app.name)
            elif isinstance(self._view, RedisTrackingRecorder):
                self._view.check_answers()
        except Exception as error:
            if not (isinstance(error, PersistenceError) or is_transient(error)):
                raise
            return progress.position, error
        return (progress.position if progress.opened else stored), None
