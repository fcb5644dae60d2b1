"""The versions of one aggregate, in order: which ones exist, and the place of each.

Made once; a step then only looks up one version, so it costs the same at the
tenth and at the ten-thousandth.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from esnb.clients.uri import masked_error
from esnb.folds.growing import GrowingHistory
from esnb.folds.versions import Version


def unknown(version: Version) -> str:
    """Why the state of a version is not known, on one line; empty where it is known."""
    return "" if version.problem is None else f"not known: {masked_error(version.problem)}"


class Timeline:
    """The versions of one aggregate, oldest first; there is at least one."""

    def __init__(
        self,
        aggregate_id: str,
        versions: Sequence[Version],
        snapshots: frozenset[int],
        history: GrowingHistory,
    ) -> None:
        """`snapshots` are the versions of which a snapshot is stored; `history` reads later ones."""
        if not versions:
            raise ValueError(f"aggregate {aggregate_id} has no versions to explore")
        self.aggregate_id = aggregate_id
        self.versions = versions
        self.snapshots = snapshots
        self.history = history
        self.numbers = [version.number for version in versions]
        self.types = [version.event for version in versions]
        self._setters: dict[str, list[int]] = {}
        for index, version in enumerate(versions):
            for change in version.changes:
                self._setters.setdefault(change.field, []).append(index)

    def __len__(self) -> int:
        return len(self.versions)

    @property
    def name(self) -> str:
        """The aggregate's class, after which its events are named."""
        return self.versions[0].around.rpartition(".")[2] or "Aggregate"

    @property
    def fields(self) -> list[str]:
        """The fields that any state has, in the order in which events first set them."""
        return list(self._setters)

    def setters(self, field: str) -> list[int]:
        """Places of the versions that changed a field, oldest first."""
        return self._setters.get(field, [])

    @property
    def span(self) -> timedelta | None:
        """From the first event to the last; None where a time is not known."""
        times = [version.time for version in self.versions]
        known = [time for time in times if time is not None]
        return max(known) - min(known) if len(known) == len(times) else None

    @property
    def first(self) -> int:
        return self.numbers[0]

    @property
    def last(self) -> int:
        return self.numbers[-1]

    def has_snapshot(self, index: int) -> bool:
        """Whether a snapshot of the version at a place is stored."""
        return self.numbers[index] in self.snapshots

    def index(self, number: int) -> int:
        """Place of a version, or else of the nearest later one, at most the last."""
        return min(bisect_left(self.numbers, number), len(self) - 1)

    def exact(self, number: int) -> int:
        """Place of a version that must be there; ValueError where it is not."""
        place = self.index(number)
        if self.numbers[place] != number:
            raise ValueError(
                f"aggregate {self.aggregate_id} has no version {number}: "
                f"it has {self.first} to {self.last}"
            )
        return place

    def blame(self, index: int, field: str) -> Version | None:
        """The version whose event last set a field, as seen from a place."""
        setters = self.setters(field)
        place = bisect_right(setters, index)
        return self.versions[setters[place - 1]] if place else None

    def at(self, time: datetime) -> int:
        """Place of the last version at a time; ValueError for a time before the first.

        As `esnb.at` takes it: the events up to the first later one.
        """
        later = next(
            (i for i, each in enumerate(self.versions) if each.time and each.time > time),
            len(self),
        )
        if not later:
            raise ValueError(
                f"the first event is from {self.versions[0].time:%Y-%m-%d %H:%M:%S} UTC: "
                "choose that time or a later one"
            )
        return later - 1
