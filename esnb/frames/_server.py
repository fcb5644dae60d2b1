"""An EventStoreDB client as a source: every stream of the database."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import takewhile
from typing import Any
from uuid import UUID

from eventsourcing.persistence import OperationalError

from esnb import _closed, topics
from esnb._client import (
    Client,
    ClientError,
    DeadlineExceeded,
    DiscoveryFailed,
    NotFound,
    RecordedEvent,
    ServiceUnavailable,
    StreamIsDeleted,
)
from esnb._patience import patiently
from esnb._uri import described, guarded, masked
from esnb.frames._payload import Decoded, decode_or_keep, json_decoder
from esnb.frames._record import (
    SERVER_COLUMNS,
    Origin,
    Record,
    as_first_recorded,
    category_of_stream,
)
from esnb.frames._schema import Schema

TOPIC_KEY = "topic"
"""Where esnb's adapter keeps an event's full topic in its metadata."""

BINARY = "application/octet-stream"


@contextmanager
def reading(client: Client, method: str, **arguments: Any) -> Iterator[Iterator[RecordedEvent]]:
    """A read by the client's `method`, ended with the block.

    Raises what `answered` raises, and OperationalError when the server falls silent.
    """
    with (
        answered(client),
        getattr(client, method)(**arguments) as response,
        closing(patiently(response, client)) as events,
    ):
        yield events


@contextmanager
def answered(client: Client) -> Iterator[None]:
    """A block that asks the server.

    Raises OperationalError, with the server named, where it cannot be reached,
    does not answer in time, or the client was closed; the client's other errors as they are.
    """
    uri = guarded(client.connection_spec.uri)
    server = f"EventStoreDB at {described(uri)}"
    try:
        yield
    except (ServiceUnavailable, DiscoveryFailed) as error:
        problem = _closed.remark(uri) or (
            f"{server} cannot be reached: check whether it runs ({masked(str(error))})"
        )
        raise OperationalError(problem) from error
    except DeadlineExceeded as error:
        raise OperationalError(
            f"{server} accepts connections but does not answer: check that it runs, and is not "
            "stopped or cut off, then ask again"
        ) from error
    except ValueError as error:
        if "channel" not in str(error).lower():
            raise
        problem = (
            _closed.remark(uri) or f"this client of {server} is closed: {_closed.GIVE_ANOTHER}"
        )
        raise OperationalError(problem) from error


class ServerSource:
    """What an EventStoreDB server holds, but for its own system events.

    A stream is read with its links resolved: a row shows the original event,
    and `link_stream`, `link_revision`, `link_position` where it was found.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._json = json_decoder()

    @property
    def name(self) -> str:
        return "the EventStoreDB server"

    @property
    def extra_columns(self) -> Schema:
        return SERVER_COLUMNS

    @contextmanager
    def events(self, start: int | None) -> Iterator[Iterator[Record]]:
        first, begin = self._from(start)
        with reading(self.client, "read_all", commit_position=begin) as response:
            yield (
                self._record(event)
                for event in response
                if first is None or (event.commit_position or 0) >= first
            )

    @contextmanager
    def events_before(self, number: int | None) -> Iterator[Iterator[Record]]:
        """The events below position `number` (None: all), the last one first."""
        if number is not None and number <= 1:
            yield iter(())
            return
        # Backwards a position itself is left out, and one that is no event's is
        # refused: then everything above it is read and passed over.
        begin = None if number is None else self._from(number)[1]
        with reading(self.client, "read_all", commit_position=begin, backwards=True) as response:
            yield (
                self._record(event)
                for event in response
                if number is None or (event.commit_position or 0) < number
            )

    def _from(self, start: int | None) -> tuple[int | None, int | None]:
        """From which position to show, and from which to read.

        The server refuses a position at which no event begins; then the read
        begins at the beginning and what comes before is passed over.
        """
        if start is None or start <= 0:
            return None, None
        try:
            with reading(self.client, "read_all", commit_position=start, limit=1) as response:
                next(response, None)
        except ClientError:
            return start, None
        return start, start

    @contextmanager
    def stream(
        self, name: UUID | str, start: int | None, stop: int | None, last: int | None
    ) -> Iterator[Iterator[Record]]:
        text = str(name)
        low = max(0, (start or 1) - 1)
        high = None if stop is None else stop - 1
        if (high is not None and high <= low) or last == 0:
            yield iter(())
        elif last is not None:
            yield iter(self._newest(text, low, high, last))
        else:
            limit = sys.maxsize if high is None else high - low
            with reading(
                self.client,
                "read_stream",
                stream_name=text,
                stream_position=low,
                resolve_links=True,
                limit=limit,
            ) as response:
                # A truncated stream begins later than it was asked for.
                yield takewhile(
                    lambda record: high is None or _number(record) < high,
                    map(self._record, _found(response, text)),
                )

    def _newest(self, name: str, low: int, high: int | None, last: int) -> list[Record]:
        with reading(
            self.client,
            "read_stream",
            stream_name=name,
            stream_position=None if high is None else high - 1,
            backwards=True,
            resolve_links=True,
            limit=last,
        ) as response:
            newest = [self._record(event) for event in _found(response, name)]
        return [record for record in reversed(newest) if _number(record) >= low]

    def count(self, start: int | None) -> int | None:
        return None

    @property
    def origin(self) -> Origin:
        return Origin("server", "")

    def plain(self, record: Record) -> bytes:
        return record.state

    def decode(self, record: Record) -> Decoded:
        payload, problem = decode_or_keep(self._json, record.state)
        if record.content_type == BINARY and type(payload) is not dict:
            return record.state or None, None  # bytes are no damage where bytes were announced
        return payload, problem

    def category(self, first: Record, data: Any) -> str | None:
        return category_of_stream(first.stream)

    def _record(self, event: RecordedEvent) -> Record:
        metadata, _ = decode_or_keep(self._json, event.metadata)
        metadata, recorded = as_first_recorded(metadata, event.recorded_at)
        topic = metadata.get(TOPIC_KEY) if type(metadata) is dict else None
        if not isinstance(topic, str) or not topics.matches(topic, event.type):
            topic = event.type
        link = event.link
        return Record(
            event.stream_name,
            event.stream_position + 1,
            topic,
            event.data,
            event.commit_position,
            str(event.id),
            recorded,
            metadata,
            event.type.rpartition(":")[2],
            event.stream_position,
            event.content_type or None,
            None if link is None else link.stream_name,
            None if link is None else link.stream_position,
            None if link is None else link.commit_position,
        )


def _number(record: Record) -> int:
    """Where a record stands in the stream that is read: its link's place, or its own."""
    number = record.revision if record.link_revision is None else record.link_revision
    return number or 0


def _found(response: Iterable[RecordedEvent], name: str) -> Iterator[RecordedEvent]:
    """The events of a read; none where there is no such stream."""
    try:
        yield from response
    except NotFound:
        return
    except StreamIsDeleted as error:
        raise StreamIsDeleted(
            f"stream {name!r} was tombstoned: its events are gone and its name stays closed"
        ) from error
