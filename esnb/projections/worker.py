"""The thread of a runner: reads, applies, and begins again when something breaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import Notification, TrackingRecorder
from eventsourcing.projection import Projection

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent
from esnb.clients.uri import masked_error
from esnb.clock import now
from esnb.projections.current import event_id_of
from esnb.projections.errors import CheckpointAheadError, CheckpointMismatchError
from esnb.projections.feed import EventFeed
from esnb.projections.handling import HandlerError, Handlers, describe_event, may_be_conflict
from esnb.projections.same_log import SameLog
from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.dead_letters import DeadLetter
from esnb.projections.views.kind import ViewKind
from esnb.projections.views.kinds import kind_of
from esnb.projections.views.rebuild import Rebuild
from esnb.redis import ForeignViewError, ViewDamagedError
from esnb.running.backoff import Backoff
from esnb.running.progress import Progress, trace
from esnb.running.recovery import Recovery
from esnb.running.telemetry import telemetry
from esnb.running.work import Work

_IDLE = 5.0
"""Seconds without an event after which it looks whether the stores are still the same."""
_SMALLEST_PAGE = 500
"""Events that are read at a time, however small the batches are."""

_HOPELESS = (CheckpointAheadError, CheckpointMismatchError, ForeignViewError, ViewDamagedError)
"""What trying again does not change."""


class ProjectionWorker(Work):
    """Follows an application's events with one projection, until it is stopped or fails."""

    def __init__(
        self,
        *,
        application: Application[Any],
        projection: Projection[Any],
        view: TrackingRecorder,
        same_log: SameLog,
        makes_tables: bool,
        rebuild: Rebuild,
        progress: Progress,
        dead_letters: list[DeadLetter],
        batch_size: int,
        sets_aside: bool,
        backoff: Backoff,
        standby: Backoff,
    ) -> None:
        self._telemetry = telemetry(
            "esnb.apply", projection=str(projection.name), application=application.name
        )
        self._application = application
        self._projection = projection
        self._view = view
        self._same_log = same_log
        self._makes_tables = makes_tables
        self._events: CheckpointEvents | None = None
        self._rebuild = rebuild
        self._progress = progress
        self._dead_letters = dead_letters
        self._batch_size = batch_size
        self._sets_aside = sets_aside
        self._recovery = Recovery(f"projection {projection.name!r}", progress, backoff)
        self._standby = standby
        self._feed: EventFeed | None = None
        self._filling: TrackingRecorder | None = None
        """The new view, while one is rebuilt."""
        self._looked_for_rebuild = False

    # --- the thread -------------------------------------------------------------

    def run(self) -> None:
        progress = self._progress
        while not progress.stop:
            try:
                if progress.pause:
                    self._pause()
                else:
                    self._follow()
            except Exception as error:  # noqa: BLE001 - it is judged, shown and raised by wait()
                try:
                    overcome = self._overcome(error)
                except Exception as another:  # noqa: BLE001 - as above
                    overcome = self._recovery.retry(another)
                if not overcome:
                    return

    def interrupt(self) -> None:
        feed = self._feed
        if feed is not None:
            feed.interrupt()

    @property
    def problem(self) -> Exception | None:
        """Why no events come at the moment, though the thread does what it can."""
        feed = self._feed
        return None if feed is None else feed.problem

    # --- following ---------------------------------------------------------------

    def _follow(self) -> None:
        """Opens, then reads and applies until something is asked of it."""
        handlers, position, event = self._open()
        feed = self._feed = EventFeed(self._application.recorder, position, event)
        try:
            while not self._progress.is_disturbed():
                found = feed.read(max(self._batch_size, _SMALLEST_PAGE), _IDLE)
                if not found and feed.at_end and not self._is_as_left(handlers.view, position):
                    return
                for start in range(0, len(found), self._batch_size):
                    batch = found[start : start + self._batch_size]
                    position = self._apply(handlers, batch, position)
                    if self._progress.is_disturbed():
                        return
                self._went_well()
                if self._filling is not None and feed.at_end and self._swap(self._filling):
                    return
        finally:
            self._feed = None
            feed.close()
            if self._events is not None:
                self._events.flush()

    def _apply(
        self, handlers: Handlers, batch: Sequence[Notification], position: int | None
    ) -> int | None:
        """Applies a batch, or what of it comes before an event that fails."""
        try:
            ids = {"first_id": batch[0].id, "last_id": batch[-1].id}
            with self._telemetry.work(len(batch), **ids) as work:
                applied = handlers.apply(batch, position, self._progress.is_disturbed)
                work.events = applied
        except HandlerError as failure:
            if failure.before:
                self._reach(batch[failure.before - 1], failure.before)
            raise
        self._went_well()  # first: whoever waits for the position sees the state, too
        self._reach(batch[applied - 1], applied)
        return batch[applied - 1].id

    def _reach(self, last: Notification, events: int) -> None:
        """Takes the position of the last of `events` that were applied."""
        tracking = TrackedEvent(self._application.name, last)
        if self._events is not None:
            self._events.keep(tracking)
        self._progress.applies(tracking, events)

    def _is_as_left(self, view: TrackingRecorder, position: int | None) -> bool:
        """Whether view and store are still those that it has opened; a reset empties both."""
        return view.max_tracking_id(self._application.name) == position and (
            self._same_log.problem(*self._progress.checkpoint()) is None
        )

    def _open(self) -> tuple[Handlers, int | None, CheckpointEvent | None]:
        """The view to fill, its checkpoint and the event known of it, as they are in their store now."""
        progress = self._progress
        asked = progress.reopens_asked
        if progress.rebuild:
            self._filling = self._rebuild.begin()
            self._dead_letters.clear()
            with progress.changed:
                progress.rebuild = False
        elif not self._looked_for_rebuild:
            self._filling = self._rebuild.pending()
        self._looked_for_rebuild = True
        if self._filling is not None and self._rebuild.is_gone(self._filling):
            self._filling = None  # it was swapped in, though the answer was lost
        with progress.changed:
            progress.rebuilding = progress.rebuild or self._filling is not None
            progress.changed.notify_all()
        view, projection = self._view, self._projection
        if self._filling is None:
            kind_of(view).claim(type(projection))
        else:
            view, projection = self._filling, type(projection)(view=self._filling)
        kind = kind_of(view)
        position = kind.load_checkpoint(self._application.name)
        self._events = kind.checkpoint_events(may_create=self._makes_tables)
        event = self._events.load(self._application.name)
        self._same_log.require(position, event)
        progress.set_state("running" if self._filling is None else "rebuilding")
        progress.opened(position, event, asked)
        return Handlers(self._application, projection, view, self._events), position, event

    def _swap(self, filled: TrackingRecorder) -> bool:
        if not self._rebuild.swap(filled, self._application.recorder.max_notification_id()):
            return False
        self._filling = None
        return True

    def _went_well(self) -> None:
        self._recovery.reset()
        self._progress.recover("running" if self._filling is None else "rebuilding")

    def _pause(self) -> None:
        self._progress.set_state("paused")
        self._progress.wait(None, lambda: self._progress.stop or not self._progress.pause)

    # --- what went wrong -----------------------------------------------------------

    def _overcome(self, error: Exception) -> bool:
        """Does what `error` asks for; False when there is no going on."""
        view = kind_of(self._view if self._filling is None else self._filling)
        if may_be_conflict(error):
            before, generation = self._progress.position, view.generation
            now = view.load_checkpoint(self._application.name)
            is_same = now == before and generation in ("", view.generation)
            if not is_same or not isinstance(error, HandlerError):
                if (now or 0) > (before or 0):
                    self._stand_by(view, now)
                else:
                    self._recovery.retry(error)
                return True
        if isinstance(error, HandlerError):
            if not self._sets_aside:
                self._fail(error)
                return False
            self._set_aside(error, view)
            return True
        if isinstance(error, _HOPELESS):
            self._progress.fail(error)
            return False
        return self._recovery.retry(error)

    def _fail(self, failure: HandlerError) -> None:
        event = describe_event(failure.notification)
        failure.error.add_note(
            f"projection {self._projection.name!r}: {failure.handler} for {event}"
        )
        self._progress.fail(failure.error, event, failure.handler)

    def _set_aside(self, failure: HandlerError, view: ViewKind) -> None:
        notification = failure.notification
        name = self._application.name
        letter = DeadLetter(
            notification_id=notification.id,
            event_id=str(event_id_of(notification, name)),
            topic=notification.topic,
            originator_id=str(notification.originator_id),
            originator_version=notification.originator_version,
            handler=failure.handler,
            error=masked_error(failure.error),
            traceback=trace(failure.error),
            time=now().isoformat(),
        )
        tracking = TrackedEvent(name, notification)
        after = view.load_checkpoint(name)
        view.dead_letters(self._dead_letters).add(letter, tracking, after)
        with self._progress.changed:
            self._progress.dead_letters += 1
        self._reach(notification, 1)

    def _stand_by(self, view: ViewKind, position: int | None) -> None:
        """Leaves the work to another runner of the same projection while it does it."""
        progress = self._progress
        with progress.changed:
            progress.restarts += 1
            progress.set_state(
                "standby",
                f"another runner of projection {self._projection.name!r} moves its checkpoint in "
                f"application {self._application.name!r}: this one stands by, and takes over when "
                "the other stops. Stop one of them",
            )
        self._standby.reset()
        while not progress.wait(self._standby.next()):
            progress.reached(position)
            now = view.load_checkpoint(self._application.name)
            head = self._application.recorder.max_notification_id()
            if now == position and (now or 0) < (head or 0):
                return
            position = now
