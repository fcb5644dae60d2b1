"""What a step of the explorer costs in the kernel, at ten versions and at ten thousand.

Prints the time to open it, and the median and the longest of a hundred steps:
alone, with an event skipped, and the jump from one end to the other. The aim is
50 ms a step at 10,000 versions; the ratio to ten versions says whether a step
depends on their number.
"""

from __future__ import annotations

import sys
from statistics import median
from time import perf_counter
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb
from esnb.widgets import Explorer

AIM = 0.050


class Basket(Aggregate):
    """An aggregate of up to fifty nested entries."""

    @event("Opened")
    def __init__(self, owner: dict[str, Any]) -> None:
        self.owner = owner
        self.items: list[dict[str, Any]] = []

    @event("Added")
    def add(self, item: dict[str, Any]) -> None:
        self.items.append(item)

    @event("Dropped")
    def drop(self, index: int) -> None:
        self.items.pop(index)


def explored(versions: int) -> Explorer:
    """A live explorer of an aggregate with so many versions."""
    app = Application[Any]()
    basket = Basket({"name": "Ada", "tags": ["a", "b"]})
    for number in range(versions - 1):
        if len(basket.items) > 50:
            basket.drop(0)
        else:
            basket.add({"number": number, "text": f"item {number}"})
    app.save(basket)
    explorer = esnb.explore(app, basket.id, live=True)
    explorer.widget  # noqa: B018  # makes the controls
    return explorer


def steps(explorer: Explorer, places: range) -> list[float]:
    """Seconds of each step."""
    found = []
    for place in places:
        begin = perf_counter()
        explorer.version = explorer.versions[place]
        found.append(perf_counter() - begin)
    return found


def main() -> None:
    few, many = explored(10), None
    unit = median(steps(few, range(10)) * 10)
    begin = perf_counter()
    many = explored(10_000)
    print(f"opened 10,000 versions in {perf_counter() - begin:.1f} s, recording included")
    middle = range(4_950, 5_050)
    found = {"step": steps(many, middle), "end to end": steps(many, range(0, 10_000, 9_999))}
    begin = perf_counter()
    panel = many._controls()
    panel._tables.what_if.skip(frozenset({9_000}))
    panel.work.join(timeout=600)
    print(f"skipped one of 10,000 events in {perf_counter() - begin:.1f} s")
    found["step, one skipped"] = steps(many, range(9_000, 9_100))
    for name, taken in found.items():
        middle_one, longest = median(taken), max(taken)
        print(
            f"{name:18} median {middle_one * 1000:6.1f} ms, longest {longest * 1000:6.1f} ms, "
            f"{middle_one / unit:4.1f} times that of 10 versions, {longest / AIM:4.2f} of the aim"
        )


if __name__ == "__main__":
    sys.exit(main())
