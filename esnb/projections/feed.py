"""An application's notifications in order: first what is recorded, then what comes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from time import monotonic
from typing import Any

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

SHORTEST_POLL = 0.02
LONGEST_POLL = 0.5
"""Seconds between looks at a recorder that cannot subscribe; doubled while nothing comes."""
LINGER = 0.002
"""Seconds that a group of events is waited for, once they come in numbers."""
MOST_AHEAD = 5_000
"""Events that a subscription reads ahead of their use."""


class Feed:
    """Notifications after a position, no topic left out.

    What is recorded already is read in pages, by the reading thread itself:
    a subscription would hand over each event between threads. Then it
    subscribes, and where the recorder cannot (SQLite) it polls.
    """

    def __init__(self, recorder: ApplicationRecorder, after: int | None) -> None:
        self._recorder = recorder
        self._after = after
        self._changed = threading.Condition()
        self._interrupted = False
        self._live: _Live | None = None
        self._polls = False
        self._pause = SHORTEST_POLL
        self.at_end = False
        """Whether all that was recorded at one moment has been read."""

    def read(self, limit: int, timeout: float) -> Sequence[Notification]:
        """The next notifications, at most `limit`; none when none came within `timeout`.

        Returns early, perhaps with none, after `interrupt()`. Raises the
        recorder's errors.
        """
        if not self.at_end:
            return self._page(limit)
        if self._polls:
            return self._poll(limit, timeout)
        if self._live is None:
            try:
                self._live = _Live(self._recorder.subscribe(gt=self._after), self._changed)
            except NotImplementedError:
                self._polls = True
                return []
            # The library's POPO subscription first reads and then begins to listen: what
            # is recorded between the two would wait for the event after it.
            timeout = min(timeout, SHORTEST_POLL)
        return self._take(self._live, limit, timeout) or self._sweep(limit)

    def interrupt(self) -> None:
        """Ends a read that waits, or the next one."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the subscription, if there is one."""
        if self._live is not None:
            self._live.stop()

    def _page(self, limit: int) -> Sequence[Notification]:
        found = self._recorder.select_notifications(
            start=self._after, limit=limit, inclusive_of_start=False
        )
        self.at_end = len(found) < limit
        if found:
            self._after = found[-1].id
        return found

    def _sweep(self, limit: int) -> Sequence[Notification]:
        """What a quiet subscription may have missed."""
        if self._is_interrupted_within(0):
            return []
        found = self._page(limit)
        self.at_end = True  # what matters from here on is what comes
        return found

    def _poll(self, limit: int, timeout: float) -> Sequence[Notification]:
        deadline = monotonic() + timeout
        while True:
            found = self._page(limit)
            self.at_end = True  # what matters from here on is what comes
            if found:
                self._pause = SHORTEST_POLL
                return found
            pause = min(self._pause, deadline - monotonic())
            self._pause = min(2 * self._pause, LONGEST_POLL)
            if pause <= 0 or self._is_interrupted_within(pause):
                return []

    def _take(self, live: _Live, limit: int, timeout: float) -> Sequence[Notification]:
        with self._changed:
            self._changed.wait_for(lambda: live.waits() or self._interrupted, timeout)
            if live.comes_in_numbers and len(live.ahead) < limit and not self._interrupted:
                self._changed.wait_for(
                    lambda: len(live.ahead) >= limit or self._interrupted, LINGER
                )
            taken = [live.ahead.popleft() for _ in range(min(limit, len(live.ahead)))]
            live.comes_in_numbers = len(taken) > 1
            self._changed.notify_all()
        if not taken:
            live.check()
        # A sweep may have been first.
        found = [each for each in taken if self._after is None or each.id > self._after]
        if found:
            self._after = found[-1].id
        return found

    def _is_interrupted_within(self, seconds: float) -> bool:
        with self._changed:
            interrupted = self._changed.wait_for(lambda: self._interrupted, seconds)
            self._interrupted = False
        return interrupted


class _Live:
    """A subscription, read ahead by a thread of its own."""

    def __init__(self, subscription: Subscription[Any], changed: threading.Condition) -> None:
        self._subscription = subscription
        self._changed = changed
        self._stopped = False
        self._ended = False
        self._error: BaseException | None = None
        self.ahead: deque[Notification] = deque()
        self.comes_in_numbers = False
        threading.Thread(target=self._pull, name="esnb-subscription", daemon=True).start()

    def waits(self) -> bool:
        """Whether there is something to be taken: events, or the subscription's end."""
        return bool(self.ahead) or self._ended

    def check(self) -> None:
        """Raises what ended the subscription, if anything did."""
        if self._error is not None:
            raise self._error
        if self._ended and not self._stopped:
            raise EndOfSubscriptionError("the subscription has ended by itself")

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._subscription.stop()

    def _pull(self) -> None:
        try:
            for notification in self._subscription:
                with self._changed:
                    self.ahead.append(notification)
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: len(self.ahead) < MOST_AHEAD or self._stopped)
                    if self._stopped:
                        return
        except BaseException as error:  # noqa: BLE001 - raised again where it is read
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()


class EndOfSubscriptionError(RuntimeError):
    """A subscription ended, though nobody had stopped it."""
