"""Events as tables: the whole sequence, one stream, one row per stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from esnb.clients.uri import guarded_argument
from esnb.frames.flatten import flatten as flattened
from esnb.frames.schema import build, build_rows
from esnb.sources.bookkeeping import ENVELOPE
from esnb.sources.columns import Schema
from esnb.sources.ids import Identified, find_id
from esnb.sources.moments import Moment
from esnb.sources.numbers import bound, count
from esnb.sources.payload import collector_paused
from esnb.sources.progress_bar import track
from esnb.sources.record import SERVER_COLUMNS, EventSource, Record, Records
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.selected import DecodedEvent, selected
from esnb.sources.selection import EVERYTHING, EventSelection, TimeColumn, Types, select
from esnb.sources.source import source_of
from esnb.tables.kind import Kind

EVENTS: Schema = {
    "stream": "string",
    "version": "Int64",
    "type": "string",
    "time": "time",
    "data": "object",
    "position": "Int64",
    "event_id": "string",
    "metadata": "object",
}
LATER: Schema = {"topic": "string", "recorded": "time", "error": "string"}
EVENT = Kind(
    "event",
    strong="type",
    counted="stream",
    secondary=ENVELOPE.union(
        {"position", "event_id", "metadata", *SERVER_COLUMNS, "topic", "recorded"}
    ),
    payloads=frozenset({"data"}),
)

STREAMS: Schema = {
    "stream": "string",
    "category": "string",
    "events": "Int64",
    "first_time": "time",
    "last_time": "time",
    "first_version": "Int64",
    "last_version": "Int64",
    "last_type": "string",
    "state": "string",
}
STREAM = Kind("stream", strong="category", secondary=frozenset({"first_version", "last_version"}))


def events(
    source: Any,
    *,
    start: int | None = None,
    limit: int | None = None,
    types: Types | None = None,
    exclude: Types | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    by: TimeColumn = "time",
    redact: Redact | None = None,
    flatten: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """The whole sequence of events of an application or a database, one row per event.

    `source` is any eventsourcing Application, an EventStoreDB client, the
    `Stores` that `esnb.connect()` returns, or the path of a file that
    `esnb.export` wrote. Events come in the order in which they were recorded,
    from position `start` on (inclusive; an application's notification ids, a
    server's commit positions), at most `limit` of those that pass the filters.
    `types` and `exclude` take topics, the part of a topic after the colon, its
    last name, or event classes. `since` and `until` (both inclusive; compared
    with the column `time`, or with the store's own time if `by="recorded"`) take
    datetimes or ISO 8601 text, which is UTC without an offset; `until` a day
    without a time of day includes all of that day. `redact` names fields, at any depth or by a dotted path, whose values are shown as
    `[redacted]`; payloads that cannot be read, or have no names (a list, a
    text), are then hidden whole.

    Columns: `stream` (string: the aggregate's id, or a server's stream name),
    `version` (Int64, from 1), `type` (string), `time` (datetime64[us, UTC]: the
    event's own timestamp, else the store's), `data` (object: the decoded JSON
    or MessagePack, or what an application's own transcoder makes of it; values
    of its own transcodings as they were stored; the raw bytes where nothing can
    read them), `position` (Int64), `event_id` (string), `metadata` (object: a
    dict, or None); for a client also `revision` (Int64, from 0), `content_type`
    (string) and, in streams of links, `link_stream`, `link_revision`,
    `link_position`; then `topic` (string), `recorded` (the store's time) and
    `error` (string: why `data` could not be decoded). For a client, a tombstoned
    stream ends in a row with neither version nor data, whose `error` says so.
    With `flatten=True` there is a column for each field of the payloads, at the
    end, instead of `data`; a name that is taken becomes `data.name`.

    Nothing that the data name is imported: unknown topics, binary and damaged
    payloads are rows with what is known. When `limit` cut the sequence short,
    `frame.attrs["truncated"]` is True and `frame.attrs["next"]` is the position
    to continue from. A read that takes longer than a second shows a progress bar
    (`progress=False` or `ESNB_PROGRESS=0`: never).

    Raises TypeError for any other source and for a start or limit that is not a
    whole number, ValueError for a negative limit, a time that cannot be read or
    any other `by`, and the store's own errors.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> app = Application()
    >>> _ = app.save(Aggregate())
    >>> esnb.events(app)[["version", "type", "position"]]
    version  type               position
          1  Aggregate.Created         1
    1 event
    """
    source = guarded_argument(source)
    opened = source_of(source)
    selection = select(types, exclude, since, until, by)
    start, limit = bound(start, "start"), count(limit, "limit")
    reading = _read(
        opened, opened.events(start), selection, limit, progress, total=opened.count(start)
    )
    frame = _tabulated(opened, reading, flatten, Redaction(redact))
    if reading.next is not None:
        frame.attrs.update(truncated=True, next=reading.next)
    return frame


def stream(
    source: Any,
    id_or_name: Identified,
    *,
    start: int | None = None,
    stop: int | None = None,
    last: int | None = None,
    redact: Redact | None = None,
    flatten: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """One aggregate's events, or one stream's, in order, with the columns of `events`.

    `id_or_name` is a UUID, its text, a value of a `stream` column, the aggregate
    itself, a row of `streams`, or the beginning of one id only (8 digits at
    least; ValueError lists the ids where there are several). `start`
    (inclusive) and `stop` (exclusive) are versions, which count from 1 on every
    source; `last=20` takes the newest 20 of them. A stream without events, or
    one that does not exist, is an empty frame; a client's tombstoned stream is
    one row, without a version, that says so. `position` is missing where the
    store knows it only when the whole sequence is read (POPO, SQLite,
    PostgreSQL). `redact` as in `events`.

    A client's streams are read with their links resolved: in `$ce-` and `$et-`
    streams a row shows the original event, with its own stream, version and
    revision, and `link_stream`, `link_revision` and `link_position` say where
    its link stands; there `start`, `stop` and `last` count links. A link whose
    event is gone is still a row: type `$>`, the stream and version that it
    names, and an `error` that begins with `missing`.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> app = Application()
    >>> dog = Aggregate()
    >>> dog.trigger_event(Aggregate.Event)
    >>> _ = app.save(dog)
    >>> esnb.stream(app, dog.id, last=1)[["version", "type"]]
    version  type
          2  Aggregate.Event
    1 event
    """
    source = guarded_argument(source)
    opened = source_of(source)
    name = find_id(opened, id_or_name, "a stream")
    start, stop, last = bound(start, "start"), bound(stop, "stop"), count(last, "last")
    reading = _read(
        opened,
        opened.stream(name, start, stop, last),
        EVERYTHING,
        None,
        progress,
    )
    return _tabulated(opened, reading, flatten, Redaction(redact))


@dataclass(slots=True)
class _Seen:
    """What is known of a stream while the sequence is read."""

    first: Record
    last: Record
    events: int = 0
    tombstoned: bool = False

    def add(self, record: Record) -> None:
        """Takes in the next record; a tombstone does not count as an event, unless there is nothing else."""
        if record.is_tombstone:
            self.tombstoned = True
        else:
            self.last = record
            self.events += 1


def streams(source: Any, *, match: str | None = None, progress: bool | None = None) -> pd.DataFrame:
    """One row per stream, in the order of their first events.

    Columns: `stream`, `category` (string: what comes before the first dash of a
    server's stream name; for an application the aggregate's class, as named in
    its first event), `events` (Int64), `first_time`, `last_time`
    (datetime64[us, UTC]), `first_version`, `last_version` (Int64), `last_type`
    (string) and `state` (string: `tombstoned` for a stream that was closed for
    good, else missing). `match` is a shell-style pattern for the stream's name
    (`"Product-*"`); an application's streams match by `category-aggregate id`
    and by their id alone.

    The whole sequence is read once; only the payloads of first and last events
    are decoded.

    >>> import esnb
    >>> from eventsourcing.application import Application
    >>> from eventsourcing.domain import Aggregate
    >>> app = Application()
    >>> _ = app.save(Aggregate(), Aggregate())
    >>> esnb.streams(app, match="Aggregate-*")[["category", "events"]]
    category   events
    Aggregate       1
    Aggregate       1
    2 streams
    """
    source = guarded_argument(source)
    opened = source_of(source)
    if match is not None and not isinstance(match, str):
        raise TypeError(f"match={match!r}: pass a pattern such as 'Product-*'")
    seen: dict[str, _Seen] = {}
    with collector_paused(), opened.events(None) as records:
        for record in track(records, unit="events", total=opened.count(None), progress=progress):
            known = seen.get(record.stream)
            if known is None:
                known = seen[record.stream] = _Seen(record, record)
            known.add(record)
    return build_rows(STREAM, STREAMS, _rows(opened, seen, match))


def _rows(
    source: EventSource, seen: dict[str, _Seen], match: str | None
) -> Iterator[tuple[Any, ...]]:
    for name, known in seen.items():
        data, _ = source.decode(known.first)
        category = source.category(known.first, data)
        if match is None or fnmatchcase(name, match) or fnmatchcase(f"{category}-{name}", match):
            latest, _ = source.decode(known.last)
            yield (
                name,
                category,
                known.events,
                known.first.time_with(data),
                known.last.time_with(latest),
                known.first.version,
                known.last.version,
                known.last.type,
                "tombstoned" if known.tombstoned else None,
            )


@dataclass(slots=True)
class _CutRead:
    """The rows of a read, and the position that follows where a limit cut it."""

    rows: list[DecodedEvent]
    next: int | None = None


def _read(
    source: EventSource,
    opening: Records,
    selection: EventSelection,
    limit: int | None,
    progress: bool | None,
    total: int | None = None,
) -> _CutRead:
    reading = _CutRead([])
    with collector_paused(), opening as records:
        tracked: Iterator[Record] = track(records, unit="events", total=total, progress=progress)
        for row in selected(source, tracked, selection):
            if len(reading.rows) == limit:
                reading.next = row.record.position
                break
            reading.rows.append(row)
    return reading


def _tabulated(
    source: EventSource, reading: _CutRead, flatten: bool, redaction: Redaction
) -> pd.DataFrame:
    rows = reading.rows
    schema: dict[str, Any] = {**EVENTS, **source.extra_columns, **LATER}
    columns: dict[str, Any] = {
        name: [getattr(row.record, name) for row in rows]
        for name in schema
        if name not in ("time", "data", "error")
    }
    columns |= {"time": [row.time for row in rows], "error": [row.error for row in rows]}
    payloads = [row.data for row in rows]
    if redaction:
        payloads = list(map(redaction.of_payloads(source.origin).data, payloads))
        columns["error"] = [row.record.remark or redaction.reason(row.error) for row in rows]
        columns["metadata"] = list(map(redaction.data, columns["metadata"]))
    if not flatten:
        return build(EVENT, schema, {**columns, "data": payloads})
    del schema["data"]
    return build(EVENT, schema, columns, fields=flattened(payloads, schema))
