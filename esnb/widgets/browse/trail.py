"""Where someone is in a browser, and the way they came. Plain data: nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from esnb.sources.page import EVERYTHING, NEWEST, Anchor, Filter

_LONGEST = 100
"""Places that one can go back."""


@dataclass(frozen=True)
class Place:
    """What is looked at: a log or one stream of it, filtered, from somewhere on."""

    stream: str | None = None
    """None: the whole log."""
    filter: Filter = EVERYTHING
    anchor: Anchor = NEWEST
    chosen: int | None = None
    """Number of the event that is shown in full."""

    @property
    def at_end(self) -> bool:
        """Whether these are the newest events, whichever those are."""
        return self.anchor == NEWEST


@dataclass(frozen=True)
class Trail:
    """The place where one is, and those that one can go back to."""

    here: Place = Place()
    behind: tuple[Place, ...] = field(default=())

    def to(self, place: Place, leaving: Place | None = None) -> Trail:
        """Goes on to another place; `leaving` is how the present one is kept."""
        if place == self.here:
            return self
        return Trail(place, (*self.behind, leaving or self.here)[-_LONGEST:])

    def back(self) -> Trail:
        """Returns to the place before; stays where there is none."""
        if not self.behind:
            return self
        return Trail(self.behind[-1], self.behind[:-1])

    def at(self, anchor: Anchor, chosen: int | None = None) -> Trail:
        """Another page of the same place: no step that one would go back."""
        return replace(self, here=replace(self.here, anchor=anchor, chosen=chosen))

    def choose(self, number: int | None) -> Trail:
        """Another event of the same page."""
        return replace(self, here=replace(self.here, chosen=number))
