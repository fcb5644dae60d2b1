"""What a live browser is made of: its controls, and where each of them stands."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from esnb.sources.page import BUDGET
from esnb.widgets.browse.copies import Copies
from esnb.widgets.browse.event_list import ColouredList
from esnb.widgets.browse.type_chips import TypeChips
from esnb.widgets.live import controls
from esnb.widgets.live.working import WorkBar


class BrowseLayout:
    """The widgets; `root` is what is displayed. What they do is the panel's."""

    root: Any

    def __init__(self) -> None:
        self._style, self._crumbs = widgets.HTML(), widgets.HTML()
        self._message, self._note = widgets.HTML(), widgets.HTML()
        self._known, self._headline, self._detail = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._working = WorkBar()
        self._chips = TypeChips(self._only)
        self._back = controls.button("Back", "arrow-left", "Return to the page you came from")
        self._again = controls.icon_button("refresh", "Read the events again")
        self._follow = widgets.ToggleButton(
            description="Follow", icon="rss", tooltip="Show new events as they are recorded"
        )
        self._new = controls.named(
            controls.button("0 new ↓", "", "Show what is new, and follow on"),
            "esnb-new",
        )
        self._types = controls.field(
            "Type", "Added, Price*", "Names or patterns, separated by commas"
        )
        self._text = controls.field("Contains", "any text", "In stream, type, data or metadata")
        self._since = controls.field(
            "Since", "2026-03-01 12:00", "Only events from this time on, UTC"
        )
        self._until = controls.field(
            "Until", "2026-03-31", "Only events up to this time, or the end of this day, UTC"
        )
        self._start = controls.field(
            "Start at", "2026-03-01 12:00", "Go to the first event of this time or day, UTC"
        )
        self._clear = controls.button("Clear", "times", "Remove every filter")
        self._find = controls.field(
            "Find a stream", "name or Product-*", "A part or a pattern of its name or category"
        )
        self._stream_list = ColouredList("Streams", rows=7)
        self._streams = self._stream_list.root
        self._look = controls.button("Look further back", "search", "Find streams of older events")
        self._event_list = ColouredList("Events", rows=14)
        self._events = self._event_list.root
        self._oldest = controls.icon_button("fast-backward", "Oldest events")
        self._earlier = controls.button(
            "Earlier", "chevron-left", "The page of events before this one"
        )
        self._later = controls.named(
            controls.button("Later", "chevron-right", "The page of events after this one"),
            "esnb-onward",
        )
        self._newest = controls.icon_button("fast-forward", "Newest events")
        self._further = controls.button(
            f"Look at the next {BUDGET:,}", "search", "Go on searching where the search has stopped"
        )
        self._previous = controls.icon_button("step-backward", "Previous event")
        self._next = controls.icon_button("step-forward", "Next event")
        self._stream = controls.button("This stream", "", "All events of this event's stream")
        self._cause = controls.button("Cause", "level-up", "The event that caused this one")
        self._effects = controls.button(
            "Effects", "level-down", "The events that this one caused: its children"
        )
        self._correlated = controls.button(
            "Correlated", "random", "All events with the same correlation id"
        )
        self._copying = Copies(self._detail)
        self._tabs = self._copying.root
        self._arrange()

    def _arrange(self) -> None:
        bar = controls.row(
            "esnb-top", self._back, self._crumbs, self._new, self._follow, self._again
        )
        fields = (self._types, self._text, self._since, self._until, self._start, self._clear)
        says = controls.row("esnb-says", self._chips.root, self._message, self._working.root)
        pager = controls.row("esnb-pager", self._oldest, self._earlier, self._later, self._newest)
        about = controls.row("esnb-about-page", self._note, self._further)
        moves = controls.row(
            "esnb-moves",
            *(self._previous, self._next, self._stream),
            *(self._cause, self._effects, self._correlated),
        )
        first = controls.column(
            "esnb-streams-pane",
            *(self._find, self._streams, self._stream_list.sheet, self._known, self._look),
        )
        second = controls.column(
            "esnb-events-pane", self._events, self._event_list.sheet, pager, about
        )
        third = controls.column(
            "esnb-event-pane", self._headline, moves, self._tabs, self._copying.buttons
        )
        self.root = controls.named(
            widgets.VBox(
                [
                    self._style,
                    bar,
                    controls.row("esnb-filters", *fields),
                    says,
                    controls.row("esnb-panes", first, second, third),
                ]
            ),
            *("esnb", "esnb-live", "esnb-browse"),
        )

    def _only(self, types: tuple[str, ...]) -> None:
        """Called with the types that were chosen."""
        raise NotImplementedError
