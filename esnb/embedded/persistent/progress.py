"""How far a group has come: its checkpoint never passes a message that is not finished."""

from __future__ import annotations

from collections import OrderedDict

from esnb.embedded.persistent.message import Message


class GroupProgress:
    """Counts what comes in and what is finished.

    A message stands in the way of the checkpoint from the moment it is read
    until it is acknowledged, skipped, or safely parked.
    """

    def __init__(self, checkpoint: int | None) -> None:
        self._unfinished: OrderedDict[int, Message] = OrderedDict()
        self._next = 0 if checkpoint is None else 1
        self._checkpointed = self._next - 1
        self._written_at: int | None = None
        self.reached = checkpoint
        """The last place that came in."""
        self.checkpoint = checkpoint

    def entered(self, message: Message) -> None:
        """A message came in, behind all others."""
        message.sequence = self._next
        message.before = self.reached
        self._unfinished[self._next] = message
        self._next += 1
        self.reached = message.place

    def passed(self, place: int) -> None:
        """An event that the group does not want was met."""
        self._next += 1
        self.reached = place

    def finished(self, message: Message) -> None:
        """The message, which came in once, need not be delivered any more."""
        del self._unfinished[message.sequence]

    def reopened(self, message: Message) -> None:
        """The message, which was taken as finished, must be delivered again: go back before it."""
        self._unfinished[message.sequence] = message
        self._unfinished = OrderedDict(sorted(self._unfinished.items()))
        if self._checkpointed >= message.sequence:
            self._checkpointed = message.sequence - 1
            self.checkpoint = message.before

    def due(
        self, now: int, *, after: int | None, least: int, most: int, on_tick: bool
    ) -> int | None:
        """The place to be written as a checkpoint now, if any; it is then taken as written.

        `most` finished events are always enough; on a tick of the clock
        `least` are, when the last checkpoint is `after` or longer ago (None: never).
        """
        lowest = next(iter(self._unfinished.values()), None)
        place = self.reached if lowest is None else lowest.before
        sequence = self._next - 1 if lowest is None else lowest.sequence - 1
        if place is None:
            return None
        finished = sequence - self._checkpointed
        waited = after is not None and (self._written_at is None or now - self._written_at >= after)
        if finished < most and not (on_tick and waited and finished >= least):
            return None
        if finished <= 0:
            return None
        self._written_at = now
        self._checkpointed = sequence
        self.checkpoint = place
        return place
