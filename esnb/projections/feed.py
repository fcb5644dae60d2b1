"""An application's notifications in order: first what is recorded, then what comes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from time import monotonic
from typing import Any

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    OperationalError,
    PersistenceError,
    Subscription,
)

from esnb.adapters.checkpoint_event import CheckpointEvent
from esnb.projections.listeners import let_listeners_change
from esnb.projections.reading_ahead import ReadingAhead
from esnb.threads.changes import Changes, Flag

SHORTEST_POLL = 0.02
LONGEST_POLL = 0.5
"""Seconds between looks at a recorder that cannot subscribe; doubled while nothing comes."""
LINGER = 0.002
"""Seconds that a group of events is waited for, once they come in numbers."""
HEAD_CHECK = 2.0
"""Seconds after which an event that should be there is asked for again."""


class LogReplacedError(OperationalError):
    """A log is no longer the one that was read: whoever opens it again sees why."""


class EventFeed:
    """Notifications after a position, no topic left out.

    It subscribes. Up to the event that is the last one at that time the
    reading thread takes them from the subscription itself, while the server
    sends on; after it, another thread reads ahead, so that a group that has
    come can be committed while the next is waited for. Where the recorder
    cannot subscribe (SQLite) it reads pages, then polls.
    """

    def __init__(
        self, recorder: ApplicationRecorder, after: int | None, event: CheckpointEvent | None = None
    ) -> None:
        """`event` is the one at `after`, where it is known."""
        let_listeners_change(recorder)
        self._recorder = recorder
        self._after = after
        self._event: CheckpointEvent | Notification | None = event
        self._changed = Changes()
        self._interrupted = False
        self._subscription: Subscription[Any] | None = None
        self._goal: int | None = None
        self._ahead: ReadingAhead | None = None
        self._pages = False
        self._polls = False
        self._pause = SHORTEST_POLL
        self._closed = Flag()
        self.at_end = False
        """Whether all that was recorded at one moment has been read."""

    def read(self, limit: int, timeout: float) -> Sequence[Notification]:
        """The next notifications, at most `limit`; none when none came within `timeout`.

        Returns early, perhaps with none, after `interrupt()`. Raises the
        recorder's errors, and LogReplacedError where the last event that was read
        is another one now.
        """
        if self._subscription is None and not (self._pages or self._polls):
            self._subscribe()
        if not self.at_end:
            return self._page(limit) if self._subscription is None else self._next(limit)
        if self._polls:
            return self._poll(limit, timeout)
        if self._ahead is None:
            if self._subscription is None:
                self._subscription = self._recorder.subscribe(gt=self._after)
            self._ahead = ReadingAhead(self._subscription, self._changed)
            # The library's POPO subscription first reads and then begins to listen: what
            # is recorded between the two would wait for the event after it.
            timeout = min(timeout, SHORTEST_POLL)
        return self._take(self._ahead, limit, timeout) or self._sweep(limit)

    def interrupt(self) -> None:
        """Ends a read that waits, or the next one."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()
        subscription = self._subscription
        if subscription is not None and not self.at_end:
            subscription.stop()

    @property
    def problem(self) -> Exception | None:
        """Why the subscription is cut off at the moment, where it says so."""
        found: Exception | None = getattr(self._subscription, "problem", None)
        return found

    def close(self) -> None:
        """Ends the subscription, if there is one."""
        self._closed.set()
        if self._ahead is not None:
            self._ahead.stop()
        elif self._subscription is not None:
            self._subscription.stop()

    # --- what is recorded ---------------------------------------------------------

    def _subscribe(self) -> None:
        self._goal = self._recorder.max_notification_id()
        self.at_end = self._is_reached()
        try:
            self._subscription = self._recorder.subscribe(gt=self._after)
        except NotImplementedError:
            self._polls = True
            self.at_end = False
        else:
            if not self.at_end:
                threading.Thread(
                    target=self._watch_head, name="esnb-watch-head", daemon=True
                ).start()

    def _is_reached(self) -> bool:
        return self._goal is None or (self._after is not None and self._after >= self._goal)

    def _next(self, limit: int) -> Sequence[Notification]:
        """Events that are known to be there, from the subscription."""
        assert self._subscription is not None
        found: list[Notification] = []
        for notification in self._subscription:
            found.append(notification)
            self._goes_to(notification)
            if self._is_reached():
                self.at_end = True
                return found
            if len(found) == limit:
                return found
        # Somebody has stopped it, in `interrupt()` or `_watch_head()`: on by pages.
        self._subscription, self._pages = None, True
        return found

    def _watch_head(self) -> None:
        """Stops a subscription that waits for an event that is gone.

        Streams may be deleted, the last event's among them, after the log's
        end was asked for.
        """
        before = self._after
        while not self._closed.wait(HEAD_CHECK) and not self.at_end:
            subscription, now = self._subscription, self._after
            if now == before and subscription is not None:
                try:
                    head = self._recorder.max_notification_id()
                except PersistenceError:
                    continue  # the server is away, and the subscription waits for it
                if head != self._goal and (head or 0) <= (self._goal or 0):
                    subscription.stop()
                    return
            before = now

    def _page(self, limit: int) -> Sequence[Notification]:
        # With the last one that was read: whoever empties a log and fills it again leaves another.
        found = list(self._recorder.select_notifications(start=self._after, limit=limit + 1))
        if found and found[0].id == self._after:
            self._check(found.pop(0))
        del found[limit:]
        self.at_end = len(found) < limit
        if found:
            self._goes_to(found[-1])
        return found

    def _goes_to(self, notification: Notification) -> None:
        self._after, self._event = notification.id, notification

    def _check(self, there: Notification) -> None:
        """Raises LogReplacedError unless an event that was read is still that event."""
        event = self._event
        known = CheckpointEvent.of(event) if isinstance(event, Notification) else event
        if known is not None and known.position == there.id and known != CheckpointEvent.of(there):
            raise LogReplacedError(
                f"event {there.id} was {known} and is {CheckpointEvent.of(there)} now: the event "
                "store was emptied and filled again"
            )

    # --- what comes ------------------------------------------------------------------

    def _take(self, ahead: ReadingAhead, limit: int, timeout: float) -> Sequence[Notification]:
        self._changed.wait_for(lambda: ahead.has_news() or self._interrupted, timeout)
        if ahead.comes_in_numbers and not self._interrupted:
            self._changed.wait_for(lambda: len(ahead) >= limit or self._interrupted, LINGER)
        with self._changed:
            taken = ahead.take(limit)
        if not taken:
            ahead.check()
        # A sweep may have been first.
        found = [each for each in taken if self._after is None or each.id > self._after]
        if found:
            self._goes_to(found[-1])
        return found

    def _sweep(self, limit: int) -> Sequence[Notification]:
        """What a quiet subscription may have missed."""
        if self._is_interrupted_within(0):
            return []
        return self._page_of_what_comes(limit)

    def _poll(self, limit: int, timeout: float) -> Sequence[Notification]:
        deadline = monotonic() + timeout
        while True:
            found = self._page_of_what_comes(limit)
            if found:
                self._pause = SHORTEST_POLL
                return found
            pause = min(self._pause, deadline - monotonic())
            self._pause = min(2 * self._pause, LONGEST_POLL)
            if pause <= 0 or self._is_interrupted_within(pause):
                return []

    def _page_of_what_comes(self, limit: int) -> Sequence[Notification]:
        found = self._page(limit)
        self.at_end = True
        return found

    def _is_interrupted_within(self, seconds: float) -> bool:
        self._changed.wait_for(lambda: self._interrupted, seconds)
        with self._changed:
            interrupted, self._interrupted = self._interrupted, False
        return interrupted
