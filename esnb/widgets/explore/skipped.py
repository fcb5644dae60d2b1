"""A history without some of its events, version by version beside the real one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Left:
    """A version that remains: its number in the real history, and the state after it."""

    number: int
    state: Mapping[str, Any]
    problem: str = ""
    """Why the state is not known, where it is not."""


class Skipped:
    """What is left of a timeline without the versions of `skip`."""

    def __init__(self, skip: frozenset[int] = frozenset(), left: Sequence[Left] = ()) -> None:
        """`left` are the versions that remain, oldest first."""
        self.skip = skip
        self._left = left
        self._numbers = [version.number for version in left]

    def __bool__(self) -> bool:
        return bool(self.skip)

    def at(self, number: int) -> Left | None:
        """The last version left up to a number; None where none is."""
        place = bisect_right(self._numbers, number)
        return self._left[place - 1] if place else None

    @property
    def named(self) -> str:
        """The versions that are left out, as text: `2, 3`; of many the first."""
        numbers = sorted(self.skip)
        shown = ", ".join(f"{number:,}" for number in numbers[:10])
        return shown if len(numbers) <= 10 else f"{shown} and {len(numbers) - 10:,} more"
