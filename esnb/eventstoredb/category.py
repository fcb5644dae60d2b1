"""One application's streams on a server: its category of `$all`, and each stream by itself."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    NotSupportedError,
    PersistenceError,
    StoredEvent,
)

from esnb.clients.installed import (
    ClientError,
    NewEvent,
    NotFound,
    RecordedEvent,
    StreamIsDeleted,
    StreamState,
)
from esnb.correlation import current_correlation
from esnb.eventstoredb import envelope, positions
from esnb.eventstoredb.connection import Lease, SharedClient
from esnb.eventstoredb.errors import LOST_EVENTS, is_refused_position, translated
from esnb.eventstoredb.naming import StreamNaming
from esnb.eventstoredb.reading import read, whole
from esnb.eventstoredb.records import StreamEvent, StreamNotification
from esnb.eventstoredb.revisions import VersionMap

LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes; the server takes no larger request, whatever its own append limit (1 MiB by default)."""
_REMOVING = frozenset({"$tb", "$maxCount", "$maxAge"})
"""Metadata by which a stream's events are removed."""
_APPEND_TIMEOUT = 30.0
"""Seconds, unless the connection string has a `defaultDeadline`."""


class Category:
    """Appends to and reads from the streams of one application."""

    def __init__(
        self, lease: Lease, *, application: str, naming: StreamNaming, versions: VersionMap
    ) -> None:
        self.lease = lease
        self.application = application
        self.naming = naming
        self.versions = versions

    @property
    def client(self) -> SharedClient:
        """The shared client."""
        return self.lease.client

    @property
    def uri(self) -> str:
        return self.lease.address.uri

    # --- one aggregate's stream -------------------------------------------------

    def append(self, stored_events: Sequence[StoredEvent]) -> tuple[str, int, int]:
        """Appends events of one aggregate; (stream, first revision, position of the last).

        Raises IntegrityError when the stream is not where the first version
        expects it, NotSupportedError for several aggregates, DataError when the
        server takes no append of that size; nothing is written then.
        """
        ids = {str(event.originator_id) for event in stored_events}
        if len(ids) > 1:
            raise NotSupportedError(
                f"EventStoreDB cannot store events of several aggregates atomically, and these "
                f"belong to {len(ids)} ({', '.join(sorted(ids)[:3])}{', …' if len(ids) > 3 else ''}):"
                " nothing was written. Save one aggregate at a time, and let a projection or a "
                f"process carry on where one follows from the other; {LOST_EVENTS}"
            )
        stream = self.naming.stream(stored_events[0].originator_id)
        versions = [event.originator_version for event in stored_events]
        expected = self.versions.expected_revision(versions)
        correlation = current_correlation()
        events = [
            envelope.enclose(event, application=self.application, correlation=correlation)
            for event in stored_events
        ]
        try:
            position = append(self.lease, stream, expected, events)
        except IntegrityError as error:
            self._explain(stream, 0 if expected is None else expected + 1, error)
            raise
        return stream, self.versions.revision(versions[0]), position

    def _explain(self, stream: str, revision: int, conflict: IntegrityError) -> None:
        """Raises a conflict's cause where it is no rival, so that repeating would not help."""
        try:
            blocking = self.blocking(stream, revision)
        except PersistenceError:  # the conflict is what the caller must hear of
            return
        if blocking is not None:
            raise IntegrityError(f"{blocking}. Nothing was written") from conflict

    def blocking(self, stream: str, revision: int) -> str | None:
        """What to say of an event at `revision` that EventStoreDB or a tool put among
        an aggregate's; None where there is no such event.
        """
        found = read(
            self.lease,
            f"reading stream {stream!r}",
            lambda client: read_stream(client, stream, revision, limit=1),
            at_leader=True,
        )
        if not found or found[0].stream_position != revision or not envelope.is_of_server(found[0]):
            return None
        return (
            f"stream {stream!r} has an event of type {found[0].type!r} at revision {revision}, "
            "which is not one of the application's: types that begin with '$' are EventStoreDB's "
            f"own. It takes the place of the aggregate's version {self.versions.version(revision)}"
            ", and EventStoreDB cannot remove a single event: store the aggregate's own events, "
            "which esnb.stream(app, id) shows, under another id, and write no such event to an "
            "application's streams"
        )

    def positions_of(self, stream: str, revision: int, count: int) -> list[int]:
        """The commit positions of `count` events of a stream from `revision` on, just appended."""

        return read(
            self.lease,
            f"reading stream {stream!r}",
            lambda client: list(map(_position, read_stream(client, stream, revision, limit=count))),
            at_leader=True,
        )

    def events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StreamEvent]:
        """An aggregate's stored events; none when it has no stream, or its stream was deleted.

        What EventStoreDB or a tool wrote there with a type of EventStoreDB's own is
        left out, and its version with it.
        """
        window = self.versions.window(gt=gt, lte=lte, desc=desc, limit=limit)
        if window is None:
            return []
        stream = self.naming.stream(originator_id)
        # Where events were truncated, the server answers with the next that are left.
        lowest = 0 if gt is None else self.versions.revision(gt) + 1
        highest = None if lte is None else self.versions.revision(lte)

        def chosen(client: SharedClient, at_most: int | None) -> list[RecordedEvent]:
            found = read_stream(
                client, stream, window.revision, backwards=window.backwards, limit=at_most
            )
            own = [event for event in found if not envelope.is_of_server(event)]
            # The server counts those left out, too.
            return own if at_most is None or len(own) == len(found) else chosen(client, None)

        def work(client: SharedClient) -> list[StreamEvent]:
            fitting = (
                envelope.stream_event(
                    event, originator_id, self.versions.version(event.stream_position)
                )
                for event in chosen(client, window.limit)
                if event.stream_position >= lowest
                and (highest is None or event.stream_position <= highest)
            )
            return list(islice(fitting, limit))

        return read(self.lease, f"reading stream {stream!r}", work)

    def truncated_before(self, originator_id: UUID | str) -> int:
        """The `$tb` of an aggregate's stream: the first revision that a client has left visible."""
        stream = self.naming.stream(originator_id)

        def work(client: SharedClient) -> int:
            metadata, _ = client.get_stream_metadata(stream)
            cut = metadata.get("$tb", 0)
            return cut if isinstance(cut, int) else 0

        return read(self.lease, f"reading the metadata of stream {stream!r}", work)

    def was_removed(self, client: SharedClient, originator_id: UUID | str, version: int) -> bool:
        """Whether an aggregate's stream tells that its event of `version` was here, and is gone.

        EventStoreDB removes events of streams that were tombstoned, deleted or
        truncated (`$tb`, `$maxCount`, `$maxAge`) when it scavenges; the tombstone and
        the metadata stay. A stream that has another event at that revision, or
        nothing that tells of a removal, never had it.
        """
        revision = self.versions.revision(version)
        try:
            stream = self.naming.stream(originator_id)
        except DataError:  # the id of another store's event
            return False
        if revision < 0:
            return False
        arguments: dict[str, Any] = {"stream_name": stream, "stream_position": revision, "limit": 1}
        try:
            found = next(whole(client, client.read_stream, **arguments), None)
        except StreamIsDeleted:
            return True
        except NotFound:
            found = None
        if found is not None:
            return found.stream_position > revision
        metadata, _ = client.get_stream_metadata(stream)
        return not _REMOVING.isdisjoint(metadata)

    # --- the category in $all -----------------------------------------------------

    def log(
        self,
        client: SharedClient,
        *,
        position: int | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> Generator[RecordedEvent, None, None]:
        """The category's events in `$all`; `position` must be an event's, inclusive forwards."""
        arguments: dict[str, Any] = {} if limit is None else {"limit": limit}
        return whole(
            client,
            client.read_all,
            commit_position=position,
            backwards=backwards,
            filter_include=[self.naming.pattern],
            filter_by_stream_name=True,
            **arguments,
        )

    def log_from(
        self, client: SharedClient, number: int, *, limit: int | None = None
    ) -> Generator[RecordedEvent, None, None]:
        """The category's events at or above `number`, which may be no event's position.

        Those that the server wrote itself are among them.

        The server reads from positions of events only. The library mostly asks
        from an event's position or from the number after one, which cost one
        read; any other number is looked for. More than `limit` events may come.
        """
        if number <= 1:  # every position is above 0
            yield from self.log(client, limit=limit)
            return
        if number >= positions.BEYOND_EVERY_LOG:
            return
        for position in (number, number - 1):
            events = self.log(client, position=position, limit=None if limit is None else limit + 1)
            try:
                first = next(events, None)
            except ClientError as error:
                if not is_refused_position(error):
                    raise
                continue
            if first is not None:
                yield from (event for event in chain([first], events) if _position(event) >= number)
            return
        following = self.neighbours(client, number).at_or_above
        if following is not None:
            yield from self.log(client, position=following, limit=limit)

    def log_before(
        self, client: SharedClient, number: int | None
    ) -> Generator[RecordedEvent, None, None]:
        """The category's events below `number` (None: all), the last one first."""
        if number is not None and number <= 1:
            return
        if number is None or number >= positions.BEYOND_EVERY_LOG:
            yield from self.log(client, backwards=True)
            return
        events = self.log(client, position=number, backwards=True)
        try:
            first = next(events, None)
        except ClientError as error:
            if not is_refused_position(error):
                raise
            following = self.neighbours(client, number).at_or_above
            yield from self.log(client, position=following, backwards=True)
            return
        if first is not None:
            yield from chain([first], events)

    def anchor(self, client: SharedClient, number: int | None) -> int | None:
        """The position after which to subscribe for events above `number`; None: the start.

        A position of an event at or below `number`, with none of the category's
        between them: what a subscription sends beyond it may begin at or below
        `number` all the same when `number` lies beyond the log's end.
        """
        if number is None or number <= 0:
            return None
        head = self.head(client)
        if head is None or head <= number:
            return head
        try:
            next(self.log(client, position=number, limit=1), None)
        except ClientError as error:
            if not is_refused_position(error):
                raise
            return self.neighbours(client, number).below
        return number

    def notification(self, event: RecordedEvent) -> StreamNotification | None:
        """The notification that `event` carries; None when it is none of the application's.

        That is one of another stream, and one that EventStoreDB wrote itself.
        """
        originator_id = self.naming.originator_id(event.stream_name)
        if originator_id is None or envelope.is_of_server(event):
            return None
        return envelope.notification(
            event, originator_id, self.versions.version(event.stream_position)
        )

    def head(self, client: SharedClient) -> int | None:
        """The position of the application's last event."""
        for limit in (1, None):  # the last one is rarely the server's own
            last = None
            for last in self.log(client, backwards=True, limit=limit):
                if self.notification(last) is not None:
                    return _position(last)
            if last is None:
                return None
        return None

    def neighbours(self, client: SharedClient, number: int) -> positions.Neighbours:
        """The category's events next to `number`, searched from both ends of the log."""
        forwards, backwards = self.log(client), self.log(client, backwards=True)
        with closing(forwards), closing(backwards):
            return positions.neighbours(number, map(_position, forwards), map(_position, backwards))


def append(
    lease: Lease, stream: str, expected_revision: int | None, events: Sequence[NewEvent]
) -> int:
    """Appends `events` as a whole; the last one's commit position.

    `expected_revision` is that of the stream's last event, None for no stream.
    The client repeats an append whose answer was lost; the server knows the
    events by their ids, and stores them once.
    """
    size = sum(map(size_of, events))
    subject = f"appending {len(events)} event(s), {size:,} bytes, to stream {stream!r}"
    if size > LARGEST_MESSAGE:
        raise DataError(
            f"{subject}: EventStoreDB takes no request above {LARGEST_MESSAGE:,} bytes; "
            f"nothing was written. Save in smaller steps; {LOST_EVENTS}"
        )
    has_deadline = "defaultdeadline=" in lease.address.uri.lower()
    with translated(subject, lease.address.uri):
        return lease.client.append_to_stream(
            stream,
            current_version=(
                StreamState.NO_STREAM if expected_revision is None else expected_revision
            ),
            events=events,
            timeout=None if has_deadline else _APPEND_TIMEOUT,
        )


def size_of(event: NewEvent) -> int:
    """Bytes that an event counts towards the server's limit of one append."""
    return len(event.data) + len(event.metadata) + 2 * len(event.type)


def read_stream(
    client: SharedClient,
    stream: str,
    revision: int | None = None,
    *,
    backwards: bool = False,
    limit: int | None = None,
) -> list[RecordedEvent]:
    """The events of one stream; none when it does not exist or was deleted."""
    arguments: dict[str, Any] = {} if limit is None else {"limit": limit}
    try:
        return list(
            whole(
                client,
                client.read_stream,
                stream_name=stream,
                stream_position=revision,
                backwards=backwards,
                **arguments,
            )
        )
    except (NotFound, StreamIsDeleted):
        return []


def _position(event: RecordedEvent) -> int:
    """Servers before 21.10 leave it out of stream reads, never out of `$all`."""
    return event.commit_position or 0
