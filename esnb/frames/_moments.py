"""Moments: what people and events give as a time, as an aware datetime in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pandas as pd

Moment = datetime | date | str
"""A time as an argument: naive times and plain dates are UTC."""


def in_utc(value: datetime) -> datetime | None:
    """`value` in UTC; None where the calendar ends (year 1 east of Greenwich)."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None


def read_moment(value: Moment, argument: str) -> datetime:
    """The argument called `argument` as a time; ValueError where it is none.

    >>> read_moment("2026-03-01 12:00", "since")
    datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
    """
    moment: datetime | None = None
    try:
        if isinstance(value, str):
            moment = in_utc(_parsed(value))
        elif isinstance(value, pd.Timestamp):
            moment = in_utc(value.to_pydatetime(warn=False))
        elif isinstance(value, datetime):
            moment = in_utc(value)
        elif isinstance(value, date):
            moment = datetime.combine(value, time(), tzinfo=UTC)
    except (ValueError, TypeError) as error:
        raise ValueError(_not_a_time(value, argument)) from error
    if moment is None or pd.isna(moment):
        raise ValueError(_not_a_time(value, argument))
    return moment


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return pd.Timestamp(text).to_pydatetime(warn=False)


def _not_a_time(value: object, argument: str) -> str:
    return (
        f"{argument}={value!r} is not a time: give a datetime or text such as "
        "'2026-03-01 12:00' (without an offset it is UTC)"
    )


def own_time(data: Any) -> datetime | None:
    """The `timestamp` that an event carries in its payload, in UTC, or None."""
    if type(data) is not dict:
        return None
    stamp = data.get("timestamp")
    if isinstance(stamp, str):
        try:
            stamp = datetime.fromisoformat(stamp)
        except ValueError:
            return None
    return in_utc(stamp) if isinstance(stamp, datetime) else None
