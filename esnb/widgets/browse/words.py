"""What a visit shows, in words: for its HTML, its lists and its plain text."""

from __future__ import annotations

from esnb.drawing.values import counted, fields, line
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
    """What an event carries, on one line."""
    data = data_of(event)
    if type(data) is not dict:
        return "" if data is None else line(data, most)
    return fields(domain_fields(data), most)


def what_is_shown(visit: Visit, shown: int) -> str:
    """How much is shown of how much there is, in words."""
    page = visit.page
    if not page.events:
        if page.unfinished:
            return f"none of the {page.searched:,} events searched; there are more"
        return "no events" if not visit.here.filter else "no events match the filter"
    some = "" if shown == len(page.events) else f"{shown:,} of "
    words = f"showing {some}{counted(len(page.events), 'event')}"
    around = [side for side, a in (("earlier", page.earlier), ("later", page.later)) if a]
    more = f"; there are {' and '.join(around)} ones" if around else ""
    looked = f", searched {page.searched:,}" if page.unfinished else ""
    return f"{words}{looked}{more}"
