"""Views of which only the library's own interface is known."""

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
from esnb.sources.source import described


class PlainKind:
    """Any `TrackingRecorder`; other kinds override what they can do better.

    It commits event by event, cannot be rebuilt, and keeps dead letters and the
    events of its checkpoints in memory. The frames show it where it has
    `rows()` and `checkpoints()` of its own.
    """

    def __init__(self, view: Any) -> None:
        self._view = view

    @property
    def name(self) -> str:
        return type(self._view).__name__

    @property
    def generation(self) -> str:
        return ""

    def check_answers(self) -> None:
        """Nobody is asked: a database's own writer would hold up whoever asks."""

    def claim(self, projection_class: type[Any]) -> None:
        """It does not know whose it is."""

    def load_checkpoint(self, application_name: str) -> int | None:
        found: int | None = self._view.max_tracking_id(application_name)
        return found

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        return EventsOfObject(self._view)

    def commit(
        self,
        size: int,
        after: int | None,
        *,
        application_name: str,
        recorder: object = None,
        events: CheckpointEvents | None = None,
    ) -> AbstractContextManager[Commit]:
        return OneByOne(self._view)

    def dead_letters(self, in_memory: list[DeadLetter]) -> DeadLetters:
        return DeadLettersInMemory(self._view, in_memory)

    def rebuild(
        self,
        application_name: str,
        projection_class: type[Any],
        make: Callable[[], TrackingRecorder],
    ) -> Rebuild:
        return NoRebuild(self._view)

    def positions(self) -> Mapping[str, int]:
        own = getattr(self._view, "checkpoints", None)
        return own() if callable(own) else self._positions()

    def _positions(self) -> Mapping[str, int]:
        """Those of a view that has no `checkpoints()` of its own."""
        raise TypeError(
            f"{described(self._view)} cannot tell which applications it follows: ask it by "
            "name, max_tracking_id(application_name), or pass the runner"
        )

    def rows(self, table: str | None = None) -> Rows:
        own = getattr(self._view, "rows", None)
        return Rows(list(own())) if callable(own) else self._rows(table)

    def _rows(self, table: str | None) -> Rows:
        """What a view holds that has no `rows()` of its own."""
        raise TypeError(
            f"{described(self._view)} does not show its state: give the view class a method "
            "rows() that returns its rows as dicts (Redis, SQLite and POPO views are shown as "
            "they are)"
        )

    @classmethod
    @contextmanager
    def temporary(
        cls,
        view_class: type[TrackingRecorder],
        name: str,
        app: Application[Any],
        env: Mapping[str, str] | None,
    ) -> Iterator[TrackingRecorder]:
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
