"""What a frame costs beside the work that it cannot avoid.

Prints, for 100,000 events: the time to parse the payloads with `json.loads`, as
the measure, and each frame's time as a multiple of it. With an EventStoreDB
(`EVENTSTOREDB_URI`, else the embedded server where it is there) also a client's
frame beside the client's own read.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb

EVENTS = 100_000
PER_AGGREGATE = 100


class Item(Aggregate):
    """An aggregate with the usual kinds of values in its events."""

    @event("Registered")
    def __init__(self, name: str, price: Decimal, tags: list[str]) -> None:
        self.name = name
        self.price = price
        self.tags = tags

    @event("PriceUpdated")
    def update_price(self, price: Decimal, reason: str, details: dict[str, Any]) -> None:
        """Another price."""
        self.price = price


def filled(events: int) -> Application[UUID]:
    """An application in memory with `events` events."""
    app: Application[UUID] = Application()
    for number in range(events // PER_AGGREGATE):
        item = Item(f"item {number}", Decimal("9.50"), ["new", "food"])
        for step in range(PER_AGGREGATE - 1):
            item.update_price(
                Decimal(step) / 4, "season", {"by": str(uuid4()), "round": step, "notes": []}
            )
        app.save(item)
    return app


def seconds(work: Callable[[], object]) -> float:
    """The best of three runs."""
    best = float("inf")
    for _ in range(3):
        gc.collect()
        begin = perf_counter()
        work()
        best = min(best, perf_counter() - begin)
    return best


def main() -> None:
    app = filled(EVENTS)
    states = [notification.state for notification in app.recorder.select_notifications(1, EVENTS)]
    longest = Item("long", Decimal(1), [])
    for step in range(9_999):
        longest.update_price(Decimal(step), "season", {})
    app.save(longest)

    unit = seconds(lambda: [json.loads(state) for state in states])
    print(f"json.loads of {EVENTS:,} payloads: {unit * 1000:,.0f} ms = 1")
    works: dict[str, Callable[[], object]] = {
        "events": lambda: esnb.events(app, progress=False),
        "events(flatten=True)": lambda: esnb.events(app, flatten=True, progress=False),
        "events(types=...)": lambda: esnb.events(app, types="Item.Registered", progress=False),
        "streams": lambda: esnb.streams(app, progress=False),
        "history of 10,000 versions": lambda: esnb.history(app, longest.id, progress=False),
        "at of 10,000 versions": lambda: esnb.at(app, longest.id),
        "(repository.get of 10,000)": lambda: app.repository.get(longest.id),
    }
    for name, work in works.items():
        took = seconds(work)
        print(f"{name:28} {took * 1000:8,.0f} ms  {took / unit:5.2f}")


if __name__ == "__main__":
    sys.exit(main())
