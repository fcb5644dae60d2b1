"""Consumer strategies: which consumer a message goes to."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from math import ceil
from typing import Protocol
from zlib import crc32

from esnb.embedded.persistent.buffer import Offer
from esnb.embedded.persistent.consumer import GroupConsumer
from esnb.embedded.persistent.message import Message
from esnb.embedded.storage.names import Names
from esnb.embedded.storage.record import LINK, content

_BUCKETS = 1024
_CORRELATION = "$correlationId"


class ConsumerStrategy(Protocol):
    """Picks consumers."""

    def add(self, consumer: GroupConsumer) -> None:
        """There is one more consumer."""

    def remove(self, consumer: GroupConsumer) -> None:
        """The consumer is gone."""

    def pick(self, message: Message) -> GroupConsumer | Offer:
        """Who is to have the message, else why nobody is: `PASSED` or `FULL`."""


class RoundRobin:
    """Each consumer in turn, passing over those that take no more."""

    def __init__(self) -> None:
        self._turns: deque[GroupConsumer] = deque()

    def add(self, consumer: GroupConsumer) -> None:
        self._turns.append(consumer)

    def remove(self, consumer: GroupConsumer) -> None:
        self._turns.remove(consumer)

    def pick(self, message: Message) -> GroupConsumer | Offer:
        for _ in range(len(self._turns)):
            consumer = self._turns[0]
            self._turns.rotate(-1)
            if consumer.free > 0:
                return consumer
        return Offer.FULL


class DispatchToSingle(RoundRobin):
    """One consumer until it takes no more, then the next one."""

    def pick(self, message: Message) -> GroupConsumer | Offer:
        for _ in range(len(self._turns)):
            if self._turns[0].free > 0:
                return self._turns[0]
            self._turns.rotate(-1)
        return Offer.FULL


class Pinned:
    """Each stream (more exactly: each of 1024 buckets of them) keeps to one consumer.

    A consumer that comes takes over so many buckets that all have about the
    same number, those without messages in flight first.
    """

    def __init__(self, pin: Callable[[Message], str]) -> None:
        self._pin = pin
        self._consumers: list[GroupConsumer] = []
        self._holders: dict[int, GroupConsumer] = {}

    def add(self, consumer: GroupConsumer) -> None:
        self._consumers.append(consumer)
        share = ceil(len(self._holders) / len(self._consumers))
        for other in self._consumers[:-1]:
            buckets = self._held_by(other)
            busy = {self._bucket(message) for message in other.in_flight.values()}
            buckets.sort(key=lambda bucket: bucket in busy)
            for bucket in buckets[: max(0, len(buckets) - share)]:
                self._holders[bucket] = consumer

    def remove(self, consumer: GroupConsumer) -> None:
        self._consumers.remove(consumer)
        for bucket in self._held_by(consumer):
            del self._holders[bucket]

    def pick(self, message: Message) -> GroupConsumer | Offer:
        if all(consumer.free <= 0 for consumer in self._consumers):
            return Offer.FULL
        bucket = self._bucket(message)
        if bucket not in self._holders:
            counts = {id(consumer): 0 for consumer in self._consumers}
            for holder in self._holders.values():
                counts[id(holder)] += 1
            self._holders[bucket] = min(self._consumers, key=lambda one: counts[id(one)])
        holder = self._holders[bucket]
        return holder if holder.free > 0 else Offer.PASSED

    def _held_by(self, consumer: GroupConsumer) -> list[int]:
        return [bucket for bucket, holder in self._holders.items() if holder is consumer]

    def _bucket(self, message: Message) -> int:
        return crc32(self._pin(message).encode()) % _BUCKETS


class Pins:
    """What messages are pinned by."""

    def __init__(self, streams: Names, types: Names) -> None:
        self._streams = streams
        self._types = types

    def stream(self, message: Message) -> str:
        """The stream of the event, also when only a link to it is left."""
        record = message.event or message.original
        if self._types.name(record.type) == LINK:
            text = content(record).data.decode("utf-8", "replace")
            _, separator, stream = text.partition("@")
            return stream if separator else text
        return self._streams.name(record.stream)

    def correlation(self, message: Message) -> str:
        """The correlation id in the event's metadata, else its stream."""
        try:
            metadata = json.loads(content(message.event or message.original).metadata)
        except ValueError:
            return self.stream(message)
        said = metadata.get(_CORRELATION) if isinstance(metadata, dict) else None
        return said if isinstance(said, str) else self.stream(message)


STRATEGIES: dict[str, Callable[[Pins], ConsumerStrategy]] = {
    "RoundRobin": lambda pins: RoundRobin(),
    "DispatchToSingle": lambda pins: DispatchToSingle(),
    "Pinned": lambda pins: Pinned(pins.stream),
    "PinnedByCorrelation": lambda pins: Pinned(pins.correlation),
}
