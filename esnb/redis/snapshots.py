"""Snapshots in Redis: the newest few versions of each aggregate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from esnb.adapters.settings import IDType
from esnb.clock import now
from esnb.redis.connection import Connection
from esnb.redis.errors import translated
from esnb.redis.namespace import tag_part
from esnb.snapshotting.stored import SnapshotRecorder, StoredSnapshot

# Versions are kept as text of one length, so that text order is their order:
# a Lua number or a sorted set's score loses digits above 2^53.
_DIGITS = 20
_PAGE = 500


class RedisSnapshotRecorder(SnapshotRecorder):
    """Snapshots of the aggregates of one application.

    Keeps the newest `keep` versions of each aggregate, each for `ttl` seconds
    (None: forever). A version that is stored again is replaced. One that is
    older than all the kept ones is not stored when there are `keep` of them,
    so it never takes the place of a newer one; a script decides that, and
    several writers may do it at once. All snapshots of one aggregate share a
    cluster slot, those of different ones spread. Applications of one name whose
    streams have different prefixes do not see each other's.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        prefix: str,
        application_name: str,
        stream_prefix: str | None = None,
        keep: int,
        ttl: int | None,
        id_type: IDType = "uuid",
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._connection = connection
        self._root = f"{prefix}:{{{_owner(application_name, stream_prefix)}:"
        self._keep = keep
        self._ttl = ttl
        self._id_type = id_type
        self._clock = clock

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Stores snapshots, of one or more aggregates; returns None.

        Takes `StoredSnapshot` with its fingerprint, and plain `StoredEvent`.
        Those of one aggregate are stored in one step.
        """
        by_aggregate: dict[UUID | str, list[StoredEvent]] = {}
        for stored in stored_events:
            _padded(stored.originator_version)
            by_aggregate.setdefault(stored.originator_id, []).append(stored)
        for originator_id, snapshots in by_aggregate.items():
            self._insert(originator_id, snapshots)
        return None

    def _insert(self, originator_id: UUID | str, snapshots: Sequence[StoredEvent]) -> None:
        at = self._clock()
        arguments: list[Any] = [self._keep, 0 if self._ttl is None else self._ttl * 1000]
        for stored in snapshots:
            fingerprint = recorded = event_id = None
            if isinstance(stored, StoredSnapshot):
                fingerprint, recorded = stored.fingerprint, stored.recorded
                event_id = stored.event_id
            arguments += [
                _padded(stored.originator_version),
                stored.topic,
                stored.state,
                "" if fingerprint is None else f"={fingerprint}",
                (recorded or at).astimezone(UTC).isoformat(),
                "" if event_id is None else str(event_id),
            ]
        self._connection.ask("insert_snapshots", [self._index(originator_id)], arguments)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredSnapshot]:
        """The kept snapshots of one aggregate, by version.

        `gt` and `lte` bound the versions, `desc` gives the newest first,
        `limit` that many at most: `lte=n, desc=True, limit=1` is the newest at
        or below version n. Expired and damaged ones are not counted.
        """
        low = "-" if gt is None or gt < 0 else f"({_padded(gt)}"
        if lte is not None and lte < 0:
            return []
        high = "+" if lte is None else f"[{_padded(lte)}"
        answer = self._connection.ask(
            "select_snapshots",
            [self._index(originator_id)],
            [low, high, int(desc), -1 if limit is None else limit],
        )
        return [self._snapshot(originator_id, *fields) for fields in answer]

    def list_snapshots(self, originator_id: UUID | str | None = None) -> Iterator[StoredSnapshot]:
        """Every kept snapshot of one aggregate or of all, oldest version first.

        For all aggregates the whole key space is scanned, a page at a time.
        """
        if originator_id is not None:
            yield from self.select_events(originator_id)
            return
        pattern = "".join(f"\\{c}" if c in "*?[]\\" else c for c in self._root)
        with translated(self._connection.url):
            # SCAN may show a key twice.
            found = set(self._connection.binary.scan_iter(f"{pattern}*{_INDEX_SUFFIX}", _PAGE))
        for key in sorted(found):
            text = key.decode()
            name = text[len(self._root) : -len(_INDEX_SUFFIX)]
            try:
                identity = UUID(name) if self._id_type == "uuid" else name
            except ValueError:
                continue
            yield from self.select_events(identity)

    def _index(self, originator_id: UUID | str) -> str:
        return f"{self._root}{originator_id}{_INDEX_SUFFIX}"

    def _snapshot(
        self,
        originator_id: UUID | str,
        version: bytes,
        topic: bytes,
        state: bytes,
        fingerprint: bytes,
        recorded: bytes,
        event_id: bytes,
        milliseconds_left: int,
    ) -> StoredSnapshot:
        expires = None
        if milliseconds_left >= 0:
            expires = self._clock() + timedelta(milliseconds=milliseconds_left)
        return StoredSnapshot(
            originator_id=originator_id,
            originator_version=int(version),
            topic=topic.decode(),
            state=state,
            fingerprint=fingerprint[1:].decode() if fingerprint else None,
            event_id=UUID(event_id.decode()) if event_id else None,
            recorded=datetime.fromisoformat(recorded.decode()),
            expires=expires,
            store="redis",
        )


_INDEX_SUFFIX = "}:snapshots"


def _owner(application_name: str, stream_prefix: str | None) -> str:
    """Whose snapshots they are, told apart as the streams are: by their prefix."""
    name = tag_part(application_name)
    if stream_prefix in (None, application_name):
        return name
    return f"{name}@{tag_part(stream_prefix)}"


def _padded(version: int) -> str:
    if not 0 <= version < 10**_DIGITS:
        raise ValueError(f"version {version!r} of a snapshot lies outside 0 … 10**{_DIGITS}")
    return f"{version:0{_DIGITS}}"
