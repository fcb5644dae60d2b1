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

import grpc
from eventsourcing.persistence import OperationalError

from esnb import topics
from esnb.clients import ended
from esnb.clients.certificate import certificate_problem
from esnb.clients.channel import CallError
from esnb.clients.eventstoredb import EventStoreDB
from esnb.clients.installed import (
    AccessDenied,
    Client,
    ClientError,
    DeadlineExceeded,
    DiscoveryFailed,
    NodeIsNotLeader,
    NotFound,
    RecordedEvent,
    ServiceUnavailable,
    StreamIsDeleted,
)
from esnb.clients.leader import not_leader
from esnb.clients.links import LINK, keeping_links
from esnb.clients.patience import patiently
from esnb.clients.refusal import explain_any
from esnb.clients.silence import SILENT, is_silence
from esnb.clients.status import call_of
from esnb.clients.uri import described, guarded, masked
from esnb.sources.columns import Schema
from esnb.sources.payload import Decoded, decode_announced, decode_or_keep, json_decoder
from esnb.sources.record import (
    SERVER_COLUMNS,
    TOMBSTONE,
    TOPIC_KEY,
    Origin,
    Record,
    as_first_recorded,
    category_of_stream,
    decode_remarked,
    is_of_library,
)
from esnb.values.cell import encodable

_SHOWN: Mapping[str, Any] = {"filter_include": [r"[^$][\s\S]*", re.escape(TOMBSTONE)]}
"""Of the server's own events, whose types begin with `$`, only tombstones."""
_LAST_REVISION = 2**63 - 1
"""At which a tombstone stands, whatever comes before it."""
_OLD_CONFIGURATION = re.compile(r"PersistentConfig\d+")
"""The type of those in which older servers kept their groups of consumers."""


@contextmanager
def reading(client: Client, method: str, **arguments: Any) -> Iterator[Iterator[RecordedEvent]]:
    """A read by the client's `method`, ended with the block.

    Raises what `answered` raises, and OperationalError when the server falls silent.
    """
    with (
        answered(client),
        getattr(client, method)(**arguments) as response,
        closing(_patient(keeping_links(response), client)) as events,
    ):
        yield events


def _patient(response: Any, client: Client) -> Generator[RecordedEvent, None, None]:
    """The events of `response`; a server that falls silent ends it with an error.

    esnb's own clients notice it themselves.
    """
    if isinstance(client, EventStoreDB):
        yield from response
    else:
        yield from patiently(response, client)


@contextmanager
def answered(client: Client) -> Iterator[None]:
    """A block that asks the server.

    Raises OperationalError, with the server named, where it cannot be reached,
    does not answer in time, or the client was closed; AccessDenied for a user without
    the right; the client's other errors as they are, in one line.
    """
    uri = guarded(client.connection_spec.uri)
    server = f"EventStoreDB at {described(uri)}"
    try:
        yield
    except NodeIsNotLeader as error:
        raise OperationalError(f"{server} refuses: {not_leader(error)}") from error
    except (ServiceUnavailable, DiscoveryFailed, DeadlineExceeded) as error:
        raise OperationalError(ended.explain_gone(uri) or f"{server} {_absence(error)}") from error
    except ClientError as error:
        call = call_of(error)
        if call is None:
            raise
        # Another client than esnb's has lines of gRPC's own for a text.
        told = call if isinstance(call, CallError) else CallError(call, explain_any)
        if told.code() is grpc.StatusCode.PERMISSION_DENIED:
            raise AccessDenied(str(told)) from None
        if told is call:
            raise
        raise type(error)(told) from None
    except ValueError as error:
        if "channel" not in str(error).lower():
            raise
        problem = (
            ended.explain_gone(uri) or f"this client of {server} is closed: {ended.GIVE_ANOTHER}"
        )
        raise OperationalError(problem) from error


def _absence(error: Exception) -> str:
    """What `error` says of a server that gives no answer."""
    if isinstance(error, DeadlineExceeded) or is_silence(str(error)):
        return SILENT
    problem = certificate_problem(str(error))
    if problem is not None:
        return f"cannot be used: {problem}"
    return f"cannot be reached: check whether it runs ({masked(str(error))})"


class ServerSource:
    """What an EventStoreDB server holds, but for its own system events.

    A stream is read with its links resolved: a row shows the original event,
    and `link_stream`, `link_revision`, `link_position` where it was found. That
    a stream was tombstoned is a record without a version.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._metadata = json_decoder(transcoded=False)

    @property
    def name(self) -> str:
        return "the EventStoreDB server"

    @property
    def extra_columns(self) -> Schema:
        return SERVER_COLUMNS

    @contextmanager
    def events(self, start: int | None) -> Iterator[Iterator[Record]]:
        first, begin = self._from(start)
        with reading(self.client, "read_all", commit_position=begin, **_SHOWN) as response:
            yield (
                self._record(event)
                for event in response
                if (first is None or (event.commit_position or 0) >= first) and _is_shown(event)
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
        with reading(
            self.client, "read_all", commit_position=begin, backwards=True, **_SHOWN
        ) as response:
            yield (
                self._record(event)
                for event in response
                if (number is None or (event.commit_position or 0) < number) and _is_shown(event)
            )

    def _from(self, start: int | None) -> tuple[int | None, int | None]:
        """From which position to show, and from which to read.

        The server refuses a position at which no event begins; then the read
        begins at the beginning and what comes before is passed over.
        """
        if start is None or start <= 0:
            return None, None
        try:
            with reading(
                self.client, "read_all", commit_position=start, limit=1, **_SHOWN
            ) as response:
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
        if (high is not None and high <= low) or last == 0 or encodable(text) != text:
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
                    self._found(response, text),
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
            newest = list(self._found(response, name))
        return [record for record in reversed(newest) if _number(record) >= low]

    def _found(self, response: Iterable[RecordedEvent], name: str) -> Iterator[Record]:
        """The events of a read; none where there is no such stream."""
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
        topic = metadata.get(TOPIC_KEY) if type(metadata) is dict else None
        if not isinstance(topic, str) or not topics.matches(topic, event.type):
            topic = event.type
        link = event.link
        revision = None if _is_tombstone(event) else event.stream_position
        return Record(
            event.stream_name,
            None if revision is None else revision + 1,
            topic,
            event.data,
            event.commit_position,
            str(event.id),
            recorded,
            metadata,
            event.type.rpartition(":")[2],
            revision,
            event.content_type or None,
            None if link is None else link.stream_name,
            None if link is None else link.stream_position,
            None if link is None else link.commit_position,
        )


def _is_shown(event: RecordedEvent) -> bool:
    """Whether it is an event, or a tombstone, of a stream that is not the server's own."""
    if _is_tombstone(event):
        return not event.stream_name.startswith("$")
    return _OLD_CONFIGURATION.fullmatch(event.type) is None


def _target(link: bytes) -> tuple[str | None, int | None]:
    """Where the data of a link lead: a stream and a revision; None where they are no link's."""
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
