"""One application's streams on a server: its category of `$all`, and each stream by itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    NotSupportedError,
    PersistenceError,
    StoredEvent,
)

from esnb.clients.errors import LOST_EVENTS, translated
from esnb.clients.installed import (
    Client,
    NewEvent,
    NotFound,
    RecordedEvent,
    StreamIsDeleted,
    StreamState,
)
from esnb.correlation import current_correlation
from esnb.eventstoredb import envelope
from esnb.eventstoredb.connection import Lease, SharedClient
from esnb.eventstoredb.log import ServerLog, position_of
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
        """Raises a conflict's cause where it is not a rival writer, so that repeating would not help."""
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
            lambda client: list(
                map(position_of, read_stream(client, stream, revision, limit=count))
            ),
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

    def log(self, client: Client) -> ServerLog:
        """The category's events in `$all`; those that the server wrote itself are among them."""
        return ServerLog.of_streams(client, self.naming.pattern)

    def anchor(self, client: Client, number: int | None) -> int | None:
        """The position after which to subscribe for events above `number`; None: the start.

        A position at or below `number`, with none of the category's events between
        them: what a subscription sends beyond it may begin at or below `number` all
        the same when `number` lies beyond the log's end.
        """
        if number is None or number <= 0:
            return None
        head = self.head(client)
        return head if head is None or head <= number else self.log(client).anchor(number)

    def notification(self, event: RecordedEvent) -> StreamNotification | None:
        """The notification that `event` carries; None when it is not one of the application's.

        That is one of another stream, and one that EventStoreDB wrote itself.
        """
        originator_id = self.naming.originator_id(event.stream_name)
        if originator_id is None or envelope.is_of_server(event):
            return None
        return envelope.notification(
            event, originator_id, self.versions.version(event.stream_position)
        )

    def head(self, client: Client) -> int | None:
        """The position of the application's last event."""
        for limit in (1, None):  # the last one is rarely the server's own
            last = None
            for last in self.log(client).backwards(limit=limit):
                if self.notification(last) is not None:
                    return position_of(last)
            if last is None:
                return None
        return None


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
