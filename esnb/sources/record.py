"""An event as every source gives it, before it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from esnb import topics
from esnb.clients.links import LINK
from esnb.sources.columns import Schema
from esnb.sources.moments import own_time, time_in
from esnb.topics import TOPIC


@dataclass(slots=True)
class Record:
    """One recorded event: its envelope, and its payload as it is stored."""

    stream: str
    version: int | None
    topic: str
    """The full topic where it is known, else the type on the wire."""
    state: bytes
    position: int | None = None
    event_id: str | None = None
    recorded: datetime | None = None
    metadata: Any = None
    type: str = ""
    """The type on the wire; without one it is derived from the topic."""
    revision: int | None = None
    content_type: str | None = None
    link_stream: str | None = None
    link_revision: int | None = None
    link_position: int | None = None
    is_as_stored: bool = False
    """Of an exported file: whether the payload could not be decrypted and decompressed."""
    time: datetime | None = None
    """Of an exported file: the event's own time, where only its application reads the payload."""

    def __post_init__(self) -> None:
        if not self.type:
            self.type = topics.short_type(self.topic)

    @property
    def name(self) -> str:
        """The event's own name, without the class around it; a foreign type is whole."""
        return topics.own_name(self.topic, self.type)

    @property
    def around(self) -> str:
        """The class around the event; empty where there is none."""
        return topics.class_around(self.topic, self.type)

    def time_with(self, data: Any) -> datetime | None:
        """The event's own time, from its payload `data`, else the store's."""
        return own_time(data) or self.time or self.recorded

    @property
    def is_tombstone(self) -> bool:
        """Whether it is not an event, but says that its stream was tombstoned."""
        return self.version is None and self.topic == TOMBSTONE

    @property
    def is_missing(self) -> bool:
        """Whether it is not an event, but a link whose event is gone; an event that is there has
        a position, even one read through a link.
        """
        return self.topic == LINK and self.link_stream is not None and self.position is None

    @property
    def remark(self) -> str | None:
        """What a frame says of it, where it is not an event."""
        return TOMBSTONED if self.is_tombstone else MISSING if self.is_missing else None


SERVER_COLUMNS: Schema = {
    "revision": "Int64",
    "content_type": "string",
    "link_stream": "string",
    "link_revision": "Int64",
    "link_position": "Int64",
}
"""The further fields of a server's events."""

TOMBSTONE = "$streamDeleted"
"""The type of the event by which EventStoreDB closes a stream for good. It has no version."""
TOMBSTONED = "tombstoned: this stream is closed for good, and can no longer be read by its name"
"""What a frame says of it."""

MISSING = "missing: this link leads to an event that is not there"
"""What a frame says of a link whose event was deleted, truncated or tombstoned."""

ORIGINAL_TIME = "$esnb-recorded"
"""In the metadata of an event that `load` stored: when it was first recorded."""


class Origin(NamedTuple):
    """Where events come from."""

    kind: Literal["application", "server"]
    name: str
    """The application's; empty for a server."""
    transcoded: bool = True
    """Whether the library's own transcoder wrote an application's payloads."""
    by_position: bool = False
    """Whether a mapper of its own may have written objects without the names of their fields."""


def last_part(type: str) -> str:
    """The last part of an event's type, by which a filter may name it, too.

    >>> last_part("Dog.Registered"), last_part("Registered")
    ('Registered', 'Registered')
    """
    return type.rpartition(".")[2]


def is_of_library(record: Record) -> bool:
    """Whether an application wrote an event of a server, rather than some other client."""
    metadata = record.metadata
    return ":" in record.topic or (type(metadata) is dict and TOPIC in metadata)


def as_first_recorded(metadata: Any, recorded: datetime | None) -> tuple[Any, datetime | None]:
    """Metadata and recorded time as they were before an event was exported and loaded."""
    if type(metadata) is not dict or ORIGINAL_TIME not in metadata:
        return metadata, recorded
    rest = {key: value for key, value in metadata.items() if key != ORIGINAL_TIME}
    first = time_in(metadata[ORIGINAL_TIME])
    return (metadata, recorded) if first is None else (rest or None, first)


def decode_remarked(record: Record) -> tuple[str | None, str | None]:
    """The payload of what is not an event, as `EventSource.decode` has it."""
    return record.state.decode("utf-8", "replace") or None, record.remark


def category_of_stream(name: str) -> str | None:
    """What a server takes for the category: everything before the first dash."""
    before, dash, _ = name.partition("-")
    return before if dash and before else None


Records = AbstractContextManager[Iterator[Record]]
"""A read in progress; leaving the context also ends it at the server."""


class EventSource(Protocol):
    """What a frame over events needs from the place where they are kept."""

    @property
    def name(self) -> str:
        """Its name in messages."""
        ...

    @property
    def extra_columns(self) -> Schema:
        """Columns that only this kind of source has; they come after the common ones."""
        ...

    def events(self, start: int | None) -> Records:
        """The whole sequence in order, from position `start` on (inclusive)."""
        ...

    def stream(
        self, name: UUID | str, start: int | None, stop: int | None, last: int | None
    ) -> Records:
        """One stream by version: from `start` to before `stop`, of these the newest `last`."""
        ...

    def count(self, start: int | None) -> int | None:
        """How many events `events(start)` returns, where that is known at no cost."""
        ...

    @property
    def origin(self) -> Origin:
        """What an exported file says of where its events come from."""
        ...

    def plain(self, record: Record) -> bytes:
        """The payload as its transcoder wrote it: decrypted and decompressed.

        Raises whatever a damaged one makes the cipher or the compressor raise.
        """
        ...

    def decode(self, record: Record) -> tuple[Any, str | None]:
        """The payload and, where it could not be read, why; it is then the raw bytes.

        For a tombstone, None and a text that says so; for a link whose event is
        gone, where it leads, and a text that says so.
        """
        ...

    def category(self, first: Record, data: Any) -> str | None:
        """What kind of stream begins with `first`, whose payload is `data`."""
        ...
