"""When a runner was where: its positions, few enough to keep, however long it runs."""

from __future__ import annotations

from typing import NamedTuple

MOST = 512


class PositionSample(NamedTuple):
    """A position, and since when it has been there, in seconds of a clock."""

    since: float
    position: int | None


class PositionTrack:
    """The positions of a runner since its start: at most 512, closer together at first.

    >>> track = PositionTrack()
    >>> for second in range(10_000):
    ...     track.add(float(second), second)
    >>> kept = track.samples()
    >>> len(kept) <= 512, kept[0].position, kept[-1].position
    (True, 0, 9999)
    """

    def __init__(self) -> None:
        self._samples: list[PositionSample] = []
        self._least = 0.0
        """Seconds between two that are kept."""

    def add(self, now: float, position: int | None) -> None:
        """It is at a position since `now`; the one before is forgotten if it was there only briefly."""
        samples = self._samples
        if len(samples) > 1 and now - samples[-2].since < self._least:
            samples.pop()
        samples.append(PositionSample(now, position))
        if len(samples) > MOST:
            self._least = 2 * (samples[-1].since - samples[0].since) / MOST
            self._thin()

    def samples(self) -> list[PositionSample]:
        """Those that are kept, oldest first."""
        return list(self._samples)

    def _thin(self) -> None:
        first, *rest = self._samples[:-1]
        kept = [first]
        for each in rest:
            if each.since - kept[-1].since >= self._least:
                kept.append(each)
        self._samples = [*kept, self._samples[-1]]
