"""The catch-up runner against what it stands on.

    python tests/benchmarks/bench_projections.py [--events N] [--rounds N]

- events/s from EventStoreDB into a Redis view with its checkpoint, as a ratio to
  draining the raw client's `subscribe_to_all` (aim: at least 0.5);
- events/s from a POPO application into a Redis view with its checkpoint, as a
  ratio to the library's `ProjectionRunner` from a POPO application into an
  SQLite view (aim: at least 3), and the same ratio from EventStoreDB, which
  cannot be more than what the raw client gives;
- a commit of one checkpoint, as a ratio to one empty Redis round trip (aim: at
  most 1.5).

Each figure is the best of the rounds, which the candidates take in turn.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment

import esnb
from esnb.projections import CatchUpRunner
from esnb.redis import RedisTrackingRecorder, RedisView

PER_AGGREGATE = 100


class Counts(RedisView):
    def count(self, tracking: Tracking) -> None:
        with self.commit(tracking) as commands:
            commands.hincrby(self.key("totals"), "events", 1)

    def total(self) -> int:
        return int(self.redis.hget(self.key("totals"), "events") or 0)


class SQLiteCounts(SQLiteTrackingRecorder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.create_table_statements.append(
            "CREATE TABLE IF NOT EXISTS totals (name TEXT PRIMARY KEY, value INTEGER)"
        )

    def count(self, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO totals VALUES ('events', 1) "
                "ON CONFLICT (name) DO UPDATE SET value = value + 1"
            )


class Counting(Projection[Any]):
    name = "counting"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(tracking)


def record(app: Application[UUID], events: int) -> None:
    for _ in range(events // PER_AGGREGATE):
        aggregate = Aggregate()
        for _ in range(PER_AGGREGATE - 1):
            aggregate.trigger_event(Aggregate.Event)
        app.save(aggregate)


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def raw_drain(stores: esnb.Stores, events: int) -> float:
    """Reads as many events of `$all` as were recorded, and does nothing with them."""

    def drain() -> None:
        with stores.eventstoredb.subscribe_to_all() as subscription:
            for _ in itertools.islice(subscription, events):
                pass

    return seconds(drain)


def into_redis(
    stores: esnb.Stores, events: int, app: type[Application[UUID]] | Application[UUID]
) -> float:
    env = {
        **stores.env,
        "COUNTING_PERSISTENCE_MODULE": "esnb.redis",
        "REDIS_KEY_PREFIX": f"bench{uuid4().hex}",
    }
    runner = CatchUpRunner(app, Counting, Counts, env)

    def run() -> None:
        runner.start()
        runner.wait(timeout=600)

    taken = seconds(run)
    runner.stop()
    assert runner.view.total() == events, runner.view.total()
    return taken


def library_into_sqlite(events: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        env = {
            "COUNTING_PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(Path(folder) / "view.db"),
        }

        class Recorded(Application[UUID]):
            """Has its events before the runner subscribes."""

            name = "Application"

            def __init__(self, env: Any = None) -> None:
                super().__init__(env)
                record(self, events)
                self.begin = time.perf_counter()

        with ProjectionRunner(
            application_class=Recorded,
            projection_class=Counting,
            view_class=SQLiteCounts,
            env=env,
        ) as runner:
            while (runner.view.max_tracking_id("Application") or 0) < events:
                time.sleep(0.002)
            return time.perf_counter() - float(runner.app.begin)


def per_commit(stores: esnb.Stores, count: int = 3000) -> tuple[float, float]:
    """Seconds of one commit of a checkpoint, and of one empty round trip."""
    view = RedisTrackingRecorder.construct(Environment(f"bench{uuid4().hex}", dict(stores.env)))
    ids = itertools.count(1)
    client = stores.redis

    def commit() -> None:
        for _ in range(count):
            view.insert_tracking(Tracking("bench", next(ids)))

    def ping() -> None:
        for _ in range(count):
            client.ping()

    return seconds(commit) / count, seconds(ping) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    events = options.events // PER_AGGREGATE * PER_AGGREGATE
    with esnb.connect(embedded=True) as stores:
        record(stores.application(Application[UUID]), events)
        in_memory = Application[UUID]({"PERSISTENCE_MODULE": "eventsourcing.popo"})
        record(in_memory, events)
        raw, ours, popo, library, commits, pings = [], [], [], [], [], []
        for _ in range(options.rounds):
            raw.append(raw_drain(stores, events))
            ours.append(into_redis(stores, events, Application[UUID]))
            popo.append(into_redis(stores, events, in_memory))
            library.append(library_into_sqlite(events))
            commit, ping = per_commit(stores)
            commits.append(commit)
            pings.append(ping)
    into, drained, memory, theirs = (events / min(times) for times in (ours, raw, popo, library))
    print(f"EventStoreDB into Redis         {into:9,.0f} events/s")
    print(f"raw subscribe_to_all            {drained:9,.0f} events/s, ratio {into / drained:.2f}")
    print(f"POPO into Redis                 {memory:9,.0f} events/s")
    print(
        f"library, POPO into SQLite       {theirs:9,.0f} events/s, ratio {memory / theirs:.2f} "
        f"(from EventStoreDB {into / theirs:.2f}, of at most {drained / theirs:.2f})"
    )
    print(
        f"commit of a checkpoint          {min(commits) * 1e6:9,.0f} µs, an empty round trip "
        f"{min(pings) * 1e6:,.0f} µs, ratio {min(commits) / min(pings):.2f}"
    )


if __name__ == "__main__":
    main()
