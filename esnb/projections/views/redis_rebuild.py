"""Filling a view in Redis again, in a second namespace."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from eventsourcing.persistence import Tracking, TrackingRecorder

from esnb.projections.views.rebuild import code_of
from esnb.redis import RedisTrackingRecorder

LABEL = "rebuild"
"""Of the namespace, beside the view's own."""


class RedisRebuild:
    """In a namespace of its own, which one script renames over the view's.

    It bears the fingerprint of the code that fills it: when that has changed
    since, a rebuild that was interrupted starts over.
    """

    is_possible = True

    def __init__(
        self, view: RedisTrackingRecorder, application_name: str, projection_class: type[Any]
    ) -> None:
        self._view = view
        self._application_name = application_name
        self._projection_class = projection_class

    @cached_property
    def _owner(self) -> str:
        # Once: what the code names, a cache for instance, may change while it runs.
        code = code_of(self._projection_class, type(self._view))
        return f"{self._projection_class.__qualname__} {code}"

    def check(self) -> None:
        """It can."""

    def pending(self) -> TrackingRecorder | None:
        found = self._view.in_namespace(LABEL)
        if found.load_checkpoint(self._application_name) is None:
            return None
        return found if found.claim(self._owner) == self._owner else self.begin()

    def begin(self) -> TrackingRecorder:
        self._view.in_namespace(LABEL).discard()
        new = self._view.in_namespace(LABEL)
        new.claim(self._owner)
        # Below every event: it says that the rebuild has begun.
        new.insert_tracking(Tracking(self._application_name, 0))
        return new

    def swap(self, filled: TrackingRecorder, head: int | None) -> bool:
        assert isinstance(filled, RedisTrackingRecorder)
        name = self._application_name
        if (self._view.max_tracking_id(name) or 0) > (head or 0):
            return filled.replace(self._view)
        reached = Tracking(name, filled.max_tracking_id(name) or 0)
        return filled.replace(self._view, reached=reached)

    def is_gone(self, filled: TrackingRecorder) -> bool:
        assert isinstance(filled, RedisTrackingRecorder)
        is_begun = filled.load_checkpoint(self._application_name) is not None
        return not is_begun or filled.owner() != self._owner
