"""Records as `ReadResp` messages, in the form that a request asked for."""

from __future__ import annotations

from esnb.embedded.services.uuid_option import WriteId
from esnb.embedded.storage import wire
from esnb.embedded.storage.record import LogRecord
from esnb.embedded.streams.catch_up import CaughtUp, SubscriptionItem
from esnb.embedded.streams.reading import Reader


class ReadMessages:
    """Writes records for one read or subscription."""

    def __init__(self, reader: Reader, write_id: WriteId, *, resolve_links: bool) -> None:
        self._reader = reader
        self._id = write_id
        self._resolve_links = resolve_links
        self._live = False

    def event(self, record: LogRecord) -> bytes:
        """The record; with its target where links are to be resolved."""
        if not self._resolve_links:
            return wire.read_event(self._encode(record), None, record.position)
        event, link = self._reader.resolved(record, live=self._live)
        return wire.read_event(
            None if event is None else self._encode(event),
            None if link is None else self._encode(link),
            record.position,
        )

    def delivery(self, delivery: SubscriptionItem) -> bytes:
        """What a subscription has to tell."""
        if isinstance(delivery, LogRecord):
            return self.event(delivery)
        if isinstance(delivery, CaughtUp):
            self._live = True
            return wire.CAUGHT_UP
        return wire.checkpoint(delivery.position)

    def _encode(self, record: LogRecord) -> bytes:
        return self._id(record.event_id) + record.body
