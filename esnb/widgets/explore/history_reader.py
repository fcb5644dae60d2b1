"""From an application to timelines: the only module of the explorer that reads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from eventsourcing.application import AggregateNotFoundError, Application

from esnb import frames
from esnb.folds.growing import GrowingHistory
from esnb.folds.versions import Version
from esnb.sources.ids import Identified
from esnb.sources.progress_bar import track
from esnb.sources.redaction import Redaction
from esnb.widgets.explore.skipped import Skipped
from esnb.widgets.explore.timeline import Timeline

if TYPE_CHECKING:
    from esnb.folds.fold import ProjectorFunction
    from esnb.sources.redaction import Redact

Counted = Callable[[Iterable[Version], int], Iterable[Version]]
"""Passes versions on, and says how many of how many there were."""


def with_bar(versions: Iterable[Version], total: int) -> Iterator[Version]:
    """Says it in a bar of the running cell."""
    return track(versions, unit="versions", total=total)


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
        self._reading_on = threading.RLock()

    def timeline(self, counted: Counted = with_bar) -> Timeline:
        """All versions; raises what `esnb.history` raises."""
        history = GrowingHistory(
            self._app,
            self._id,
            projector_func=self._projector,
            redact=self._redaction,
            purpose="explore()",
        )
        stored = history.stored()
        versions = [_compared(each) for each in counted(history.fold(stored), len(stored))]
        self._id = versions[0].stream  # found once, where it was named by its beginning
        return Timeline(self._id, versions, self._snapshots(), history)

    def timeline_if_any(self, counted: Counted = with_bar) -> Timeline | None:
        """The same; None where the application has no events at all."""
        try:
            return self.timeline(counted)
        except AggregateNotFoundError:
            if self._app.recorder.max_notification_id() is not None:
                raise
            return None

    def longer(self, timeline: Timeline) -> Timeline | None:
        """The timeline with the versions that were added since it was read; None without any."""
        with self._reading_on:  # each event is folded once, whoever looks
            stored = timeline.history.stored()
            added = [_compared(each) for each in timeline.history.fold(stored)]
        if not added:
            return None
        versions = [*timeline.versions, *added]
        return Timeline(timeline.aggregate_id, versions, self._snapshots(), timeline.history)

    @property
    def nothing(self) -> str:
        """What to say of an application without events."""
        return (
            f"application {self._app.name!r} has no events yet, so there is nothing to explore: "
            "save an aggregate, then read again"
        )

    def without(self, skip: frozenset[int], total: int, counted: Counted = with_bar) -> Skipped:
        """What is left without the events of `skip`: about `total` versions."""
        left = frames.without(
            self._app, self._id, skip, projector_func=self._projector, redact=self._redaction
        )
        return Skipped(skip, list(counted(left, total)))

    def _snapshots(self) -> frozenset[int]:
        """The versions of which the application has a snapshot."""
        if self._app.snapshots is None:
            return frozenset()
        found = frames.snapshots(self._app, self._id)
        return frozenset(int(version) for version in found["version"].dropna())


def _compared(version: Version) -> Version:
    """Has the version compare its states now, while its bar says how far the reading is."""
    _ = version.changes
    return version
