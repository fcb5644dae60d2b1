"""Moments: times from people and events, as aware datetimes in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from esnb.values.ordered_repr import short_repr

Moment = datetime | date | np.datetime64 | str
"""A time as an argument: naive times and plain dates are UTC, text is ISO 8601."""

TIMESTAMP = "timestamp"
"""The field of a payload that is an event's own time."""

LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
"""Where the calendar ends."""

_DAY = r"[0-9]{4}-?W[0-9]{2}-?[0-9]|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}"
_CLOCK = r"(?:[01][0-9]|2[0-3])(?::?[0-9]{2}(?::?[0-9]{2}(?:[.,][0-9]+)?)?)?"
_OFFSET = r" ?(?P<utc>Z|UTC)| ?(?P<offset>[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)"
_ISO_8601 = re.compile(rf"(?P<day>{_DAY})(?:[T ](?P<clock>{_CLOCK})(?:{_OFFSET})?)?", re.IGNORECASE)
"""Complete dates and times only: other readers disagree on which day `04.03.2026` is."""


def in_utc(value: datetime) -> datetime | None:
    """`value` in UTC; None where the calendar ends (year 1 east of Greenwich)."""
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None or value.utcoffset() is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def read_moment(value: Moment, argument: str) -> datetime:
    """The argument called `argument` as a time; ValueError where it is not one.

    Text must be ISO 8601: a date (`2026-03-01`, `2026-W09-7`), and perhaps a
    time of day after a `T` or a space, and an offset, `Z` or `UTC` after that.
    Whatever could mean another day or hour to another reader is refused. Digits
    beyond microseconds are cut off.

    >>> read_moment("2026-03-01 12:00", "since")
    datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = _moment(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(_not_a_time(value, argument)) from error
    if moment is None or pd.isna(moment):
        raise ValueError(_not_a_time(value, argument))
    return moment


def read_end(value: Moment, argument: str) -> datetime:
    """The same for the end of a span: of a day without a time of day, its last moment.

    A day is text such as `2026-03-01`, a `date`, or numpy's `datetime64` of whole days.
    Those who say "until the 1st" mean all of it.

    >>> read_end("2026-03-01", "until")
    datetime.datetime(2026, 3, 1, 23, 59, 59, 999999, tzinfo=datetime.timezone.utc)
    >>> read_end("2026-03-01 12:00", "until") == read_moment("2026-03-01 12:00", "until")
    True
    """
    moment = read_moment(value, argument)
    return moment + _DAY_LONG if _is_day(value) else moment


_DAY_LONG = timedelta(days=1) - timedelta(microseconds=1)


def _is_day(value: object) -> bool:
    """Whether a moment was given as a day, without a time of day."""
    if isinstance(value, str):
        found = _ISO_8601.fullmatch(value.strip())
        return found is not None and found["clock"] is None
    if isinstance(value, np.datetime64):
        return np.datetime_data(value.dtype)[0] == "D"
    return isinstance(value, date) and not isinstance(value, datetime)


def is_iso_8601(text: str) -> bool:
    """Whether `text` is a time as `read_moment` takes it.

    >>> is_iso_8601("2026-03-04T12:00Z"), is_iso_8601("04.03.2026"), is_iso_8601("2026-03-32")
    (True, False, False)
    """
    try:
        return _parsed(text) is not None
    except ValueError:
        return False


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, pd.Timestamp):
        return in_utc(value.to_pydatetime(warn=False))
    if isinstance(value, datetime):
        return in_utc(value)
    return datetime.combine(value, time(), tzinfo=UTC) if isinstance(value, date) else None


def _parsed(text: str) -> datetime | None:
    """The time that a text of the one form says; ValueError for a day or an hour that is not."""
    found = _ISO_8601.fullmatch(text.strip())
    if found is None:
        return None
    clock = found["clock"] or "00"
    offset = "+00:00" if found["utc"] else found["offset"] or ""
    return in_utc(datetime.fromisoformat(f"{found['day'].upper()}T{clock}{offset}"))


def _not_a_time(value: object, argument: str) -> str:
    return (
        f"{argument}={short_repr(value)} is not a time that can be read in one way only: pass a "
        "datetime, or text in the form of ISO 8601, such as '2026-03-01', '2026-03-01 12:00' or "
        "'2026-03-01T12:00+01:00' (without an offset it is UTC)"
    )


def own_time(data: Any) -> datetime | None:
    """The `timestamp` that an event carries in its payload, in UTC, or None."""
    return time_in(data.get(TIMESTAMP)) if type(data) is dict else None


def without_own_time(data: Any) -> Any:
    """The payload without the `timestamp` that `own_time` reads."""
    if type(data) is not dict:
        return data
    return {name: value for name, value in data.items() if name != TIMESTAMP}


def time_in(stored: Any) -> datetime | None:
    """A time that was stored, in UTC; None where it is not one."""
    if isinstance(stored, str):
        try:
            stored = datetime.fromisoformat(stored)
        except ValueError:
            return None
    return in_utc(stored) if isinstance(stored, datetime) else None
