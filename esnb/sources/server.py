"""An EventStoreDB client as a source: every stream of the database."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import takewhile
from typing import Any
from uuid import UUID

from esnb.clients.errors import answered
from esnb.clients.installed import Client, NotFound, RecordedEvent, StreamIsDeleted
from esnb.clients.links import LINK
from esnb.eventstoredb.log import ServerLog
from esnb.eventstoredb.reading import whole
from esnb.sources.columns import Schema
from esnb.sources.payload import Decoded, decode_announced, decode_or_keep, json_decoder
from esnb.sources.record import (
    SERVER_COLUMNS,
    TOMBSTONE,
    Origin,
    Record,
    Records,
    as_first_recorded,
    category_of_stream,
    decode_remarked,
    is_of_library,
)
from esnb.topics import topic_in, wire_type
from esnb.values.cell import encodable

_SHOWN: Mapping[str, Any] = {"filter_include": [r"[^$][\s\S]*", re.escape(TOMBSTONE)]}
"""Of the server's own events, whose types begin with `$`, only tombstones."""
_LAST_REVISION = 2**63 - 1
"""At which a tombstone stands, whatever comes before it."""
_OLD_CONFIGURATION = re.compile(r"PersistentConfig\d+")
"""The type of those in which older servers kept their groups of consumers."""


class ServerSource:
    """What an EventStoreDB server holds, except its own system events.

    A stream is read with its links resolved: a row shows the original event,
    and `link_stream`, `link_revision`, `link_position` say where it was found. A
    tombstone is a record without a version.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._log = ServerLog(client, **_SHOWN)
        self._metadata = json_decoder(transcoded=False)

    @property
    def name(self) -> str:
        return "the EventStoreDB server"

    @property
    def extra_columns(self) -> Schema:
        return SERVER_COLUMNS

    def events(self, start: int | None) -> Records:
        return self._shown(self._log.forwards(start))

    def events_before(self, number: int | None) -> Records:
        """The events below position `number` (None: all), the last one first."""
        return self._shown(self._log.backwards(number))

    @contextmanager
    def _shown(self, events: Generator[RecordedEvent, None, None]) -> Iterator[Iterator[Record]]:
        with answered(self.client), closing(events):
            yield (self._record(event) for event in events if _is_shown(event))

    @contextmanager
    def stream(
        self, name: UUID | str, start: int | None, stop: int | None, last: int | None
    ) -> Iterator[Iterator[Record]]:
        text = str(name)
        low = max(0, (start or 1) - 1)
        high = None if stop is None else stop - 1
        if (high is not None and high <= low) or last == 0 or encodable(text) != text:
            yield iter(())
        elif last is not None:
            yield iter(self._newest(text, low, high, last))
        else:
            limit = sys.maxsize if high is None else high - low
            with self._reading(text, stream_position=low, limit=limit) as records:
                # A truncated stream begins later than it was asked for.
                yield takewhile(lambda record: high is None or _number(record) < high, records)

    def _newest(self, name: str, low: int, high: int | None, last: int) -> list[Record]:
        end = None if high is None else high - 1
        with self._reading(name, stream_position=end, backwards=True, limit=last) as records:
            newest = list(records)
        return [record for record in reversed(newest) if _number(record) >= low]

    @contextmanager
    def _reading(self, name: str, **bounds: Any) -> Iterator[Iterator[Record]]:
        """A read of one stream, ended with the block."""
        events = whole(
            self.client, self.client.read_stream, stream_name=name, resolve_links=True, **bounds
        )
        with answered(self.client), closing(events):
            yield self._found(events, name)

    def _found(self, response: Iterable[RecordedEvent], name: str) -> Iterator[Record]:
        """The events of a read; no events where there is no such stream."""
        try:
            yield from map(self._followed, response)
        except NotFound:
            return
        except StreamIsDeleted:
            yield Record(name, None, TOMBSTONE, b"")

    def count(self, start: int | None) -> int | None:
        return None

    @property
    def origin(self) -> Origin:
        return Origin("server", "")

    def plain(self, record: Record) -> bytes:
        return record.state

    def decode(self, record: Record) -> Decoded:
        if record.remark is not None:
            return decode_remarked(record)
        return decode_announced(record.state, record.content_type, is_of_library(record))

    def category(self, first: Record, data: Any) -> str | None:
        return category_of_stream(first.stream)

    def _followed(self, event: RecordedEvent) -> Record:
        """The record of an event, or of a link that leads to none, as the one that it names."""
        record = self._record(event)
        if event.type != LINK or event.link is not None:
            return record
        stream, revision = _target(event.data)
        return replace(
            record,
            stream=stream or record.stream,
            version=None if revision is None else revision + 1,
            revision=revision,
            position=None,
            link_stream=record.stream,
            link_revision=record.revision,
            link_position=record.position,
        )

    def _record(self, event: RecordedEvent) -> Record:
        metadata, _ = decode_or_keep(self._metadata, event.metadata)
        metadata, recorded = as_first_recorded(metadata, event.recorded_at)
        link = event.link
        revision = None if _is_tombstone(event) else event.stream_position
        return Record(
            event.stream_name,
            None if revision is None else revision + 1,
            topic_in(metadata, event.type) or event.type,
            event.data,
            event.commit_position,
            str(event.id),
            recorded,
            metadata,
            wire_type(event.type),
            revision,
            event.content_type or None,
            None if link is None else link.stream_name,
            None if link is None else link.stream_position,
            None if link is None else link.commit_position,
        )


def _is_shown(event: RecordedEvent) -> bool:
    """Whether it is an event, or a tombstone, in a stream that is not the server's own."""
    if _is_tombstone(event):
        return not event.stream_name.startswith("$")
    return _OLD_CONFIGURATION.fullmatch(event.type) is None


def _target(link: bytes) -> tuple[str | None, int | None]:
    """Where the data of a link lead: a stream and a revision; None where they are not a link's."""
    number, _, stream = link.decode("utf-8", "replace").partition("@")
    if not (number.isascii() and number.isdigit() and stream):
        return None, None
    revision = int(number) if len(number) < 20 else _LAST_REVISION
    return stream, revision if revision < _LAST_REVISION else None


def _is_tombstone(event: RecordedEvent) -> bool:
    return event.type == TOMBSTONE and event.stream_position == _LAST_REVISION


def _number(record: Record) -> int:
    """Where a record stands in the stream that is read: its link's place, or its own."""
    number = record.revision if record.link_revision is None else record.link_revision
    return _LAST_REVISION if number is None else number
