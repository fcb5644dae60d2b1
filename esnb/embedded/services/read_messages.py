"""Records as `ReadResp` messages, in the form that a request asked for."""

from __future__ import annotations

from esnb.embedded.storage import wire
from esnb.embedded.storage.record import Record
from esnb.embedded.streams.catch_up import CaughtUp, Delivery
from esnb.embedded.streams.reading import Reader


class ReadMessages:
    """Writes records for one read or subscription."""

    def __init__(self, reader: Reader, structured_ids: bool, resolve_links: bool) -> None:
        self._reader = reader
        self._id = wire.structured_uuid if structured_ids else wire.text_uuid
        self._resolve_links = resolve_links

    def event(self, record: Record) -> bytes:
        """The record; with its target where links are to be resolved."""
        event = self._id(record.event_id) + record.body
        if self._resolve_links and self._reader.is_link(record):
            target = self._reader.target(record)
            resolved = None if target is None else self._id(target.event_id) + target.body
            return wire.read_event(resolved, event, record.position)
        return wire.read_event(event, None, record.position)

    def delivery(self, delivery: Delivery) -> bytes:
        """What a subscription has to tell."""
        if isinstance(delivery, Record):
            return self.event(delivery)
        if isinstance(delivery, CaughtUp):
            return wire.CAUGHT_UP
        return wire.checkpoint(delivery.position)
