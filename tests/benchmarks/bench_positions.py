"""What it costs to begin a read of the whole log at a number that is not an event's.

Prints the milliseconds to the first event, begun in the middle of a log, for
1,000 events and for many (100,000, or the number that is given: `bench_positions.py
1000000`), and their ratio, which is about 1. With EVENTSTOREDB_URI and REDIS_URL
on those servers, else on the embedded ones.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.sources.paging import Pager
from esnb.testing import until

FEW, MANY = 1_000, 100_000
_PER_STREAM = 500
_NUMBERS = 3
"""Numbers at which a read is begun; the median of their times is printed."""

Begin = Callable[[int], object]


def fill(app: Application[UUID], events: int) -> list[int]:
    """The positions of `events` events that are stored, in order."""
    positions: list[int] = []
    for first in range(0, events, _PER_STREAM):
        originator_id = uuid4()
        count = min(_PER_STREAM, events - first)
        positions += (
            app.recorder.insert_events(
                [
                    StoredEvent(originator_id, version, "bench:Item.Changed", b'{"price": "12.50"}')
                    for version in range(1, count + 1)
                ]
            )
            or []
        )
    return positions


def rest(stores: esnb.Stores) -> None:
    """Returns when the server's projections have written all links: it is then idle."""

    def is_done() -> bool:
        found = stores.eventstoredb.get_projection_statistics(name="$by_category")
        return found.progress >= 100

    until(is_done, "the projections", timeout=3600)


def first_of(opening: Any) -> object:
    """The first event of a read that is ended then."""
    with opening as records:
        return next(records, None)


def begins(stores: esnb.Stores, app: Application[UUID]) -> dict[str, Begin]:
    """The ways to begin a read of the whole log."""
    recorder: Any = app.recorder
    pager = Pager(stores)

    def subscribe(number: int) -> None:
        with recorder.subscribe(gt=number) as subscription:
            next(subscription)

    return {
        "esnb.events(client, start=…)": lambda n: esnb.events(
            stores, start=n, limit=1, progress=False
        ),
        "a page after it": lambda n: first_of(pager.forwards(None, n)),
        "a page before it": lambda n: first_of(pager.backwards(None, n)),
        "select_notifications(…)": lambda n: recorder.select_notifications(n, 1),
        "subscribe(gt=…)": subscribe,
    }


def milliseconds(begin: Begin, positions: list[int]) -> float:
    """The median of reads that begin within the events in the middle of the log."""
    middle = len(positions) // 2
    times = []
    for position in positions[middle : middle + 2 * _NUMBERS : 2]:
        began = perf_counter()
        begin(position - 30)  # within the bytes of the event before
        times.append(1000 * (perf_counter() - began))
    return sorted(times)[len(times) // 2]


def main(many: int = MANY) -> None:
    measured: list[dict[str, float]] = []
    for events in (FEW, many):
        with esnb.connect() as stores, stores.application(Application[UUID]) as app:
            positions = fill(app, events)
            rest(stores)
            ways = begins(stores, app)
            measured.append({way: milliseconds(begin, positions) for way, begin in ways.items()})
    print(f"{'ms to the first event':30}{FEW:>12,}{many:>12,}  ratio")
    for way, few in measured[0].items():
        print(f"{way:30}{few:12.1f}{measured[1][way]:12.1f}  {measured[1][way] / few:5.2f}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
