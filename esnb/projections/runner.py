"""The catch-up runner: a projection that follows its application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_origin

from eventsourcing.application import Application
from eventsourcing.persistence import (
    InfrastructureFactory,
    TrackingRecorder,
    WaitInterruptedError,
)
from eventsourcing.projection import Projection
from eventsourcing.utils import EnvType, strtobool

from esnb.adapters.stream_prefix import prefix_setting
from esnb.clients.uri import guarded_settings, masked_error
from esnb.projections.runner_position import RunnerPosition
from esnb.projections.same_log import SameLog
from esnb.projections.views.dead_letters import DeadLetter
from esnb.projections.views.kinds import kind_of
from esnb.projections.worker import ProjectionWorker
from esnb.running.actions import Action
from esnb.running.backoff import Backoff
from esnb.running.closing import close_with_stores
from esnb.running.progress import Progress
from esnb.running.runner import PausableRunner, has_ended
from esnb.running.status import RunnerStatus
from esnb.running.task import PATIENCE, Task
from esnb.setting import environment
from esnb.threads import question
from esnb.threads.question import UnansweredError

TApplication = TypeVar("TApplication", bound=Application[Any])
TView = TypeVar("TView", bound=TrackingRecorder)

_UNREBUILT: tuple[Action, ...] = ("pause", "resume")
"""What can be asked of a runner whose view has no way to be rebuilt."""


class CatchUpRunner(PausableRunner[ProjectionWorker], Generic[TApplication, TView]):
    """Applies an application's events to a view, in order, each exactly once.

    The arguments are those of the library's `ProjectionRunner`:
    `application_class` (or an application that is there already),
    `projection_class`, `view_class`, `env`. It works over every application of
    the library and with every view: a Redis view commits up to `batch_size`
    events and the checkpoint in one atomic round trip, others one event at a
    time. Where the recorder cannot subscribe (SQLite) it polls.

    Lost connections, restarted servers and emptied script caches it survives
    by itself, going on from the view's checkpoint. An event that a handler
    cannot take stops it, those before it being committed: `status()` has the
    event, the handler and the traceback, and `wait()` raises what the handler
    raised. With `on_error="dead-letter"` such an event is set aside instead,
    in `dead_letters()`. Of two runners of one projection one stands by until
    the other stops.

    A view remembers which event its checkpoint stands at. Where the log has
    another one there, because the event store was emptied and filled again or
    is another one, `wait()` raises CheckpointMismatchError (CheckpointAheadError
    where the log ends before it) and the view stays as it is until `rebuild()`.

    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> from eventsourcing.popo import POPOTrackingRecorder
    >>> from eventsourcing.projection import Projection
    >>> class Seen(Projection[POPOTrackingRecorder]):
    ...     def process_event(self, domain_event, tracking):
    ...         self.view.insert_tracking(tracking)
    >>> with CatchUpRunner(Application, Seen, POPOTrackingRecorder) as runner:
    ...     _ = runner.app.save(Aggregate())
    ...     runner.wait()
    ...     runner.status().position, runner.status().lag
    (1, 0)
    """

    app: TApplication
    """The application whose events are read."""
    view: TView
    projection: Projection[TView]

    _way_out: ClassVar[str] = (
        "rebuild() fills the view from the events that there are; to keep a view of each log, give "
        "one of them another REDIS_KEY_PREFIX or database, or its projection another name"
    )
    """What to do where the view was made from another log."""

    def __init__(
        self,
        application_class: type[TApplication] | TApplication,
        projection_class: type[Projection[TView]],
        view_class: type[TView],
        env: EnvType | None = None,
        *,
        batch_size: int = 500,
        on_error: Literal["stop", "dead-letter"] = "stop",
        backoff: Backoff | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size!r}: a batch holds at least one event")
        if on_error not in ("stop", "dead-letter"):
            raise ValueError(f"on_error is {on_error!r}: pass 'stop' or 'dead-letter'")
        if env is not None and not isinstance(env, Mapping):
            raise TypeError(
                f"env is a {type(env).__qualname__}: pass a mapping of settings, such as stores.env"
            )
        env = None if env is None else guarded_settings(env)
        _check(projection_class, view_class)
        self.app = _application(application_class, env)
        # The application may have settings of its own; the view follows its streams.
        followed = prefix_setting(self.app.env, self.app.name)
        settings = environment(projection_class.name, env, followed)
        factory = InfrastructureFactory[TView].construct(settings)
        self.view = _view(factory, view_class)
        self.projection = projection_class(view=self.view)
        self._batch_size = batch_size
        self._sets_aside = on_error == "dead-letter"
        self._backoff = backoff or Backoff()
        self._progress = Progress(clock)
        self._dead_letters: list[DeadLetter] = []
        """Of a view that cannot keep them itself."""
        self._rebuild = kind_of(self.view).rebuild(
            self.app.name, projection_class, lambda: factory.tracking_recorder(view_class)
        )
        self._same_log = SameLog(self.app, projection_class.name, self._way_out)
        self._makes_tables = strtobool(settings.get("CREATE_TABLE") or "yes")
        self._position = RunnerPosition(self.app, self.view, self._progress, self._same_log)
        super().__init__([Task(f"esnb-{self.projection.name}", self._progress)])
        close_with_stores(settings, self.stop)

    @property
    def app_name(self) -> str:
        """The application's name, under which the view keeps the checkpoint."""
        return self.app.name

    # --- its life ---------------------------------------------------------------

    def _work(self, task: Task[ProjectionWorker]) -> ProjectionWorker:
        return ProjectionWorker(
            application=self.app,
            projection=self.projection,
            view=self.view,
            same_log=self._same_log,
            makes_tables=self._makes_tables,
            rebuild=self._rebuild,
            progress=task.progress,
            dead_letters=self._dead_letters,
            batch_size=self._batch_size,
            sets_aside=self._sets_aside,
            backoff=self._backoff,
            standby=Backoff(0.5, 1.0, self._backoff.chance),
        )

    def rebuild(self) -> None:
        """Fills the view again from the first event, and returns at once.

        The view is filled beside itself and swapped in when it has caught up,
        in Redis by one script, in SQLAlchemy's tables in one transaction:
        until then readers see the old one, which stays as it is, and keys and
        checkpoints of other views are never touched. `wait()` waits for the
        new one. A rebuild that is killed goes on when the projection runs
        again, or starts over when its code has changed; a runner that starts
        while another rebuilds helps it. Starts the runner where it does not
        run, or has failed; one that is paused begins when it is resumed. Raises
        NotSupportedError for views that cannot be filled beside themselves: of
        the library's own SQL modules, and in tables whose names do not depend on
        the projection's.
        """
        self._rebuild.check()
        with self._progress.changed:
            self._progress.rebuild = self._progress.rebuilding = True
        self.start()
        self._tasks[0].interrupt()

    # --- what it has done --------------------------------------------------------

    def wait(self, notification_id: int | None = None, *, timeout: float = PATIENCE) -> None:
        """Blocks until all that was recorded before the call, or that id, is applied.

        After `rebuild()`, in the rebuilt view. `timeout` is in seconds. Raises
        the runner's own error when it has failed, TimeoutError (which says what
        it was doing), WaitInterruptedError when it is stopped meanwhile, and
        ProgrammingError when it was not started.
        """
        deadline = monotonic() + timeout
        progress = self._progress
        progress.changed.check_process()
        if self._position.was_reset(min(timeout, question.PATIENCE)):
            with progress.changed:
                progress.reopens_asked += 1
            self._tasks[0].interrupt()
        try:
            target = self._position.head(deadline) if notification_id is None else notification_id
        except UnansweredError as error:
            raise TimeoutError(f"{self._place()} after {timeout} s of waiting: {error}") from error

        def is_reached() -> bool:
            if progress.rebuilding or progress.is_to_reopen():
                return False
            return not target or (progress.position is not None and progress.position >= target)

        if not self.is_started and target and self._position.is_stored(target, deadline):
            return
        self._check_started()
        progress.wait(max(0.0, deadline - monotonic()), lambda: is_reached() or has_ended(progress))
        if is_reached():
            return
        self._raise_failure()
        if progress.state == "stopped":
            raise WaitInterruptedError(
                f"{self!r} was stopped at event {progress.position}, before event {target}"
            )
        wrong = progress.error or (None if self._problem is None else masked_error(self._problem))
        because = f": {wrong}" if wrong else ""
        raise TimeoutError(
            f"{self!r} has not reached event {target} of application {self.app.name!r} within "
            f"{timeout} s; it is {progress.state} at event {progress.position}{because}"
        )

    def status(self) -> RunnerStatus:
        """How it is doing, as plain data.

        Asks the event store for its last event, and Redis, where the view is in
        it, whether it answers: what is away is said before the runner needs it.
        It waits no longer than a second for them; then `error` says since when
        the rest is not known.
        """
        status = self._position.status(self.projection.name, self._batch_size, self._problem)
        return status if self._rebuild.is_possible else replace(status, all_actions=_UNREBUILT)

    def positions(self) -> list[tuple[datetime, int | None]]:
        """When (UTC) it has come to which position, since it was started; oldest first.

        At most 512 of them: of a longer run those that lie apart. A position is
        the notification id of the last event applied, None before the first.
        """
        return self._progress.positions()

    def dead_letters(self) -> list[DeadLetter]:
        """The events that were set aside (`on_error="dead-letter"`), in order.

        A Redis view keeps them; of other views they last as long as this runner.
        """
        return kind_of(self.view).dead_letters(self._dead_letters).all()

    def __repr__(self) -> str:
        return f"<CatchUpRunner {self.projection.name!r} over {self.app.name!r}, {self._progress.state}>"

    # --- inside ------------------------------------------------------------------

    @property
    def _problem(self) -> Exception | None:
        work = self._tasks[0].work
        return None if work is None else work.problem

    def _place(self) -> str:
        """Itself and how far it has come, for an error."""
        return f"{self!r} is at event {self._progress.position}"


