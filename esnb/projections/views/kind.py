"""What a runner and the frames ask of a view, however it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory, TrackingRecorder
from eventsourcing.utils import Environment

from esnb.projections.views.checkpoint_events import CheckpointEvents, EventsOfObject
from esnb.projections.views.commit import Commit, OneByOne
from esnb.projections.views.dead_letters import DeadLetter, DeadLetters, DeadLettersInMemory
from esnb.projections.views.rebuild import NoRebuild, Rebuild
from esnb.projections.views.rows import Rows
from esnb.sources.source import describe_source

Make = Callable[[], TrackingRecorder]
"""Gives another view of the same class."""


class ViewKind:
    """One view, as its kind works with it: here any `TrackingRecorder`, plainly.

    It commits event by event, cannot be rebuilt, and keeps dead letters and the
    events of its checkpoints in memory; the frames show it where it has `rows()`
    and `checkpoints()` of its own. Kinds override what they can do better. Made
    whenever it is wanted: it keeps nothing but the view.
    """

    def __init__(self, view: Any) -> None:
        self._view = view

    @property
    def name(self) -> str:
        """The projection's, where the view bears it; else its class's."""
        return type(self._view).__name__

    # --- for runners ---------------------------------------------------------------

    @property
    def generation(self) -> str:
        """Another text after the view was replaced; empty where its store does not tell."""
        return ""

    def check_answers(self) -> None:
        """Raises OperationalError while the store is away.

        A database is not asked: its own writer would hold up whoever asks.
        """

    def claim(self, projection_class: type[Any]) -> None:
        """Raises ForeignViewError for a view that is known to be another projection's."""

    def load_checkpoint(self, application_name: str) -> int | None:
        """The checkpoint, from which this object goes on whatever became of the view."""
        found: int | None = self._view.max_tracking_id(application_name)
        return found

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        """Where the view keeps which events its checkpoints stand at.

        `may_create` says whether a place for them may be made. Where there is
        none they are known as long as the view object.
        """
        return EventsOfObject(self._view)

    def commit(
        self, application: Application[Any], after: int | None, events: CheckpointEvents | None
    ) -> AbstractContextManager[Commit]:
        """The next events of `application` after the checkpoint `after`, in one step if it can.

        `events` keep what the checkpoint then stands at. Raises IntegrityError,
        having applied nothing, where the stored checkpoint is another one and
        the view can tell.
        """
        return OneByOne(self._view)

    def dead_letters(self, in_memory: list[DeadLetter]) -> DeadLetters:
        """Where events are set aside: in the view's store, or `in_memory`."""
        return DeadLettersInMemory(self._view, in_memory)

    def rebuild(self, application_name: str, projection_class: type[Any], make: Make) -> Rebuild:
        """How the view is filled again."""
        return NoRebuild(self._view)

    # --- for frames ----------------------------------------------------------------

    def positions(self) -> Mapping[str, int]:
        """The checkpoint in each application that the view follows.

        Raises TypeError for a view that answers for one named application only.
        """
        own = getattr(self._view, "checkpoints", None)
        return own() if callable(own) else self._positions()

    def _positions(self) -> Mapping[str, int]:
        """Those of a view that has no `checkpoints()` of its own."""
        raise TypeError(
            f"{describe_source(self._view)} cannot tell which applications it follows: ask it by "
            "name, max_tracking_id(application_name), or pass the runner"
        )

    def rows(self, table: str | None = None) -> Rows:
        """All that the view holds; of several tables the one that `table` names.

        Raises TypeError for a view that does not show its state, ValueError for
        a table that is not the view's and for several without `table`.
        """
        own = getattr(self._view, "rows", None)
        return Rows(list(own())) if callable(own) else self._rows(table)

    def _rows(self, table: str | None) -> Rows:
        """What a view holds that has no `rows()` of its own."""
        raise TypeError(
            f"{describe_source(self._view)} does not show its state: give the view class a method "
            "rows() that returns its rows as dicts (Redis, SQLite and POPO views are shown as "
            "they are)"
        )

    @classmethod
    @contextmanager
    def temporary(
        cls, view_class: type[Any], name: str, app: Application[Any], env: Mapping[str, str] | None
    ) -> Iterator[TrackingRecorder]:
        """An empty view for the projection `name` of `app`'s events, gone after the block.

        `env` has the settings of its store, where any are given. Raises TypeError
        for a class that needs them.
        """
        settings = Environment(name, {**(env or cls._settings_in_memory(view_class))})
        factory = InfrastructureFactory[Any].construct(settings)
        try:
            yield factory.tracking_recorder(view_class)
        finally:
            factory.close()

    @classmethod
    def _settings_in_memory(cls, view_class: type[TrackingRecorder]) -> Mapping[str, str]:
        """Settings of a database that is nowhere but in memory."""
        raise TypeError(
            f"{view_class.__qualname__} is not a Redis, SQLite, SQLAlchemy or POPO view: pass the "
            "settings of a store that may be written to with env="
        )
