"""From an application to timelines: the only module of the explorer that reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsourcing.application import AggregateNotFoundError, Application

from esnb import frames
from esnb.sources.ids import Identified
from esnb.sources.redaction import Redaction
from esnb.widgets.explore.skipped import Skipped
from esnb.widgets.explore.timeline import Timeline

if TYPE_CHECKING:
    from esnb.folds.fold import ProjectorFunction
    from esnb.sources.redaction import Redact


class HistoryReader:
    """Reads one aggregate, as often as asked."""

    def __init__(
        self,
        app: Application[Any],
        aggregate_id: Identified,
        projector_func: ProjectorFunction | None = None,
        redact: Redact | None = None,
    ) -> None:
        self._app = app
        self._id = aggregate_id
        self._projector = projector_func
        self._redaction = Redaction(redact)  # one for all: what it hides can be compared

    def timeline(self) -> Timeline:
        """All versions; raises what `esnb.history` raises."""
        found = list(
            frames.versions(
                self._app,
                self._id,
                projector_func=self._projector,
                redact=self._redaction,
                purpose="explore()",
            )
        )
        self._id = found[0].stream  # found once, where it was named by its beginning
        return Timeline(self._id, found, self._snapshots())

    def timeline_if_any(self) -> Timeline | None:
        """The same; None where the application has no events at all."""
        try:
            return self.timeline()
        except AggregateNotFoundError:
            if self._app.recorder.max_notification_id() is not None:
                raise
            return None

    @property
    def nothing(self) -> str:
        """What to say of an application without events."""
        return (
            f"application {self._app.name!r} has no events yet, so there is nothing to explore: "
            "save an aggregate, then read again"
        )

    def without(self, skip: frozenset[int]) -> Skipped:
        """What is left without the events of `skip`."""
        left = frames.without(
            self._app, self._id, skip, projector_func=self._projector, redact=self._redaction
        )
        return Skipped(skip, list(left))

    def _snapshots(self) -> frozenset[int]:
        """The versions of which the application has a snapshot."""
        if self._app.snapshots is None:
            return frozenset()
        found = frames.snapshots(self._app, self._id)
        return frozenset(int(version) for version in found["version"].dropna())
