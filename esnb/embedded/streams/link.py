"""Links: events of the type `$>`, whose data say `revision@stream`.

What EventStoreDB makes of data that say anything else depends on who asks: it
reads the part before the `@` as a number in .NET's notation, with blanks around
it and a sign, and takes -1 for the last event.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from esnb.embedded.storage.record import LogRecord

LATEST = -1
_NUMBER = re.compile("[\t-\r ]*([+-]?)0*([1-9][0-9]{0,18}|0)[\t-\r ]*\0*")
_LIMIT = 2**63


class NotANumber(ValueError):
    """There is no number before the link's first `@`."""


class Pointer(NamedTuple):
    """Where a link points; no stream: it has no `@`."""

    revision: int
    stream: str


class Resolved(NamedTuple):
    """A record as it is delivered where links are resolved.

    An event alone; an event and the link that points at it; a link alone whose
    event cannot be read.
    """

    event: LogRecord | None
    link: LogRecord | None


def pointer(data: bytes) -> Pointer:
    """Where a link with these data points; raises `NotANumber`."""
    before, _, stream = data.decode("utf-8", "replace").partition("@")
    number = _NUMBER.fullmatch(before)
    if number is None:
        raise NotANumber(before)
    revision = int(number[1] + number[2])
    if not -_LIMIT <= revision < _LIMIT:
        raise NotANumber(before)
    return Pointer(revision, stream)
