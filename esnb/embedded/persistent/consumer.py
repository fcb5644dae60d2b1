"""One consumer of a group: a connection that takes a bounded number of messages at once."""

from __future__ import annotations

from collections.abc import Callable

from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.statistics import ConsumerStatistics, per_second
from esnb.embedded.persistent.timings import Timings


class GroupConsumer:
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
        self._measured = 0
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

    def statistics(self, elapsed: int) -> ConsumerStatistics:
        """How it stands. Rates count from one call to the next, `elapsed` (100 ns) ago."""
        since, self._measured = self.total - self._measured, self.total
        return ConsumerStatistics(
            address=self.address,
            name=self.name,
            total=self.total,
            since_last=since,
            per_second=per_second(since, elapsed),
            free=self.free,
            in_flight=len(self.in_flight),
            measurements={} if self.timings is None else self.timings.measurements(),
        )
