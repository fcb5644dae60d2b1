"""Commits to Redis against an empty round trip, and waking against polling.

    python tests/benchmarks/bench_redis.py [--rounds N]

Each figure is the best of the rounds, which the contenders take in turn, so
that whatever else the machine does hits them alike. Ratios are what counts:
they hold on other machines.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import timeit
from collections.abc import Callable
from itertools import count
from time import monotonic

import redis
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.utils import Environment

from esnb.redis import RedisView
from tests.redis_server import RedisServer

CALLS = 1000
BATCH = 500
WAKES = 30


class Totals(RedisView):
    def add(self, number: int) -> None:
        with self.commit(Tracking("app", number)) as commands:
            commands.hincrby(self.key("totals"), "sum", 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with RedisServer("--appendonly", "no") as server:
        view = Totals.construct(Environment("Totals", {"REDIS_URL": server.url}))
        client = redis.Redis.from_url(server.url)
        commits(view, client, rounds)
        wakes(view)


def commits(view: Totals, client: redis.Redis, rounds: int) -> None:
    numbers = count(1)

    def batched() -> None:
        with view.batch(max_events=BATCH):
            for _ in range(BATCH):
                view.add(next(numbers))

    contenders: dict[str, tuple[Callable[[], object], int, int]] = {
        "PING": (client.ping, CALLS, 1),
        "SET": (lambda: client.set("key", "value"), CALLS, 1),
        "checkpoint alone": (
            lambda: view.insert_tracking(Tracking("app", next(numbers))),
            CALLS,
            1,
        ),
        "one counter and checkpoint": (lambda: view.add(next(numbers)), CALLS, 1),
        f"an event of a batch of {BATCH}": (batched, 4, BATCH),
    }
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, (call, calls, events) in contenders.items():
            seconds = timeit.timeit(call, number=calls) / calls / events
            best[name] = min(best[name], seconds)
    for name, seconds in best.items():
        print(f"{name:32} {seconds * 1e6:7.1f} µs  {seconds / best['PING']:5.2f} × PING")


def wakes(view: Totals) -> None:
    ours = [_wake(view, view.wait) for _ in range(WAKES)]
    polled = [
        _wake(view, lambda *a, **k: TrackingRecorder.wait(view, *a, **k)) for _ in range(WAKES)
    ]
    fast, slow = statistics.median(ours), statistics.median(polled)
    print(f"{'wait(), woken':32} {fast * 1e3:7.2f} ms")
    print(f"{'wait(), the library polling':32} {slow * 1e3:7.2f} ms  {slow / fast:5.0f} × woken")


def _wake(view: Totals, wait: Callable[..., None]) -> float:
    """Seconds from a commit to the return of somebody who waits for it."""
    number = (view.max_tracking_id("app") or 0) + 1
    ended = 0.0

    def run() -> None:
        nonlocal ended
        wait("app", number, timeout=30)
        ended = monotonic()

    waiter = threading.Thread(target=run)
    waiter.start()
    # Long enough to be waiting, and at no fixed phase of the polling.
    waiter.join(0.03 + (number % 7) * 0.017)
    started = monotonic()
    view.insert_tracking(Tracking("app", number))
    waiter.join()
    return ended - started


if __name__ == "__main__":
    main()
