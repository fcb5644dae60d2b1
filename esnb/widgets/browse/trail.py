"""Where someone is in a browser, and how they got there. Plain data: nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from esnb.sources.page import EVERYTHING, NEWEST, Anchor, Filter

_LONGEST = 100
"""How many places one can go back."""


@dataclass(frozen=True)
class Place:
    """What is shown: a log or one stream of it, filtered, from some point on."""

    stream: str | None = None
    """None: the whole log."""
    filter: Filter = EVERYTHING
    anchor: Anchor = NEWEST
    chosen: int | None = None
    """Number of the event that is shown in full."""

    @property
    def at_end(self) -> bool:
        """Whether these are the newest events, whatever those are."""
        return self.anchor == NEWEST


@dataclass(frozen=True)
class Trail:
    """The current place, and those that one can go back to."""

    here: Place = Place()
    behind: tuple[Place, ...] = field(default=())

    def to(self, place: Place, leaving: Place | None = None) -> Trail:
        """Goes on to another place; `leaving` is what is kept of the current one."""
        if place == self.here:
            return self
        return Trail(place, (*self.behind, leaving or self.here)[-_LONGEST:])

    def back(self) -> Trail:
        """Returns to the previous place; stays put where there is none."""
        if not self.behind:
            return self
        return Trail(self.behind[-1], self.behind[:-1])

    def at(self, anchor: Anchor, chosen: int | None = None) -> Trail:
        """Another page of the same place; not a step that `back` would undo."""
        return replace(self, here=replace(self.here, anchor=anchor, chosen=chosen))

    def choose(self, number: int | None) -> Trail:
        """Another event of the same page."""
        return replace(self, here=replace(self.here, chosen=number))
