"""Snapshots in EventStoreDB."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    PersistenceError,
    StoredEvent,
)

from esnb.clients.installed import RecordedEvent
from esnb.correlation import current_correlation
from esnb.eventstoredb import envelope
from esnb.eventstoredb.category import append, read_stream
from esnb.eventstoredb.connection import Lease, SharedClient
from esnb.eventstoredb.log import ServerLog
from esnb.eventstoredb.naming import StreamNaming
from esnb.eventstoredb.reading import read
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot

_log = logging.getLogger(__name__)

VERSION = "version"
FINGERPRINT = "fingerprint"
EVENT_ID = "event_id"
"""Of the event that the snapshot was taken at."""
OLDER = "older"
"""Marks a snapshot that was stored after one of a newer version."""

_ATTEMPTS = 20
"""Of one append, each time another writer comes first."""


class EventStoreDBSnapshotRecorder(SnapshotRecorder):
    """Keeps an aggregate's snapshots in a stream beside its events.

    The stream is in another category than the events, so that no notification
    shows a snapshot. Each append expects the stream as it was read, so several
    writers agree on which snapshot is the newest; one that is older than the
    newest is marked, and readers going backwards pass over it. Of snapshots
    with the same version the last stored counts. What is no longer among the
    newest `keep` versions is cut off by the stream's metadata (`$tb`), some at a
    time: up to about twice as many may be on disk. They do not expire.
    """

    def __init__(self, lease: Lease, *, application: str, naming: StreamNaming, keep: int) -> None:
        self._lease = lease
        self._application = application
        self._naming = naming
        self._keep = keep

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Stores snapshots (`StoredSnapshot` with its fingerprint, or plain ones); returns None."""
        for stored in stored_events:
            self._insert(stored)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredSnapshot]:
        """The kept snapshots of one aggregate by version, above `gt` up to `lte`."""
        if desc and limit == 1 and gt is None:
            newest = self._newest(originator_id, lte)
            return [] if newest is None else [newest]
        found = [
            each
            for each in self._select_kept(originator_id)
            if (gt is None or each.originator_version > gt)
            and (lte is None or each.originator_version <= lte)
        ]
        return (found[::-1] if desc else found)[:limit]

    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        """Every kept snapshot, of one aggregate or of all, oldest version first.

        For all of them the log is searched for the streams that hold some.
        """
        for each in self._originator_ids() if originator_id is None else [originator_id]:
            yield from self._select_kept(each)

    def _insert(self, stored: StoredEvent) -> None:
        stream = self._naming.snapshot_stream(stored.originator_id)
        for _ in range(_ATTEMPTS):
            revision, newest = self._end(stream)
            is_older = newest is not None and stored.originator_version < newest
            try:
                self._append(stream, revision, stored, is_older=is_older)
            except IntegrityError:
                continue
            count = 1 if revision is None else revision + 2
            if count > self._keep and count % self._keep == 0:
                self._trim(stream, stored.originator_id)
            return
        raise OperationalError(
            f"stream {stream!r} was written by others at each of {_ATTEMPTS} attempts"
        )

    def _append(
        self, stream: str, revision: int | None, stored: StoredEvent, *, is_older: bool
    ) -> None:
        extra: dict[str, Any] = {VERSION: stored.originator_version}
        if isinstance(stored, StoredSnapshot):
            if stored.fingerprint is not None:
                extra[FINGERPRINT] = stored.fingerprint
            if stored.event_id is not None:
                extra[EVENT_ID] = str(stored.event_id)
        if is_older:
            extra[OLDER] = True
        event = envelope.enclose(
            stored, application=self._application, correlation=current_correlation(), extra=extra
        )
        append(self._lease, stream, revision, [event])

    def _end(self, stream: str) -> tuple[int | None, int | None]:
        """The stream's last revision and its newest version; None when there is none."""

        def work(client: SharedClient) -> tuple[int | None, int | None]:
            last: int | None = None
            newest: int | None = None
            for event in _backwards(client, stream):
                metadata = envelope.read_metadata(event.metadata)
                version = metadata.get(VERSION)
                last = event.stream_position if last is None else last
                if isinstance(version, int):
                    newest = version if newest is None else max(newest, version)
                    if OLDER not in metadata:
                        break
            return last, newest

        return read(self._lease, f"reading stream {stream!r}", work, at_leader=True)

    def _newest(self, originator_id: UUID | str, lte: int | None) -> StoredSnapshot | None:
        stream = self._naming.snapshot_stream(originator_id)

        def work(client: SharedClient) -> StoredSnapshot | None:
            newest: StoredSnapshot | None = None
            for event in _backwards(client, stream):
                snapshot = _snapshot(event, originator_id)
                if snapshot is None or (lte is not None and snapshot.originator_version > lte):
                    continue
                # Going backwards, the first of a version is the one stored last.
                if newest is None or snapshot.originator_version > newest.originator_version:
                    newest = snapshot
                if OLDER not in envelope.read_metadata(event.metadata):
                    break
            return newest

        return read(self._lease, f"reading stream {stream!r}", work)

    def _select_kept(self, originator_id: UUID | str) -> list[StoredSnapshot]:
        by_version = {
            snapshot.originator_version: snapshot
            for event in self._events(self._naming.snapshot_stream(originator_id))
            if (snapshot := _snapshot(event, originator_id)) is not None
        }
        return [by_version[version] for version in sorted(by_version)[-self._keep :]]

    def _events(self, stream: str, *, at_leader: bool = False) -> list[RecordedEvent]:
        return read(
            self._lease,
            f"reading stream {stream!r}",
            lambda client: read_stream(client, stream),
            at_leader=at_leader,
        )

    def _trim(self, stream: str, originator_id: UUID | str) -> None:
        """Cuts off what lies before the first snapshot that is kept."""
        revisions = {
            snapshot.originator_version: event.stream_position
            for event in self._events(stream, at_leader=True)
            if (snapshot := _snapshot(event, originator_id)) is not None
        }
        first_kept = min(revisions[version] for version in sorted(revisions)[-self._keep :])

        def work(client: SharedClient) -> None:
            metadata, _ = client.get_stream_metadata(stream)
            if metadata.get("$tb", 0) < first_kept:
                client.set_stream_metadata(stream, metadata={**metadata, "$tb": first_kept})

        try:
            subject = f"setting the metadata of stream {stream!r}"
            read(self._lease, subject, work, at_leader=True)
        except PersistenceError as error:
            _log.info("older snapshots stay for now: %s", error)

    def _originator_ids(self) -> list[UUID | str]:
        def work(client: SharedClient) -> list[UUID | str]:
            events = ServerLog.of_streams(client, self._naming.snapshot_pattern).forwards()
            names = dict.fromkeys(event.stream_name for event in events)
            ids = map(self._naming.snapshot_originator_id, names)
            return [each for each in ids if each is not None]

        return read(self._lease, f"listing the snapshots of {self._application!r}", work)


def _backwards(client: SharedClient, stream: str) -> Iterator[RecordedEvent]:
    """A stream's events from the last on, fetched a few at a time: usually one is enough."""
    revision: int | None = None
    limit = 1
    while True:
        events = read_stream(client, stream, revision, backwards=True, limit=limit)
        yield from events
        if len(events) < limit or events[-1].stream_position == 0:
            return
        revision = events[-1].stream_position - 1
        limit = 10


def _snapshot(event: RecordedEvent, originator_id: UUID | str) -> StoredSnapshot | None:
    """The snapshot that `event` carries; None when it is not one of ours."""
    metadata = envelope.read_metadata(event.metadata)
    version = metadata.get(VERSION)
    if not isinstance(version, int):
        return None
    fingerprint = metadata.get(FINGERPRINT)
    return StoredSnapshot(
        originator_id=originator_id,
        originator_version=version,
        topic=envelope.topic_of(event.type, metadata),
        state=event.data,
        fingerprint=fingerprint if isinstance(fingerprint, str) else None,
        event_id=_event_id(metadata.get(EVENT_ID)),
        recorded=event.recorded_at,
        store="eventstoredb",
    )


def _event_id(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
