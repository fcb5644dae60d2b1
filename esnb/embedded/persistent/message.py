"""One event on its way through a group."""

from __future__ import annotations

from esnb.embedded.storage.record import LogRecord


class Message:
    """An event to be handled, and how often it was tried.

    `event` is what the consumer handles, `link` what pointed at it (in a link
    stream, or in the parked one); a link whose target is gone comes alone, as does
    one that points nowhere: as an event when it was read, as a link when it is new.
    `place` orders messages: the revision, or the position in `$all`. Messages
    of a replay have no place, for they were finished once.
    """

    __slots__ = ("before", "due", "event", "link", "place", "retries", "sequence")

    def __init__(self, event: LogRecord | None, link: LogRecord | None, place: int | None) -> None:
        self.event = event
        self.link = link
        self.place = place
        self.retries = 0
        self.sequence = 0
        self.before: int | None = None
        self.due = 0

    @property
    def original(self) -> LogRecord:
        """What the group's stream holds: the link where there is one."""
        record = self.link or self.event
        assert record is not None
        return record

    @property
    def id(self) -> bytes:
        """What consumers acknowledge it by."""
        return self.original.event_id

    @property
    def replayed(self) -> bool:
        """Whether it comes from the parked stream."""
        return self.place is None
