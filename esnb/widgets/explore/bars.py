"""The strip below the chart: one bar per version, or per stretch of versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from esnb.drawing.values import counted, stamp, visible
from esnb.folds.versions import Version
from esnb.widgets.explore.timeline import Timeline

_MOST = 200
"""Bars for which a page has the pixels: more versions share them."""
_STRETCHES = 100
FADED = " esnb-faded"


class VersionBars:
    """Which versions each bar stands for: one, or ever as many."""

    def __init__(self, versions: int) -> None:
        self.versions = versions
        self.count = versions if versions <= _MOST else _STRETCHES

    def of(self, place: int) -> int:
        """The bar of the version at a place."""
        return place * self.count // self.versions

    def places(self, bar: int) -> range:
        """The places of a bar's versions."""
        return range(self._first(bar), self._first(bar + 1))

    def _first(self, bar: int) -> int:
        return -(-bar * self.versions // self.count)


def shares(
    bars: VersionBars, types: Sequence[str], colours: Mapping[str, str], shown: frozenset[str]
) -> list[dict[str, float]]:
    """How much of each bar each colour has; the types that are not `shown` are faded."""
    classes = {name: colours[name] + ("" if name in shown else FADED) for name in colours}
    order = list(dict.fromkeys(classes.values()))
    found = []
    for bar in range(bars.count):
        places = bars.places(bar)
        counts = Counter(classes[types[place]] for place in places)
        found.append({kind: counts[kind] / len(places) for kind in order if kind in counts})
    return found


def bar_names(bars: VersionBars, timeline: Timeline) -> list[str]:
    """Each bar's name, unlike those of the others."""
    names = []
    for bar in range(bars.count):
        places = bars.places(bar)
        first, last = timeline.numbers[places[0]], timeline.numbers[places[-1]]
        names.append(f"versions {first:,} to {last:,}" if len(places) > 1 else f"version {first:,}")
    return names


def bar_titles(bars: VersionBars, timeline: Timeline, times: bool) -> list[str]:
    """What each bar says when it is pointed at: its event, or how many it has of which type."""
    found = []
    for bar, name in enumerate(bar_names(bars, timeline)):
        places = bars.places(bar)
        if len(places) == 1:
            found.append(event_title(timeline.versions[places[0]], times))
        else:
            counts = Counter(timeline.versions[place].event for place in places)
            said = ", ".join(
                f"{count:,} {visible(kind, 40)}" for kind, count in counts.most_common(8)
            )
            more = f" and {counted(len(counts) - 8, 'other type')}" if len(counts) > 8 else ""
            found.append(f"{name}: {said}{more}")
    return found


def event_title(version: Version, times: bool) -> str:
    """One version in one line: its number, its event, what it changed and when."""
    when = f" · {stamp(version.time)}" if times and version.time is not None else ""
    changed = visible(version.changed, 100)
    said = f": {changed}" if changed else ""
    return f"{version.number:,} {visible(version.event, 40)}{said}{when}"
