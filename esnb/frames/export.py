"""A log, or a slice of it, as one file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from esnb.clients.uri import guarded_argument
from esnb.sources import line
from esnb.sources.file import FileSource
from esnb.sources.ids import Identified, find_id
from esnb.sources.line import NotAnExportError
from esnb.sources.moments import Moment, own_time
from esnb.sources.numbers import bound, count
from esnb.sources.payload import decode_announced
from esnb.sources.progress_bar import track
from esnb.sources.record import EventSource, Origin, Record
from esnb.sources.redaction import Redact, Redaction
from esnb.sources.selected import DecodedEvent, selected
from esnb.sources.selection import TimeColumn, Types, select
from esnb.sources.source import source_of


def export(
    source: Any,
    path: str | os.PathLike[str],
    *,
    stream: Identified | None = None,
    start: int | None = None,
    limit: int | None = None,
    types: Types | None = None,
    exclude: Types | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    by: TimeColumn = "time",
    redact: Redact | None = None,
    progress: bool | None = None,
) -> int:
    """Writes the events of a source, all or some, to a file; returns how many.

    `stream` selects the events of one aggregate or stream; the other arguments
    select as in `events`, and `redact` hides fields as there. The file is itself
    a source: `esnb.events(path)`; `esnb.load(path, stores)` stores it.

    It holds JSON lines in UTF-8: one that says where the events come from, then
    one per event in the order of the source, with `stream, version, type, topic,
    position, event_id, recorded, metadata, data`, for a server also `revision,
    content_type`. Payloads are decrypted and decompressed, so the file is as
    secret as they are: use `redact` to hide what must not leave.

    The file is either complete or not there: it is written under a temporary
    name and then moved. A file that `export` wrote before is replaced.

    Raises FileExistsError where any other file exists, OSError where the path
    cannot be written, and what `events` raises.

    >>> import esnb, tempfile
    >>> from eventsourcing.application import Application
    >>> from esnb.examples.dog import Dog
    >>> app = Application()
    >>> _ = app.save(Dog("Fido"), Dog("Rex"))
    >>> path = f"{tempfile.mkdtemp()}/dogs.jsonl"
    >>> esnb.export(app, path)
    2
    >>> esnb.events(path)[["type", "version"]]
    type            version
    Dog.Registered        1
    Dog.Registered        1
    2 events
    """
    source = guarded_argument(source)
    opened = source_of(source)
    selection = select(types, exclude, since, until, by)
    start, limit = bound(start, "start"), count(limit, "limit")
    redaction = Redaction(redact)
    place = Path(path)
    _refuse_other_file(place)
    if stream is None:
        reading = opened.events(start)
    else:
        reading = opened.stream(find_id(opened, stream, "a stream"), start, None, None)
    with reading as records:
        tracked = track(
            records,
            unit="events",
            total=opened.count(start) if stream is None else None,
            progress=progress,
        )
        chosen = islice(selected(opened, tracked, selection), limit)
        return _write(place, opened, chosen, redaction)


def _refuse_other_file(place: Path) -> None:
    if not place.exists():
        return
    try:
        FileSource(place)
    except (NotAnExportError, IsADirectoryError):
        raise FileExistsError(
            f"{str(place)!r} already exists, and esnb.export did not write it: "
            "choose another name, or remove it"
        ) from None


def _write(
    place: Path, source: EventSource, rows: Iterable[DecodedEvent], redaction: Redaction
) -> int:
    handle, beside = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    written = 0
    hidden = redaction.of_payloads(source.origin)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(line.header(source.origin) + "\n")
            for row in rows:
                plain = _plain(source, row.record)
                row.record.time = row.record.time or _time_only_here(source.origin, row, plain)
                file.write(line.write(row.record, plain, hidden) + "\n")
                written += 1
            file.seek(0)
            file.write(line.header(source.origin, written))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, place)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    return written


def _plain(source: EventSource, record: Record) -> bytes:
    """The payload as it was before encryption; one that is damaged, and marked so, as stored."""
    try:
        return source.plain(record)
    except Exception:  # noqa: BLE001  any cipher, any damage
        record.is_as_stored = True
        return record.state


def _time_only_here(origin: Origin, row: DecodedEvent, plain: bytes) -> datetime | None:
    """The time in a payload that a reader of the file does not find there."""
    time = own_time(row.data)
    if time is None or origin.kind == "server":
        return None
    found, _ = decode_announced(plain, row.record.content_type, origin.transcoded)
    return None if own_time(found) == time else time


def _umask() -> int:
    """The permissions that files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
