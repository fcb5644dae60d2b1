"""The metadata of emitted events: which projection wrote them for which event.

`$v` is the projection's number, epoch and version and the format's; `$c` and
`$p` are the position of the event that caused the emission.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, NamedTuple

from esnb.embedded.projections.rules import CORRELATION, json_text
from esnb.embedded.projections.source_event import SourceEvent
from esnb.embedded.streams.system_stream import UNSOUND

_FORMAT = 4
_MARK = CORRELATION.encode()
ACCESS = b'"$acl":{"$r":"$all","$mr":"$all"}'


class Stamp(NamedTuple):
    """Who wrote an emitted event, and what for."""

    projection: int
    epoch: int
    position: int


def stamp_json(projection: int, epoch: int, version: int, position: int) -> bytes:
    """The metadata's first fields, without the closing brace."""
    return b'{"$v":"%d:%d:%d:%d","$c":%d,"$p":%d' % (
        projection,
        epoch,
        version,
        _FORMAT,
        position,
        position,
    )


def caused_by(event: SourceEvent) -> bytes:
    """The metadata's last fields: the event that caused the emission, and its correlation."""
    digits = event.record.event_id.hex()
    said = (
        f',"$causedBy":"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"'
    ).encode()
    if event.mentions(_MARK):
        correlation = event.metadata.get(CORRELATION)
        if isinstance(correlation, str) and correlation:
            said += b',"$correlationId":' + json_text(correlation)
    return said + b"}"


def read_stamp(metadata: bytes) -> Stamp | None:
    """Who wrote an event with these metadata; None when no projection did."""
    with suppress(*UNSOUND):
        return parsed_stamp(metadata)
    return None


def parsed_stamp(metadata: bytes) -> Stamp:
    """Who wrote an event with these metadata; raises one of `UNSOUND` when no projection did."""
    fields: Any = json.loads(metadata)
    projection, epoch, *_ = (int(part) for part in fields["$v"].split(":"))
    return Stamp(projection, epoch, int(fields["$c"]))


def stream_metadata(truncate_before: int) -> bytes:
    """What is said of an emitted stream before its first event: everyone may read it."""
    hidden = b'"$tb":%d,' % truncate_before if truncate_before else b""
    return b"{" + hidden + ACCESS + b"}"