def _application(
    application_class: type[TApplication] | TApplication, env: EnvType | None
) -> TApplication:
    require_application(application_class)
    return (
        application_class if isinstance(application_class, Application) else application_class(env)
    )


def require_application(given: object) -> None:
    """TypeError for what is neither an Application nor a class of one."""
    if not isinstance(given, Application) and not _is_class(given, Application):
        raise TypeError(
            f"{given!r} is not an eventsourcing Application: pass a class, or an instance "
            "(the library's own ProjectionRunner runs over a DCBApplication)"
        )


def _check(projection_class: object, view_class: object) -> None:
    if not _is_class(projection_class, Projection):
        raise TypeError(
            f"{projection_class!r} is not a projection: pass a subclass of "
            "eventsourcing.projection.Projection"
        )
    if not _is_class(view_class, TrackingRecorder):
        raise TypeError(f"{view_class!r} is not a view class: pass a TrackingRecorder's class")


def _is_class(given: object, of: type) -> bool:
    plain = get_origin(given) or given
    return isinstance(plain, type) and issubclass(plain, of)


def _view(factory: InfrastructureFactory[TView], view_class: type[TView]) -> TView:
    try:
        return factory.tracking_recorder(view_class)
    except AssertionError as error:
        if error.args:  # the view's own
            raise
        # So the library's factories refuse the views of other stores.
        variable = factory.env.create_keys(factory.PERSISTENCE_MODULE)[0]
        raise TypeError(
            f"{type(factory).__module__} does not build {view_class.__qualname__}: pass env=stores.env, "
            f"or set {variable} to the persistence module of its store (esnb.redis for a RedisView)"
        ) from error
