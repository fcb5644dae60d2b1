"""The colour of each type of event: the same in every picture and widget of a process."""

from __future__ import annotations

import threading
from dataclasses import dataclass

COLOURS = (
    "#2a72cc",
    "#c47d00",
    "#128043",
    "#d6499b",
    "#5b2ca8",
    "#0b868c",
    "#84300f",
    "#57626e",
)
"""On white, for pages without the style sheet; `chart.css` has them for both themes."""
_DASHES = ("", "6 2", "2 2", "10 2 2 2")
"""Paler stripes across a bar, so that colours are not all that tells two types apart."""
_MOST = 10_000
"""Types that are remembered: nobody tells more apart, and a hostile log may have millions."""
_slots: dict[str, int] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Look:
    """How the marks of one kind look: colour, stripes and shape."""

    slot: int

    @property
    def css(self) -> str:
        """The class by which `chart.css` knows the colour."""
        return f"esnb-k{self.slot % len(COLOURS)}"

    @property
    def colour(self) -> str:
        """The colour where there is no style sheet."""
        return COLOURS[self.slot % len(COLOURS)]

    @property
    def dashes(self) -> str:
        """A `stroke-dasharray` for the stripes of bars; empty for none."""
        return _DASHES[(self.slot + self.slot // len(COLOURS)) % len(_DASHES)]

    @property
    def shape(self) -> int:
        """The number of the shape of its points, as `svg.point` draws it."""
        return self.slot


REST = Look(len(COLOURS) - 1)
"""Of what is folded together: grey."""


def look_of(type: str) -> Look:
    """How events of a type look.

    The first type that is shown has the first colour, and keeps it until the
    process ends. The eighth colour, grey, is for what is folded together.

    >>> look_of("Doctest.Registered") == look_of("Doctest.Registered")
    True
    """
    with _lock:
        slot = _slots.get(type)
        if slot is None:
            slot = len(_slots) % _MOST
            if len(_slots) < _MOST:
                _slots[type] = slot
    return numbered(slot)


def numbered(number: int) -> Look:
    """The look of the kind with this number, counting from 0: any but that of the rest."""
    cycle, place = divmod(number, len(COLOURS) - 1)
    return Look(cycle * len(COLOURS) + place)
