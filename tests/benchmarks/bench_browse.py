"""What `esnb.browse` costs on a long log, beside one read of all of it.

For an application on POPO, an exported file and an EventStoreDB client: the time
of each step, and its ratio to `esnb.events(source)`. The aim, with 100,000 events
on an idle machine, is that none is slower than that read. Another number of
events may be passed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

import esnb
from esnb.widgets import Browser

EVENTS = 100_000
OF_STREAM = 200
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("Placed", "Paid", "Shipped")


def fill(app: Application[Any], events: int) -> None:
    for begin in range(0, events, OF_STREAM):
        app.recorder.insert_events([stored(n) for n in range(begin, begin + OF_STREAM)])


def stored(number: int) -> StoredEvent:
    time = (BEGAN + timedelta(minutes=number)).isoformat()
    state = {
        "timestamp": {"_type_": "datetime_iso", "_data_": time},
        "price": {"_type_": "decimal_str", "_data_": "12.50"},
        "number": number,
    }
    stream, version = UUID(int=number // OF_STREAM + 1), number % OF_STREAM + 1
    return StoredEvent(stream, version, f"m:Order.{KINDS[number % 3]}", json.dumps(state).encode())


def read_all_streams(browser: Browser) -> None:
    while not browser._visit.index.complete:
        browser._visit.index.look()


def search_all(browser: Browser) -> None:
    browser.filter(text="not to be found")
    while browser._visit.page.unfinished:
        browser.go_on()


def steps(source: Any, events: int) -> Iterator[tuple[str, Callable[[Browser], object]]]:
    middle = BEGAN + timedelta(minutes=events // 2)
    yield "count all streams", read_all_streams
    yield "search 10,000", lambda browser: browser.filter(text="not to be found")
    yield "search all of them", search_all
    yield "filter by type", lambda browser: browser.filter(types="None such")
    yield "jump to the middle", lambda browser: browser.start(middle)
    yield "since the middle", lambda browser: browser.filter(since=middle)
    yield "open a stream", lambda browser: browser.open(browser.events[0]["stream"])


def timed(call: Callable[[], object]) -> float:
    begin = perf_counter()
    call()
    return perf_counter() - begin


def measure(name: str, source: Any, events: int) -> None:
    one = timed(lambda: esnb.events(source, progress=False))
    print(f"{name}: one read of {events:,} events took {one:.1f} s")
    report("open", timed(lambda: esnb.browse(source, live=False)), one)
    for step, take in steps(source, events):
        browser = esnb.browse(source, live=False)
        report(step, timed(lambda take=take, browser=browser: take(browser)), one)  # type: ignore[misc]


def report(step: str, seconds: float, one: float) -> None:
    mark = "" if seconds <= one else "  slower than one read"
    print(f"  {step:20} {seconds:6.2f} s, {seconds / one:4.2f} of one read{mark}")


@contextmanager
def server(events: int) -> Iterator[Any]:
    with esnb.connect(embedded=True) as stores:
        fill(stores.application(Application), events)
        yield stores.eventstoredb


def main(events: int = EVENTS) -> None:
    os.environ["ESNB_PROGRESS"] = "0"
    app = Application[Any]()
    fill(app, events)
    measure("POPO", app, events)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        esnb.export(app, path, progress=False)
        measure("file", path, events)
    with server(events) as client:
        measure("EventStoreDB", client, events)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
