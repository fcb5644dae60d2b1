"""Where a catch-up runner stands: its checkpoint, its application's end, and what is between."""

from __future__ import annotations

from time import monotonic
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import PersistenceError, TrackingRecorder

from esnb.clients.uri import masked_error
from esnb.projections.lag import LagMeter
from esnb.projections.same_log import SameLog
from esnb.projections.views.kinds import kind_of
from esnb.running.progress import Progress
from esnb.running.status import RunnerStatus, absence, answer_or_error, oldest, retrying_if_away
from esnb.threads import question
from esnb.threads.question import Question, UnansweredError, within


class RunnerPosition:
    """Reads where a view and its application are; the runner's thread says the rest."""

    def __init__(
        self,
        app: Application[Any],
        view: TrackingRecorder,
        progress: Progress,
        same_log: SameLog,
    ) -> None:
        self._app = app
        self._view = view
        self._progress = progress
        self._same_log = same_log
        self._lag = LagMeter(app)
        self._checkpoint = Question[int | None](f"the view of application {app.name!r}")
        self._head = Question[int | None](f"the event store of application {app.name!r}")
        self._distance = Question[tuple[int | None, float | None]](self._head.what)

    def head(self, deadline: float) -> int | None:
        """The last event's id; a store that is away is waited for, as the thread does.

        Raises UnansweredError for one that says nothing until the `deadline`.
        """
        while True:
            try:
                return within(max(0.0, deadline - monotonic()), self._head.what, self._last_id)
            except UnansweredError:
                raise
            except PersistenceError:
                if monotonic() >= deadline or self._progress.wait(
                    0.1, lambda: self._progress.state in ("stopped", "failed")
                ):
                    raise

    def was_reset(self, patience: float) -> bool:
        """Whether the view or the event store was emptied, or set back, under the runner.

        No, as far as can be told, when they do not say within `patience` seconds.
        """
        progress = self._progress
        with progress.changed:
            if not progress.is_open or progress.rebuilding or not progress.position:
                return False
            position, event = progress.checkpoint()

        def is_reset() -> bool:
            stored = self._view.max_tracking_id(self._app.name) or 0
            return stored < (position or 0) or self._same_log.problem(position, event) is not None

        # A store that is away the thread opens again by itself.
        found, away = answer_or_error(
            lambda: within(patience, "the view and its application", is_reset)
        )
        return away is None and bool(found)

    def is_stored(self, notification_id: int, deadline: float) -> bool:
        """Whether the view has come to that event, whoever has brought it there."""
        return within(
            max(0.0, deadline - monotonic()),
            self._checkpoint.what,
            lambda: self._view.has_tracking_id(self._app.name, notification_id),
        )

    def status(self, name: str, batch_size: int, problem: Exception | None) -> RunnerStatus:
        """All of it as plain data. Asks the event store for its last event, and Redis whether it answers.

        Both at the same time, in other threads, and for no longer than a second.
        `problem` is why no events come, where that is known.
        """
        progress = self._progress
        deadline = monotonic() + question.PATIENCE
        stored, last = self._checkpoint.put(self._stored), self._head.put(self._last_id)
        view_away: Exception | None = None
        position: int | None = None
        is_open = progress.is_open
        if not is_open:
            position, view_away = answer_or_error(stored)
        head, app_away = answer_or_error(last)
        with progress.changed:
            applied = progress.applied
            if is_open:
                position = progress.position
        lag: int | None = None
        seconds: float | None = None
        if app_away is None and view_away is None:
            left = max(0.0, deadline - monotonic())
            distance = self._distance.put(lambda: self._measured(position, head, applied), left)
            measured, app_away = answer_or_error(distance)
            lag, seconds = measured or (None, None)
        if is_open:
            _, view_away = answer_or_error(stored)
        since = oldest([(self._checkpoint, view_away), (self._head, app_away)])
        if app_away is not None and head is None and self._head.newest is not None:
            head = self._head.newest.value
        with progress.changed:
            state, wrong = retrying_if_away(
                progress.state,
                progress.error,
                absence(app_away or view_away, since)
                or (None if problem is None else masked_error(problem)),
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
                known_since=since,
            )

    def _last_id(self) -> int | None:
        return self._app.recorder.max_notification_id()

    def _stored(self) -> int | None:
        """The view's checkpoint, where the thread has not opened it yet; then whether it answers."""
        if not self._progress.is_open:
            return self._view.max_tracking_id(self._app.name)
        kind_of(self._view).check_answers()
        return None

    def _measured(
        self, position: int | None, head: int | None, applied: int
    ) -> tuple[int | None, float | None]:
        """How far `position` is behind `head`, in events and in seconds."""
        lag = self._lag.events(position, head, applied)
        return lag, 0.0 if lag == 0 else self._lag.seconds(position, head)
