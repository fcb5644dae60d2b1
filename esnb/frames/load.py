"""An exported log, stored again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import IntegrityError, StoredEvent

from esnb.clients.uri import guarded_argument
from esnb.sources.application import originator_ids
from esnb.sources.file import FileSource
from esnb.sources.payload import mapper_stored
from esnb.sources.progress_bar import track
from esnb.sources.record import Origin, Record
from esnb.sources.source import describe_source

_AT_ONCE = 500
_BYTES_AT_ONCE = 500_000
"""Of one stream in one append: the server takes a mebibyte."""


def load(path: str | os.PathLike[str], stores: Any, *, progress: bool | None = None) -> int:
    """Stores the events of a file that `esnb.export` wrote; returns how many.

    Into the `Stores` that `esnb.connect()` returns, or an EventStoreDB client:
    events keep their ids, types, metadata and order, and frames show the times
    at which they were first recorded. Events of an application go where an
    application of the same name finds them (`stores.application(Bank)`), those
    of a server into streams of the same names, which are tombstoned if they
    were there. Positions are new.

    Into an eventsourcing Application: what its recorder keeps, with its own
    compression and cipher. POPO and SQL recorders have no place for event ids,
    recorded times and metadata, and keep the versions as they are.

    Raises IntegrityError when a stream of the file already exists there, and
    NotAnExportError for any other file and a damaged one, both before anything
    is stored; TypeError for any other target. Warns when streams begin after
    their first event, as those of a filtered export may: their versions are
    then counted from 1, while the file itself still shows the real ones.

    >>> import esnb, tempfile
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app, other = Application(), Application()
    >>> dog = Dog("Fido")
    >>> _ = app.save(dog)
    >>> path = f"{tempfile.mkdtemp()}/dogs.jsonl"
    >>> esnb.export(app, path), esnb.load(path, other)
    (1, 1)
    >>> other.repository.get(dog.id).name
    'Fido'
    """
    path, stores = guarded_argument(path), guarded_argument(stores)
    source = FileSource(path)
    target = _target(source.origin, stores)
    known = _survey(source)
    taken = [stream for stream in known.streams if target.has(stream)]
    if taken:
        raise IntegrityError(
            f"{len(taken):,} of the {len(known.streams):,} streams of {source.name} already exist "
            f"there, {taken[0]!r} among them; nothing was stored: load into empty stores "
            "(esnb.connect(embedded=True), stores.reset())"
        )
    if known.cut:
        warnings.warn(
            f"{len(known.cut):,} of the {len(known.streams):,} streams of {source.name} lack "
            f"events before or between those it has, {known.cut[0]!r} among them: their versions "
            f"are counted from 1 there, and their aggregates may not fold. esnb.events({path!r}) "
            "shows the real versions",
            stacklevel=2,
        )
    if known.missing:
        warnings.warn(
            f"{known.missing:,} lines of {source.name} are links whose events were gone when it "
            "was written: there is nothing to store",
            stacklevel=2,
        )
    stored = (record for record in source.records() if not record.is_missing)
    tracked = track(stored, unit="events", total=known.events, progress=progress)
    for stream, records in groupby(tracked, key=lambda record: record.stream):
        for batch in _batches(records):
            if batch[0].is_tombstone:
                target.close(stream)
            else:
                target.store(stream, batch)
    return known.events


@dataclass
class _Survey:
    """What a file holds."""

    events: int = 0
    missing: int = 0
    streams: dict[str, int | None] = field(default_factory=dict)
    """The last version of each."""
    cut: list[str] = field(default_factory=list)
    """Streams of which events are missing."""


def _survey(source: FileSource) -> _Survey:
    found = _Survey()
    cut: dict[str, None] = {}
    for record in source.records():
        if record.is_missing:
            found.missing += 1
            continue
        found.events += 1
        if record.is_tombstone:
            found.streams.setdefault(record.stream, None)
            continue
        expected = (found.streams.get(record.stream) or 0) + 1
        if record.version != expected:
            cut[record.stream] = None
        found.streams[record.stream] = record.version
    found.cut = list(cut)
    return found


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Events that are stored together; a tombstone, which comes last, by itself."""
    batch: list[Record] = []
    size = 0
    for record in records:
        size += len(record.state)
        is_full = len(batch) == _AT_ONCE or size > _BYTES_AT_ONCE
        if batch and (is_full or record.is_tombstone):
            yield batch
            batch, size = [], len(record.state)
        batch.append(record)
    if batch:
        yield batch


class _Target(Protocol):
    """Where events are stored."""

    def has(self, stream: str) -> bool:
        """Whether there are events of this stream."""

    def store(self, stream: str, records: Sequence[Record]) -> None:
        """Adds events to the end of a stream."""

    def close(self, stream: str) -> None:
        """Tombstones a stream."""


def _target(origin: Origin, given: Any) -> _Target:
    if isinstance(given, Application):
        category = getattr(given.recorder, "category", None)
        if category is None:
            return _RecorderTarget(given)
        from esnb.sources.target import ServerTarget

        return ServerTarget(
            category.lease.client,
            lambda stream: category.naming.stream(_id_in(given, stream)),
            given.name,
            mapper_stored(given.mapper),
        )
    client = given if hasattr(given, "append_to_stream") else getattr(given, "eventstoredb", None)
    if isinstance(given, type) or client is None:
        raise TypeError(
            f"events cannot be loaded into {describe_source(given)}: pass the Stores that "
            "esnb.connect() returns, an EventStoreDB client or an eventsourcing Application"
        )
    from esnb.sources.target import ServerTarget

    if origin.kind == "server":
        return ServerTarget(client, str, None)
    return ServerTarget(client, lambda stream: f"{origin.name}-{stream}", origin.name)


def _id_in(app: Application[Any], stream: str) -> UUID | str:
    """The id under which an application is to keep a stream; it refuses what is not one itself."""
    return next(iter(originator_ids(app, stream)), stream)


class _RecorderTarget:
    """An application of the library's own persistence modules, which have no tombstones."""

    def __init__(self, app: Application[Any]) -> None:
        self._app = app

    def has(self, stream: str) -> bool:
        ids = originator_ids(self._app, stream)
        return any(self._app.recorder.select_events(each, limit=1) for each in ids)

    def store(self, stream: str, records: Sequence[Record]) -> None:
        originator_id = _id_in(self._app, stream)
        stored = mapper_stored(self._app.mapper)
        self._app.recorder.insert_events(
            [
                StoredEvent(
                    originator_id,
                    record.version or 1,
                    record.topic,
                    record.state if record.is_as_stored else stored(record.state),
                )
                for record in records
            ]
        )

    def close(self, stream: str) -> None:
        return
