"""One consumer of a group: a connection that takes a bounded number of messages at once."""

from __future__ import annotations

from collections.abc import Callable

from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.timings import Timings


class Consumer:
    """Belongs to one group for as long as it is connected."""

    def __init__(
        self,
        slots: int,
        send: Callable[[Message], None],
        drop: Callable[[Exception], None],
        *,
        name: str = "",
        address: str = "",
        timings: Timings | None = None,
    ) -> None:
        """`send` gives it a message, `drop` tells it that there will be no more, and why."""
        self.slots = slots
        self.name = name
        self.address = address
        self.drop = drop
        self.timings = timings
        self.in_flight: dict[bytes, Message] = {}
        self.total = 0
        self.measured = 0
        self._send = send

    @property
    def free(self) -> int:
        """How many messages it takes now."""
        return self.slots - len(self.in_flight)

    def give(self, message: Message, now: int) -> None:
        """Send it the message, which it has until `release`."""
        self.in_flight[message.id] = message
        self.total += 1
        if self.timings is not None:
            self.timings.begin(message.id, now)
        self._send(message)

    def release(self, message_id: bytes, now: int) -> None:
        """It does not have the message any more."""
        self.in_flight.pop(message_id, None)
        if self.timings is not None:
            self.timings.end(message_id, now)
