"""How far a projection is behind: in events and in time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from eventsourcing.application import Application
from eventsourcing.persistence import Notification

from esnb.clock import now
from esnb.sources.lag import application_lag, has_gapless_ids


class LagMeter:
    """Counts the events between a position and the head, each of them once.

    Ids of EventStoreDB have gaps, so the events must be counted; what was
    counted is remembered, and what has been applied since is taken off.
    """

    def __init__(self, application: Application[Any]) -> None:
        self._application = application
        self._head: int | None = None
        self._waiting: int = 0
        self._applied = 0
        self._position = 0

    def events(self, position: int | None, head: int | None, applied: int) -> int | None:
        """Events after `position` up to `head`; None when they are too many.

        `applied` is the number of events that were applied so far since the start.
        """
        if head is None or (position is not None and position >= head):
            self._head = None
            return 0
        recorder = self._application.recorder
        if has_gapless_ids(recorder):
            return application_lag(recorder, position, head)
        # Not where it has begun again, in a rebuild or a second start.
        goes_on = self._position <= (position or 0) and self._applied <= applied
        known = goes_on and self._head is not None and (position or 0) < self._head <= head
        start = self._head if known else position
        before = max(0, self._waiting - (applied - self._applied)) if known else 0
        counted = application_lag(recorder, start, head)
        if counted is None:
            self._head = None
            return None
        self._head, self._waiting, self._applied = head, before + counted, applied
        self._position = position or 0
        return self._waiting

    def seconds(self, position: int | None, head: int | None) -> float | None:
        """Age of the oldest event after `position`; 0.0 when there is none."""
        if head is None or (position is not None and position >= head):
            return 0.0
        waiting = self._application.recorder.select_notifications(
            start=position, limit=1, inclusive_of_start=False
        )
        recorded = self._recorded(waiting[0]) if waiting else None
        if recorded is None:
            return None if waiting else 0.0
        return max(0.0, (now() - recorded).total_seconds())

    def _recorded(self, notification: Notification) -> datetime | None:
        """When it was recorded: the store's word, else the event's own timestamp."""
        recorded = getattr(notification, "recorded", None)
        if recorded is None:
            try:
                event = self._application.mapper.to_domain_event(notification)
            except Exception:  # noqa: BLE001 - what cannot be decoded has no time; handling it will say why
                return None
            recorded = getattr(event, "timestamp", None)
        return recorded if isinstance(recorded, datetime) and recorded.tzinfo else None
