"""The outbox and its publisher against BullMQ's own bulk addition.

    python tests/benchmarks/bench_outbox.py [--events N] [--rounds N]

- jobs/s from an application (POPO) through outbox and publisher into a queue, as
  a ratio to `Queue.addBulk` of the same jobs, 500 at a time (aim: at least 0.5);
- the same from a filled outbox, the publisher alone;
- commands that the outbox's runner sends to Redis for each batch of events (aim:
  at most 1 more than a runner whose view writes nothing but its checkpoint).

Each figure is the best of the rounds, which the candidates take in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import bullmq
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection

import esnb
from esnb.outbox import BullMQPublisher, Outbox
from esnb.outbox.jobs import async_client
from esnb.projections import CatchUpRunner
from esnb.redis import RedisTrackingRecorder

PER_AGGREGATE = 20
BATCH = 500


class Seen(Projection[RedisTrackingRecorder]):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.insert_tracking(tracking)


def filled(events: int) -> Application[UUID]:
    app: Application[UUID] = Application()
    for _ in range(events // PER_AGGREGATE):
        aggregate = Aggregate()
        for _ in range(PER_AGGREGATE - 1):
            aggregate.trigger_event(Aggregate.Event)
        app.save(aggregate)
    return app


def add_bulk(url: str, jobs: list[dict[str, Any]]) -> float:
    async def run() -> float:
        client = async_client(url, socket_timeout=10)
        queue = bullmq.Queue("raw", {"connection": client})
        await client.ping()
        started = time.perf_counter()
        for start in range(0, len(jobs), BATCH):
            await queue.addBulk(jobs[start : start + BATCH])
        seconds = time.perf_counter() - started
        await client.aclose()
        return seconds

    return asyncio.run(run())


def through_outbox(stores: esnb.Stores, app: Application[UUID], name: str) -> float:
    outbox = Outbox(stores, app, name=name)
    publisher = BullMQPublisher(outbox, lambda record: "ours", batch_size=BATCH)
    started = time.perf_counter()
    with outbox, publisher:
        publisher.wait(timeout=600)
        return time.perf_counter() - started


def publisher_alone(stores: esnb.Stores, app: Application[UUID], name: str) -> float:
    outbox = Outbox(stores, app, name=name)
    with outbox:
        outbox.wait(timeout=600)
    publisher = BullMQPublisher(outbox, lambda record: "ours", batch_size=BATCH)
    started = time.perf_counter()
    with publisher:
        publisher.wait(timeout=600)
        return time.perf_counter() - started


def commands(stores: esnb.Stores, action: Callable[[], None]) -> int:
    """How many scripts Redis ran for clients during `action`."""

    def count() -> int:
        stats: Any = stores.redis.info("commandstats")
        return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))

    before = count()
    action()
    return count() - before


def follow(runner: CatchUpRunner[Any, Any]) -> None:
    with runner:
        runner.wait(timeout=600)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    app = filled(options.events)
    raw, ours, alone = [], [], []
    for turn in range(options.rounds):
        with esnb.connect(embedded=True) as stores:
            ours.append(through_outbox(stores, app, f"ours-{turn}"))
            sample = Outbox(stores, app, name=f"ours-{turn}").records()
        with esnb.connect(embedded=True) as stores:
            alone.append(publisher_alone(stores, app, f"alone-{turn}"))
        kept = {"removeOnComplete": {"age": 604_800, "count": 10_000}}
        template = sample[-1]
        jobs = [
            {
                "name": template.type,
                "data": {**template.job_data(), "version": number},
                "opts": {"jobId": f"ev-{number}-{template.id}", **kept},
            }
            for number in range(options.events)
        ]
        with esnb.connect(embedded=True) as stores:
            raw.append(add_bulk(stores.env["REDIS_URL"], jobs))
    for label, seconds in (
        ("Queue.addBulk", raw),
        ("outbox and publisher", ours),
        ("publisher alone", alone),
    ):
        rate = options.events / min(seconds)
        print(f"{label:22} {rate:10,.0f} jobs/s   ratio {min(raw) / min(seconds):.2f}")
    with esnb.connect(embedded=True) as stores:
        plain = CatchUpRunner(
            app,
            Seen,
            RedisTrackingRecorder,
            {**stores.env, "SEEN_PERSISTENCE_MODULE": "esnb.redis"},
        )
        without = commands(stores, lambda: follow(plain))
        outbox = Outbox(stores, app, name="counted")
        with_records = commands(stores, lambda: follow(outbox))
    batches = options.events / 500
    print(
        f"scripts a batch        runner {without / batches:.2f}, outbox {with_records / batches:.2f}, "
        f"added {(with_records - without) / batches:.2f}"
    )


if __name__ == "__main__":
    main()
