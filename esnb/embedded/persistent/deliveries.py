"""Which consumer has which message, and until when."""

from __future__ import annotations

from collections.abc import Iterator

from esnb.embedded.persistent.buffer import Offer
from esnb.embedded.persistent.consumer import GroupConsumer
from esnb.embedded.persistent.message import Message
from esnb.embedded.persistent.strategies import ConsumerStrategy
from esnb.embedded.streams.store import Clock

_MILLISECOND = 10_000


class Deliveries:
    """The consumers of a group, and the messages that they have not answered yet."""

    def __init__(self, strategy: ConsumerStrategy, timeout: int, clock: Clock) -> None:
        """A message that has no answer after `timeout` ms is late: after none at once."""
        self.total = 0
        """How many messages were ever given to a consumer."""
        self._strategy = strategy
        self._timeout = timeout
        self._clock = clock
        self._consumers: list[GroupConsumer] = []
        self._held: dict[bytes, tuple[Message, GroupConsumer]] = {}

    def __len__(self) -> int:
        """How many messages consumers have."""
        return len(self._held)

    @property
    def consumers(self) -> tuple[GroupConsumer, ...]:
        """Those that are connected, in the order in which they came."""
        return tuple(self._consumers)

    def add(self, consumer: GroupConsumer) -> None:
        """The consumer takes its part from now on."""
        self._consumers.append(consumer)
        self._strategy.add(consumer)

    def remove(self, consumer: GroupConsumer) -> list[Message]:
        """The consumer is gone: what it had, in the stream's order."""
        if consumer not in self._consumers:
            return []
        self._consumers.remove(consumer)
        self._strategy.remove(consumer)
        lost = sorted(consumer.in_flight.values(), key=lambda message: message.original.revision)
        for message in lost:
            self._release(message)
        return lost

    def drop(self, error: Exception) -> None:
        """Tell every consumer that there will be no more, and why."""
        for consumer in self._consumers:
            consumer.drop(error)
        self._consumers.clear()

    def offer(self, message: Message) -> Offer:
        """Give the message to the consumer whose turn it is, if it can have it."""
        if message.id in self._held:
            return Offer.PASSED  # a second event of that id has to wait: acks could not tell them
        consumer = self._strategy.pick(message)
        if isinstance(consumer, Offer):
            return consumer
        now = self._clock()
        message.due = now + self._timeout * _MILLISECOND
        self._held[message.id] = message, consumer
        self.total += 1
        consumer.give(message, now)
        return Offer.TAKEN

    def take_back(self, message_id: bytes) -> Message | None:
        """The message, which its consumer has answered; None when no consumer has it."""
        found = self._held.get(message_id)
        if found is None:
            return None
        self._release(found[0])
        return found[0]

    def late(self) -> Iterator[Message]:
        """The messages whose time is over; they are taken from their consumers."""
        now = self._clock()
        messages = [message for message, _ in self._held.values()]
        for message in messages:
            if message.due <= now:
                self._release(message)
                yield message

    def _release(self, message: Message) -> None:
        _, consumer = self._held.pop(message.id)
        consumer.release(message.id, self._clock())
