"""The lines of an exported log: one JSON object per event, after a header.

A payload is written as JSON under `data`, for people and other programs to
read. Where that would not bring its bytes back (pretty-printed JSON, numbers
that JSON writes in another way, no JSON at all) they also stand under `base64`.
A payload that could not be decrypted or decompressed stands there as it is
stored, and its line says so: `"stored": true`. Where only its application can
read an event's own time, it also stands under `time`. A header with
`"transcoded": false` says that an application had a transcoder of its own, so
that an object with the keys of the library's transcodings is not one of theirs;
with `"by_position": true`, that its lists may be objects whose fields have no
names. `"events"` says how many follow, so that a file that was cut off at the
end of a line is noticed.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any, Final

from esnb.sources.moments import TIMESTAMP, in_utc
from esnb.sources.record import Origin, Record
from esnb.sources.redaction import REDACTED, Redaction
from esnb.values.ordered_repr import short_repr

FORMAT: Final = 1
_ENVELOPE = ("stream", "version", "type", "topic", "position", "event_id")
_OF_SERVER = ("revision", "content_type", "link_stream", "link_revision", "link_position")
_NUMBERS = frozenset({"version", "position", "revision", "link_revision", "link_position"})
_MOST = 2**63
"""The columns of a frame have 64 bits."""
_DIGITS = 12
"""Of the number of events, which is filled in when all are written."""
_MISSING = object()


class NotAnExportError(ValueError):
    """A file is not one that `esnb.export` wrote, or was damaged since."""


def header(origin: Origin, events: int = 0) -> str:
    """The first line of a file that has so many events; as long for any number of them."""
    found: dict[str, Any] = {"esnb.export": FORMAT, "source": origin.kind, "name": origin.name}
    if not origin.transcoded:
        found["transcoded"] = False
    if origin.by_position:
        found["by_position"] = True
    return f'{_dumped(found)[:-1]},"events":{events:>{_DIGITS}}}}'


def read_header(line: str) -> Origin:
    """Where the events of a file come from; NotAnExportError for any other first line."""
    try:
        found = json.loads(line)
        version = found["esnb.export"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotAnExportError("its first line is not that of a log") from None
    if version != FORMAT:
        raise NotAnExportError(
            f"it has the format {short_repr(version)}, and this esnb reads {FORMAT}"
        )
    try:
        kind, name = found["source"], found["name"]
    except KeyError as error:
        raise _missing(error) from None
    if kind not in ("application", "server"):
        raise NotAnExportError(f"its source is {short_repr(kind)}, not 'application' or 'server'")
    if not isinstance(name, str):
        raise NotAnExportError(f"its name is {short_repr(name)}, not text")
    transcoded, by_position = found.get("transcoded"), found.get("by_position")
    return Origin(kind, name, transcoded is not False, by_position is True)


def read_count(line: str) -> int | None:
    """How many events follow that first line; None where an earlier version wrote it."""
    found = json.loads(line).get("events")
    return found if type(found) is int else None


def _missing(error: KeyError) -> NotAnExportError:
    return NotAnExportError(f"its key {error} is missing")


def write(record: Record, plain: bytes, redaction: Redaction) -> str:
    """The line of an event, whose payload is `plain`."""
    line: dict[str, Any] = {name: getattr(record, name) for name in _ENVELOPE}
    line["recorded"] = None if record.recorded is None else record.recorded.isoformat()
    line |= {name: value for name in _OF_SERVER if (value := getattr(record, name)) is not None}
    if isinstance(record.metadata, bytes):
        line["metadata"] = None if not redaction else REDACTED
        if not redaction:
            line["metadata_base64"] = b64encode(record.metadata).decode()
    else:
        line["metadata"] = redaction.data(record.metadata)
    if record.time is not None:
        line["time"] = redaction.data({TIMESTAMP: record.time.isoformat()})[TIMESTAMP]
        if line["time"] == REDACTED:
            del line["time"]
    if record.is_as_stored:
        line["stored"] = True
    data = _json(plain)
    if redaction:
        line["data"] = REDACTED if data is _MISSING else redaction.data(data)
    else:
        if data is not _MISSING:
            line["data"] = data
        if data is _MISSING or _dumped(data).encode() != plain:
            line["base64"] = b64encode(plain).decode()
    try:
        return _dumped(line)
    except ValueError:  # lone surrogates or NaN in metadata, which do no harm here
        return json.dumps(line, separators=(",", ":"))


def read(text: str) -> Record:
    """The event of a line; NotAnExportError where it is damaged."""
    try:
        line = json.loads(text)
        state = (
            b64decode(line["base64"], validate=True) if "base64" in line else _encoded(line["data"])
        )
        metadata = line.get("metadata")
        if "metadata_base64" in line:
            metadata = b64decode(line["metadata_base64"], validate=True)
        record = Record(
            str(line["stream"]),
            state=state,
            recorded=_moment(line["recorded"]),
            time=_moment(line.get("time")),
            metadata=metadata,
            **{name: _checked(name, line[name]) for name in _ENVELOPE[1:]},
            **{name: _checked(name, line.get(name)) for name in _OF_SERVER},
        )
        record.is_as_stored = line.get("stored") is True
        return record
    except KeyError as error:
        raise _missing(error) from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise NotAnExportError(f"{type(error).__name__}: {error}") from None


def _moment(value: Any) -> datetime | None:
    return None if value is None else in_utc(datetime.fromisoformat(value))


def _checked(name: str, value: Any) -> Any:
    """A value of a line, of the kind that its name has; ValueError where it is another."""
    if value is None and name not in ("type", "topic"):
        return None
    if name in _NUMBERS:
        is_sound = type(value) is int and -_MOST <= value < _MOST
    else:
        is_sound = type(value) is str
    if not is_sound:
        raise ValueError(f"{name} is {short_repr(value)}")
    return value


def _json(plain: bytes) -> Any:
    """The payload, as JSON that every parser accepts; _MISSING where it is not JSON."""
    try:
        found = json.loads(plain)
        _dumped(found)  # NaN, Infinity and lone surrogates are not JSON
    except (ValueError, RecursionError):
        return _MISSING
    return found


def _encoded(data: Any) -> bytes:
    """The payload that was written as JSON; by hand also with what `export` writes in base64."""
    try:
        return _dumped(data).encode()
    except ValueError:
        return json.dumps(data, separators=(",", ":")).encode()


def _dumped(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()  # lone surrogates raise here
    return text
