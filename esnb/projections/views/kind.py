"""What a runner and the frames ask of a view, however it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from eventsourcing.application import Application
from eventsourcing.persistence import TrackingRecorder

from esnb.projections.views.checkpoint_events import CheckpointEvents
from esnb.projections.views.commit import Commit
from esnb.projections.views.dead_letters import DeadLetter, DeadLetters
from esnb.projections.views.rebuild import Rebuild
from esnb.projections.views.rows import Rows


class ViewKind(Protocol):
    """One view, as its kind works with it. Made whenever it is wanted: it keeps nothing."""

    def __init__(self, view: Any) -> None: ...

    @property
    def name(self) -> str:
        """The projection's name, where the view bears it; else its class's."""

    # --- for runners ---------------------------------------------------------------

    @property
    def generation(self) -> str:
        """Another text after the view was replaced; empty where its store does not tell."""

    def check_answers(self) -> None:
        """Raises OperationalError while the store is away; does nothing where asking would wait."""

    def claim(self, projection_class: type[Any]) -> None:
        """Raises ForeignViewError for a view that another projection has written."""

    def load_checkpoint(self, application_name: str) -> int | None:
        """The checkpoint, from which this object goes on whatever became of the view."""

    def checkpoint_events(self, *, may_create: bool = True) -> CheckpointEvents:
        """Where the view keeps which events its checkpoints stand at.

        `may_create` says whether a place for them may be made. Where there is
        none they are known as long as the view object.
        """

    def commit(
        self,
        size: int,
        after: int | None,
        *,
        application_name: str,
        recorder: object = None,
        events: CheckpointEvents | None = None,
    ) -> AbstractContextManager[Commit]:
        """The next `size` events, which follow the checkpoint `after`, in one step if it can.

        `recorder` is the application's, `events` keep what the checkpoint stands
        at. Raises IntegrityError, having applied nothing, where the stored
        checkpoint is another one and the view can tell.
        """

    def dead_letters(self, in_memory: list[DeadLetter]) -> DeadLetters:
        """Where events are set aside: in the view's store, or `in_memory`."""

    def rebuild(
        self,
        application_name: str,
        projection_class: type[Any],
        make: Callable[[], TrackingRecorder],
    ) -> Rebuild:
        """How the view is filled anew; `make()` gives another one of its class."""

    # --- for frames ----------------------------------------------------------------

    def positions(self) -> Mapping[str, int]:
        """The checkpoint in each application that the view follows.

        Raises TypeError for a view that answers for one named application only.
        """

    def rows(self, table: str | None = None) -> Rows:
        """All that the view holds; of several tables the one that `table` names.

        Raises TypeError for a view that does not show its state, ValueError for
        a table that is not the view's and for several without `table`.
        """

    @classmethod
    def temporary(
        cls,
        view_class: type[TrackingRecorder],
        name: str,
        app: Application[Any],
        env: Mapping[str, str] | None,
    ) -> AbstractContextManager[TrackingRecorder]:
        """An empty view for the projection `name`, gone after the block.

        `env` has the settings of its store, where any are given; `app` is whose
        events it is for. Raises TypeError for a class that needs them.
        """
