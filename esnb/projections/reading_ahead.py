"""A subscription that another thread reads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import Notification, Subscription

from esnb.threads.changes import Changes

MOST = 5_000
"""Events that are read ahead of their use."""


class EndOfSubscriptionError(RuntimeError):
    """A subscription ended, though nobody had stopped it."""


class ReadingAhead:
    """Takes what a subscription yields, up to `MOST` events before they are asked for.

    Its methods, but `check()` and `stop()`, are called within `with changed`,
    which is notified of what has come.
    """

    def __init__(self, subscription: Subscription[Any], changed: Changes) -> None:
        self._subscription = subscription
        self._changed = changed
        self._waiting: deque[Notification] = deque()
        self._stopped = False
        self._ended = False
        self._error: BaseException | None = None
        self.comes_in_numbers = False
        """Whether several were taken the last time."""
        threading.Thread(target=self._read, name="esnb-subscription", daemon=True).start()

    def __len__(self) -> int:
        """How many have come."""
        return len(self._waiting)

    def has_news(self) -> bool:
        """Whether events have come, or the subscription's end."""
        return bool(self._waiting) or self._ended

    def take(self, limit: int) -> Sequence[Notification]:
        """What has come, at most `limit`."""
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        self.comes_in_numbers = len(taken) > 1
        self._changed.notify_all()
        return taken

    def check(self) -> None:
        """Raises what ended the subscription, if anything did."""
        if self._error is not None:
            raise self._error
        if self._ended and not self._stopped:
            raise EndOfSubscriptionError("the subscription has ended by itself")

    def stop(self) -> None:
        """Ends the subscription and the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._subscription.stop()

    def _read(self) -> None:
        try:
            for notification in self._subscription:
                with self._changed:
                    self._waiting.append(notification)
                    self._changed.notify_all()
                    is_full = len(self._waiting) >= MOST
                if is_full:
                    self._changed.wait_for(lambda: len(self._waiting) < MOST or self._stopped)
                if self._stopped:
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where it is read
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
