"""The lists of events and streams: their lines, and the colours of their types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ipywidgets as widgets

from esnb.drawing.ids import short
from esnb.drawing.values import cut_at_word, visible
from esnb.sources.known_streams import StreamRow
from esnb.sources.page import PageEvent
from esnb.widgets.browse.words import colour, one_day, short_stamp, summary
from esnb.widgets.live.controls import named

ALL = ""
"""The value of the line for the whole log."""
_WIDE = 60
"""Characters of one column."""
_LINE = 66
"""Characters that a line of the list of events has room for on a wide page."""
_LEAST = 16
"""Characters of what an event carries, where the columns before it are wide."""


class ColouredList:
    """A list whose lines begin with a dot in the colour of a type.

    `root` is the list; `sheet`, which has to be displayed too, tells the browser the
    colours: the lines of a list can hold nothing but text.
    """

    def __init__(self, name: str, rows: int) -> None:
        self.root = named(widgets.Select(description=name, rows=rows), "esnb-list", "esnb-dotted")
        self.sheet = named(widgets.HTML(), "esnb-sheet")
        self._name = f"esnb-list-{self.root.model_id}"
        self.root.add_class(self._name)

    def show(self, lines: Sequence[tuple[str, Any]], colours: Iterable[str], chosen: Any) -> None:
        """Lists these lines, each with the class of its colour, empty for none."""
        if tuple(lines) != self.root.options:
            self.root.options = lines
        self.root.value = chosen
        places: dict[str, list[int]] = {}
        for place, each in enumerate(colours, start=1):
            if each:
                places.setdefault(each, []).append(place)
        rules = [
            f"{', '.join(f'.{self._name} option:nth-child({place})' for place in found)} "
            f"{{ --esnb-dot: var(--{each}); }}"
            for each, found in places.items()
        ]
        self.sheet.value = f"<style>{''.join(rules)}</style>" if rules else ""


def event_lines(events: Sequence[PageEvent], of_stream: bool, times: bool) -> list[tuple[str, int]]:
    """A line for each event: version, time, type, in the whole log the stream, and what it carries."""
    names = min(24, max((len(visible(event.name, 40)) for event in events), default=0))
    wide = max((len(f"{event.record.version or 0:,}") for event in events), default=1)
    day = one_day(event.time for event in events)
    lines = []
    for event in events:
        number = f"{event.record.version or 0:>{wide},}"
        when = short_stamp(event.time, day) if times and event.time else ""
        name = visible(event.name, 40).ljust(names)
        where = "" if of_stream else short(event.stream)
        columns = [each for each in (number, when, name, where) if each]
        room = _LINE - sum(len(each) + 2 for each in columns) - 2
        carried = summary(event, max(room, _LEAST))
        lines.append((_line(*columns, carried), event.number))
    return lines


def stream_line(row: StreamRow) -> str:
    """A server's names of streams begin with the category, an application's lack it."""
    category = "" if row.name.startswith(f"{row.category}-") else row.category
    last = "tombstoned" if row.tombstoned else ""
    return _line(category, short(row.name), f"{row.events:,}", last)


def stream_colour(row: StreamRow) -> str:
    return "" if row.tombstoned else colour(row.last_name)


def bare_line(name: str) -> str:
    """The line of a stream of which nothing else is known."""
    return _line(short(name))


def _line(*columns: str) -> str:
    """One option of a list; options fold plain spaces, no-break ones keep the columns."""
    shown = (cut_at_word(each, _WIDE) for each in columns if each)
    return "  ".join(shown).replace(" ", "\u00a0")
