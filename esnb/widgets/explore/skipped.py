"""A history without some of its events, version by version beside the real one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from esnb.folds.versions import Version


class Skipped:
    """The history without the events of the versions in `skip`."""

    def __init__(
        self, skip: frozenset[int] = frozenset(), remaining: Sequence[Version] = ()
    ) -> None:
        """`remaining` are the other versions, with the states they then have, oldest first."""
        self.skip = skip
        self._remaining = remaining
        self._numbers = [version.number for version in remaining]

    def __bool__(self) -> bool:
        return bool(self.skip)

    def at(self, number: int) -> Version | None:
        """The last remaining version up to a number; None where there is none."""
        place = bisect_right(self._numbers, number)
        return self._remaining[place - 1] if place else None

    @property
    def named(self) -> str:
        """The versions that are left out, as text: `2, 3`; of many the first."""
        numbers = sorted(self.skip)
        shown = ", ".join(f"{number:,}" for number in numbers[:10])
        return shown if len(numbers) <= 10 else f"{shown} and {len(numbers) - 10:,} more"
