"""What one connection to a group delivers, until it ends."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from esnb.threads.changes import Changes

JOIN_SECONDS = 10.0


class DeliveryEndedError(ConnectionError):
    """The server, or another user of the client, has ended the subscription."""


class GroupDelivery:
    """Events as they come, read by a thread of its own.

    `close()` sends the acknowledgements that wait, and gives what was not
    taken back to the server, which delivers it to another consumer.
    """

    def __init__(self, subscription: Any, changed: Changes) -> None:
        self._subscription = subscription
        self._changed = changed
        self._waiting: deque[Any] = deque()
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._read, name="esnb-delivery", daemon=True)
        self._thread.start()

    def has_news(self) -> bool:
        """Whether an event has come, or the end. Called within `with changed`."""
        return bool(self._waiting) or self._ended

    def take(self) -> Any | None:
        """The next event that has come, None when none has; raises what ended the delivery."""
        with self._changed:
            if self._waiting and not self._ended:
                return self._waiting.popleft()
            if self._error is not None:
                raise self._error
            if self._ended:
                raise DeliveryEndedError("the subscription has ended, though nobody stopped it")
            return None

    def ack(self, event: Any) -> None:
        """Tells the server that the event is done with."""
        self._subscription.ack(event)

    def park(self, event: Any) -> None:
        """Has the server set the event aside."""
        self._subscription.nack(event, "park")

    def retry(self, event: Any) -> None:
        """Has the server deliver the event again, to any consumer."""
        self._subscription.nack(event, "retry")

    def close(self) -> None:
        """Sends what waits to be sent, and ends."""
        with self._changed:
            self._closed, is_broken = True, self._ended
        if is_broken:
            # Nothing goes out any more; the client would wait five seconds for it.
            threading.Thread(target=self._subscription.stop, daemon=True).start()
            return
        self._subscription.stop()
        self._thread.join(JOIN_SECONDS)

    def _read(self) -> None:
        try:
            for event in self._subscription:
                with self._changed:
                    self._waiting.append(event)
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again where it is taken
            if not self._closed:
                self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
