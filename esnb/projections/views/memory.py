"""Views that are objects: the library's POPO module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventsourcing.persistence import TrackingRecorder
from eventsourcing.popo import POPOTrackingRecorder

from esnb.projections.views.checkpoint_events import ATTRIBUTE
from esnb.projections.views.kind import Make, ViewKind
from esnb.projections.views.rebuild import Rebuild
from esnb.projections.views.rows import Rows
from esnb.values.state import kept, written


class MemoryKind(ViewKind):
    """A POPO view: its attributes are its state."""

    _view: POPOTrackingRecorder

    def rebuild(self, application_name: str, projection_class: type[Any], make: Make) -> Rebuild:
        return MemoryRebuild(self._view, make)

    def _positions(self) -> Mapping[str, int]:
        with self._view._database_lock:
            tracked = dict(self._view._max_tracking_ids)
        return {name: position for name, position in tracked.items() if position is not None}

    def _rows(self, table: str | None) -> Rows:
        bookkeeping = {ATTRIBUTE, *vars(POPOTrackingRecorder())}
        return Rows(
            [
                (name, type(value).__name__, field, kept(entry))
                for name, value in vars(self._view).items()
                if name not in bookkeeping
                for field, entry in _entries(value)
            ]
        )

    @classmethod
    def _settings_in_memory(cls, view_class: type[TrackingRecorder]) -> Mapping[str, str]:
        return {"PERSISTENCE_MODULE": "eventsourcing.popo"}


def _entries(value: Any) -> list[tuple[str | None, Any]]:
    if isinstance(value, Mapping):
        return [(written(key), entry) for key, entry in value.items()]
    if isinstance(value, list | tuple):
        return [(str(index), entry) for index, entry in enumerate(value)]
    return [(None, value)]


class MemoryRebuild:
    """In another object, whose state the view then takes over."""

    is_possible = True

    def __init__(self, view: POPOTrackingRecorder, make: Make) -> None:
        self._view = view
        self._make = make

    def check(self) -> None:
        """It can."""

    def pending(self) -> TrackingRecorder | None:
        return None

    def begin(self) -> TrackingRecorder:
        return self._make()

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        with self._view._database_lock:
            self._view.__dict__ = filled.__dict__
        return True

    def is_gone(self, filled: TrackingRecorder) -> bool:
        return False
