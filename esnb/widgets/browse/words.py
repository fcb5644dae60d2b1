"""What a visit shows, in words: for its HTML, its lists and its plain text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from esnb.drawing.chart.palette import look_of
from esnb.drawing.values import counted, cut_at_word, fields, line, stamp
from esnb.sources.bookkeeping import domain_fields
from esnb.sources.moments import without_own_time
from esnb.sources.page import PageEvent
from esnb.widgets.browse.visit import Visit


def data_of(event: PageEvent, times: bool = False) -> object:
    """The payload; without its timestamp, which is shown elsewhere or not at all."""
    data = event.data
    if times and event.time is None:
        return data
    return without_own_time(data)


def summary(event: PageEvent, most: int = 80) -> str:
    """What an event carries, on one line: the domain's fields, without bookkeeping."""
    data = data_of(event)
    if data is None:
        return ""
    if type(data) is not dict:
        return cut_at_word(line(data, most + 1), most)
    return fields(domain_fields(data), most)


def colour(type: str) -> str:
    """The class of a type's colour, by its last name: the same in every list and picture."""
    return look_of(type).css


def what_is_shown(visit: Visit, shown: int) -> str:
    """How much is shown of how much there is, in words."""
    page = visit.page
    if not page.events:
        if page.unfinished:
            return f"none of the {visit.looked:,} events searched; there are more"
        return "no events" if not visit.here.filter else "no events match the filter"
    some = "" if shown == len(page.events) else f"{shown:,} of "
    words = f"showing {some}{counted(len(page.events), 'event')}"
    if page.unfinished:
        words += f", searched {visit.looked:,}"
    around = [side for side, a in (("earlier", page.earlier), ("later", page.later)) if a]
    sure = [side for side in around if side not in page.perhaps]
    unsure = [side for side in around if side in page.perhaps]
    words += f"; there are {' and '.join(sure)} ones" if sure else ""
    return words + (f"; there may be {' and '.join(unsure)} ones" if unsure else "")


def types_of_what(visit: Visit) -> str:
    """Of which events the types are counted, where not of all; empty where of all."""
    index, stream = visit.index, visit.here.stream
    if index.types_of(stream) is None:
        return "on this page"
    return "" if index.complete else f"in the newest {index.searched:,} events"


def one_day(times: Iterable[datetime | None]) -> str | None:
    """The day of all these times, in UTC; None where they are of several, or of none."""
    days = {stamp(time)[:10] for time in times if time is not None}
    return days.pop() if len(days) == 1 else None


def short_stamp(time: datetime, day: str | None) -> str:
    """A time for a list: of day, where the day is said once; else with month and day."""
    whole = stamp(time)
    return whole[11:23] if day is not None else whole[5:19]
