"""One station of a flow as HTML: a line, and what it holds when that is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from esnb.drawing.durations import duration, since
from esnb.drawing.html import text, value
from esnb.drawing.ids import short
from esnb.drawing.values import Limits, bare, counted, stamp, tree, visible
from esnb.widgets.flow.gutter import shape_of
from esnb.widgets.flow.stations import Station

_BOOKKEEPING = frozenset({"originator_id", "originator_version", "originator_topic", "timestamp"})
"""Fields of a payload that the station's own line says."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of the stations."""

    times: bool = True
    fields: int = 20
    """Of a payload, at most."""
    numbered: Callable[[str], str] = str
    """Puts numbers in the place of the ids in a text, where that is wanted."""


def item(station: Station, cause: Station | None, drawn: str, told: Told, level: str = "") -> str:
    """The line of a station, to the right of what is `drawn`; its payload, when that is clicked.

    A screen reader reads it as one entry of a list.
    """
    took = _took(station, cause) if told.times else ""
    below = _below(station, told.times)
    label = (
        f"{visible(station.type, 80)}, {visible(station.state, 20)}, {_below(station, False, 80)}"
    )
    if took:
        label += f", {took} after its cause"
    if cause is not None and not level:
        label += f", caused by {visible(f'{cause.type} of {cause.where}', 120)}"
    line = (
        f'<span class="esnb-type">{text(station.type, 80)}</span> '
        f'<span class="esnb-{station.severity}">{station.mark}&nbsp;{text(station.state, 20)}</span>'
        f"{_after(took)} "
        f'<span class="esnb-below"><bdi>{escape(below)}</bdi></span>'
    )
    body = _opened(station, told) if told.fields else ""
    words = f"<details><summary>{line}</summary>{body}</details>" if body else f"<p>{line}</p>"
    return (
        f'<div role="listitem" {level}aria-label="{escape(label)}" '
        f'class="esnb-station esnb-of-{shape_of(station.kind)}">{drawn}{words}</div>'
    )


def others(
    found: Sequence[Station], length: int, drawn: str, rows: Sequence[str], told: Told
) -> str:
    """The stations that are like those before them, folded."""
    times = len(found) // length
    took = _took(found[-1], found[0]) if told.times else ""
    within = f", within {took.removeprefix('+')}" if took else ""
    words = f"these {length} stations {times:,} more times"
    if length == 1:
        state = f"{found[0].mark}&nbsp;{text(found[0].state, 20)}"
        words = f"{times:,} more {text(found[0].type, 60)} {state}"
    lines = "\n".join(rows)
    return (
        f'<div role="listitem" class="esnb-repeats"><details><summary>{drawn}'
        f'<span class="esnb-below">{words}{within}</span></summary>\n'
        f'<div role="list" aria-label="{times:,} more">\n{lines}\n</div></details></div>'
    )


def lasts(found: Sequence[Station]) -> str:
    """How long it took from the first to the last, where that is known."""
    known = [_utc(each.time) for each in found if each.time is not None]
    return duration(max(known) - min(known)) if len(set(known)) > 1 else ""


def _took(station: Station, before: Station | None) -> str:
    if before is None or station.time is None or before.time is None:
        return ""
    return since(_utc(station.time) - _utc(before.time))


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _after(took: str) -> str:
    return f' <span class="esnb-took" title="after its cause">{took}</span>' if took else ""


def _below(station: Station, times: bool, most: int = 200) -> str:
    """Where and when it was, and what went wrong."""
    when = f" · {stamp(station.time)}" if times and station.time else ""
    wrong = f" · {visible(station.error, most)}" if station.error else ""
    return visible(short(station.where) + when, 200) + wrong


def _opened(station: Station, told: Told) -> str:
    """Its payload, field by field, below where it was in full."""
    rows = "".join(_row(name, held) for name, held in _fields(station.data, told.fields))
    if station.error:
        rows += f'<tr><th scope="row">error</th><td>{text(station.error, 2000)}</td></tr>'
    if not rows:
        return ""
    about = f"<caption>{text(station.where, 200)}</caption>"
    return told.numbered(
        f'<table class="esnb-table esnb-payload">{about}<tbody>{rows}</tbody></table>'
    )


def _fields(data: object, most: int) -> list[tuple[str, str]]:
    """The names of a payload's fields, and their values as HTML."""
    node = tree(data, Limits(characters=200, entries=most + len(_BOOKKEEPING), levels=4))
    if not isinstance(data, Mapping) or not node.entries:
        return [] if data is None else [("data", value(node))]
    found = [(bare(key), value(inner)) for key, inner in node.entries]
    shown = [pair for pair in found if pair[0] not in _BOOKKEEPING]
    omitted = node.omitted + len(shown[most:])
    return [*shown[:most], ("…", counted(omitted, "more field"))] if omitted else shown


def _row(name: str, held: str) -> str:
    return f'<tr><th scope="row">{text(name, 80)}</th><td>{held}</td></tr>'
