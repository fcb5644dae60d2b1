"""Parked messages: links in a stream of the group's own, until they are replayed."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from esnb.embedded.persistent.message import Message
from esnb.embedded.storage.record import LINK, NO_STREAM, Proposed, content
from esnb.embedded.streams.reading import Reader
from esnb.embedded.streams.stream_metadata import METADATA_TYPE, TRUNCATE_BEFORE
from esnb.embedded.streams.truncation import least_visible

_TICKS = 10_000_000
_ADMINS = "$admins"


class Parking:
    """The parked stream `$persistentsubscription-<stream>::<group>-parked`."""

    def __init__(self, reader: Reader, stream: str) -> None:
        self._reader = reader
        self.stream = stream

    def link(self, message: Message, reason: str, now: int) -> Proposed:
        """The event that parks a message. `now` counts 100 ns since 1970."""
        about: dict[str, str | int] = {
            "added": datetime.fromtimestamp(now / _TICKS, UTC).isoformat(),
            "reason": reason,
        }
        if message.original.revision:
            about["subscriptionEventNumber"] = message.original.revision
        metadata = json.dumps(about, indent=2, ensure_ascii=False).encode()
        return Proposed(uuid.uuid4().bytes, LINK, False, self._data(message), metadata)

    def revisions(self, least: int) -> range:
        """Where the parked messages are in their stream, those from revision `least` on."""
        state = self._reader.store.shown.state(self.stream)
        if state.last == NO_STREAM or state.tombstoned:
            return range(0)
        return range(max(least, least_visible(state.metadata, state.last)), state.last + 1)

    def truncation(self, before: int) -> Proposed:
        """The metadata that take the messages before `before` out of the stream."""
        metadata = {
            TRUNCATE_BEFORE: before,
            "$acl": dict.fromkeys(("$r", "$w", "$d", "$mr", "$mw"), _ADMINS),
        }
        data = json.dumps(metadata, separators=(",", ":")).encode()
        return Proposed(uuid.uuid4().bytes, METADATA_TYPE, True, data, b"")

    def _data(self, message: Message) -> bytes:
        if message.event is None:
            return content(message.original).data
        names = self._reader.store.streams
        return f"{message.event.revision}@{names.name(message.event.stream)}".encode()
