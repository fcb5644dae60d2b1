"""What a group has read and not yet given out, of bounded size.

EventStoreDB's way: while its buffer has room, a group takes new events as they
are committed; when there is none, it falls behind, and catches up by reading
pages of history until it meets one of the newest events, which are kept aside
for this. Clients see the three counts in a group's information.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from esnb.embedded.persistent.message import Message


class Offer(Enum):
    """What becomes of a message that is offered to the consumers."""

    TAKEN = "taken"
    PASSED = "not now, but others may be"
    FULL = "no consumer takes any"


class Buffer:
    """Messages to be tried again come first, in the order of their places, then new ones."""

    def __init__(
        self, size: int, recent_size: int, live: bool, entered: Callable[[Message], None]
    ) -> None:
        """`entered` is told of each new message once, in order."""
        self._size = size
        self._entered = entered
        self.live = live
        self.retry: deque[Message] = deque()
        self.fresh: deque[Message] = deque()
        self.recent: deque[Message] = deque(maxlen=max(0, recent_size))

    def accepts(self, count: int) -> bool:
        """Whether a page of that many has room."""
        return self._size - len(self.retry) - len(self.fresh) > count

    def is_full(self) -> bool:
        """Whether it takes no new event until some are given out."""
        return len(self.fresh) >= self._size

    def add_arrived(self, message: Message) -> None:
        """A new event was committed."""
        if self.live:
            if self.is_full():
                self.live = False
            else:
                self._enter(message)
        self.recent.append(message)

    def add_read(self, message: Message) -> None:
        """History delivered a message; ignored when the group has caught up."""
        if self.live:
            return
        while self.recent and _place(self.recent[0]) < _place(message):
            self.recent.popleft()
        if self.recent and _place(self.recent[0]) == _place(message):
            self._catch_up()
        else:
            self._enter(message)

    def end_of_history(self) -> None:
        """There is nothing behind what was read."""
        self.recent.clear()
        self.live = True

    def add_retry(self, message: Message) -> None:
        """A message has to be tried again; those of a replay come last."""
        before = None
        if message.place is not None:
            # From the end: messages that come back together come back in order.
            for index in range(len(self.retry) - 1, -1, -1):
                place = self.retry[index].place
                if place is None:
                    continue
                if place <= message.place:
                    break
                before = index
        if before is not None:
            self.retry.insert(before, message)
            return
        self.retry.append(message)

    def add_replayed(self, messages: Iterable[Message]) -> None:
        """Parked messages are to be tried again, behind all others that are."""
        self.retry.extend(messages)

    def give_out(
        self, offer: Callable[[Message], Offer], replayed: Callable[[], Sequence[Message]]
    ) -> None:
        """Offer the messages in their order; those that are taken leave the buffer.

        `replayed` has further messages of a replay, which come before new ones.
        """
        while _offer_each(self.retry, offer):
            more = replayed()
            if not more:
                _offer_each(self.fresh, offer)
                return
            self.add_replayed(more)

    def _catch_up(self) -> None:
        for message in self.recent:
            self._enter(message)
        self.recent.clear()
        self.live = True

    def _enter(self, message: Message) -> None:
        self._entered(message)
        self.fresh.append(message)


def _offer_each(queue: deque[Message], offer: Callable[[Message], Offer]) -> bool:
    """Offer each of the queue. Whether the consumers would take more."""
    passed: list[Message] = []
    answer = Offer.PASSED
    while queue and answer is not Offer.FULL:
        answer = offer(queue[0])
        if answer is Offer.TAKEN:
            queue.popleft()
        elif answer is Offer.PASSED:
            passed.append(queue.popleft())
    queue.extendleft(reversed(passed))
    return answer is not Offer.FULL


def _place(message: Message) -> int:
    assert message.place is not None
    return message.place
