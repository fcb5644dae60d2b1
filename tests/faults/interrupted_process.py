"""A process that does what it is told, is interrupted at it, and says how that went.

It reads the name of an act from a line, does it, and answers with a line of
JSON: `["done", result]`, `["interrupted"]` or `["error", text]`.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb
from esnb.projections import CatchUpRunner, PersistentRunner
from tests.domain.counting import Counting, Total
from tests.waiting import DEADLINE

AGGREGATES, VERSIONS = 3, 400


class Counter(Aggregate):
    @event("Started")
    def __init__(self) -> None:
        self.number = 0

    @event("Bumped")
    def bump(self) -> None:
        self.number += 1


class Reads(Application[UUID]):
    """Its events stay what they are."""


class Writes(Application[UUID]):
    """Its events come while others are looked at."""


class Process:
    def __init__(self) -> None:
        self.stores = esnb.connect(embedded=True)
        self.reads = self.stores.application(Reads)
        self.writes = self.stores.application(Writes)
        for _ in range(AGGREGATES):
            counter = Counter()
            for _ in range(VERSIONS - 1):
                counter.bump()
            self.reads.save(counter)
        self.counter = counter
        self.stored = Counter()
        self.writes.save(self.stored)
        self.stores.redis.set("large", b"x" * 5_000_000)
        self.file = Path(tempfile.mkdtemp()) / "log.jsonl"
        self.runner = CatchUpRunner(Writes, Counting, Total, env=self.stores.env).start()
        self.consumer = PersistentRunner(self.writes, "group", lambda *_: None).start()

    def acts(self) -> dict[str, Callable[[], Any]]:
        stores, reads = self.stores, self.reads
        client = stores.eventstoredb
        return {
            "events": lambda: len(esnb.events(reads)),
            "streams": lambda: len(esnb.streams(reads)),
            "stream": lambda: len(esnb.stream(client, f"Reads-{self.counter.id}")),
            "history": lambda: len(esnb.history(reads, self.counter.id)),
            "get": lambda: reads.repository.get(self.counter.id).version,
            "client read": lambda: len(list(client.read_stream(f"Reads-{self.counter.id}"))),
            "client subscription": lambda: len(list(islice(client.subscribe_to_all(), 500))),
            "subscription": lambda: len(list(islice(reads.recorder.subscribe(), 1_000))),
            "log": lambda: len(reads.recorder.select_notifications(1, 1_000)),
            "redis": lambda: len(stores.redis.get("large") or b""),
            "export": lambda: esnb.export(reads, self.file) and None,
            "browse": lambda: len(repr(esnb.browse(reads, live=False))),
            "other stores": self.other_stores,
            "save": self.save,
            "runner": self.follows,
            "consumer": lambda: self.consumer.wait(timeout=DEADLINE),
            "status": lambda: (self.runner.status().state, self.consumer.status().state),
        }

    def other_stores(self) -> None:
        with esnb.connect(tempfile.mkdtemp()) as other:
            other.application(Reads).save(Counter())
            other.redis.ping()

    def save(self) -> None:
        """Twenty events; an interrupted save may or may not have stored them."""
        counter: Counter = self.writes.repository.get(self.stored.id)
        for _ in range(20):
            counter.bump()
        self.writes.save(counter)

    def follows(self) -> bool:
        """Whether the view in Redis, filled by a thread, holds all that is stored."""
        self.writes.save(Counter())
        self.runner.wait(timeout=DEADLINE)
        return self.runner.view.n() == len(self.writes.recorder.select_notifications(1, 10**6))


def interruptible(act: Callable[[], Any]) -> Any:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return act()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    process = Process()
    acts = process.acts()
    print(json.dumps(["ready", list(acts)]), flush=True)
    for line in sys.stdin:
        try:
            answer = ["done", interruptible(acts[line.strip()])]
        except KeyboardInterrupt:
            answer = ["interrupted"]
        except BaseException as error:  # noqa: BLE001  told to the test
            answer = ["error", f"{type(error).__name__}: {error}"]
        print(json.dumps(answer), flush=True)
    process.stores.close()
    print(json.dumps(["closed"]), flush=True)


if __name__ == "__main__":
    main()
