"""The embedded server against a gRPC server that stores nothing.

    python tests/benchmarks/bench_embedded.py [--rounds N] [--large]

Each figure is the best of the rounds, which the servers take in turn, so that
whatever else the machine does hits them alike. `--large` also compares a log of
1,000,000 events with one of 10,000.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from esnb._client import Client, NewEvent, StreamState

EVENTS = 10_000
DATA = b'{"n": 1, "text": "%s"}' % (b"x" * 80)
APPENDS = 200
BATCHES = 30


class Process:
    """A server in a process of its own, and a client of it."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        port = self.process.stdout.readline().split()[1]
        self.client: Any = Client(f"esdb://127.0.0.1:{port}?Tls=false")
        self.number = 0

    def close(self) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait()

    def new_stream(self) -> str:
        self.number += 1
        return f"measured-{self.number}"


def new_event() -> NewEvent:
    return NewEvent("Measured", DATA, b"{}")


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def fill(server: Process, stream: str, events: int) -> None:
    for _ in range(events // 500):
        server.client.append_to_stream(
            stream, current_version=StreamState.ANY, events=[new_event() for _ in range(500)]
        )


def append_ms(server: Process) -> float:
    stream = server.new_stream()
    events = [new_event() for _ in range(APPENDS)]

    def append() -> None:
        for event in events:
            server.client.append_to_stream(stream, current_version=StreamState.ANY, events=event)

    return seconds(append) / APPENDS * 1000


def batch_ms(server: Process) -> float:
    stream = server.new_stream()
    batches = [[new_event() for _ in range(100)] for _ in range(BATCHES)]

    def append() -> None:
        for batch in batches:
            server.client.append_to_stream(stream, current_version=StreamState.ANY, events=batch)

    return seconds(append) / BATCHES * 1000


def read_ms(server: Process) -> float:
    found: list[object] = []
    spent = seconds(lambda: found.extend(server.client.get_stream("read-me")))
    assert len(found) == EVENTS
    return spent * 1000


def catch_up_ms(server: Process) -> float:
    with server.client.subscribe_to_stream("read-me") as subscription:
        return 1000 * seconds(lambda: [next(subscription) for _ in range(EVENTS)])


def live_ms(server: Process) -> float:
    """Median delay between an append's start and its arrival at a subscriber."""
    stream = server.new_stream()
    delays: list[float] = []
    with server.client.subscribe_to_all(from_end=True) as subscription:
        started: list[float] = []
        arrived = threading.Event()

        def receive() -> None:
            for _ in range(50):
                next(subscription)
                delays.append(time.perf_counter() - started[-1])
                arrived.set()

        thread = threading.Thread(target=receive)
        thread.start()
        for _ in range(50):
            started.append(time.perf_counter())
            server.client.append_to_stream(
                stream, current_version=StreamState.ANY, events=new_event()
            )
            assert arrived.wait(10)
            arrived.clear()
        thread.join()
    return sorted(delays)[25] * 1000


MEASURES: dict[str, Callable[[Process], float]] = {
    "append one event, ms": append_ms,
    "append 100 events, ms": batch_ms,
    f"read {EVENTS} events, ms": read_ms,
}
EMBEDDED_ONLY: dict[str, Callable[[Process], float]] = {
    f"catch up {EVENTS} events, ms": catch_up_ms,
    "live delay, ms": live_ms,
}


def best(
    servers: dict[str, Process], measure: Callable[[Process], float], rounds: int
) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            taken[name].append(measure(server))
    return {name: min(times) for name, times in taken.items()}


def row(title: str, figures: dict[str, float], base: str) -> None:
    cells = [f"{name} {figure:9.2f}" for name, figure in figures.items()]
    ratios = [
        f"{name}/{base} {figure / figures[base]:5.2f}"
        for name, figure in figures.items()
        if name != base
    ]
    print(f"{title:28}", " | ".join(cells + ratios), flush=True)


def against_empty(folder: Path, rounds: int) -> None:
    servers = {
        "empty": Process(str(Path(__file__).with_name("empty_server.py"))),
        "memory": Process("-m", "esnb.embedded", "--memory"),
        "disk": Process("-m", "esnb.embedded", "--path", str(folder / "bench.db")),
    }
    embedded = {name: server for name, server in servers.items() if name != "empty"}
    try:
        for server in embedded.values():
            fill(server, "read-me", EVENTS)
        for title, measure in MEASURES.items():
            row(title, best(servers, measure, rounds), "empty")
        for title, measure in EMBEDDED_ONLY.items():
            row(title, best(embedded, measure, rounds), "memory")
    finally:
        for server in servers.values():
            server.close()


def with_many_events(folder: Path, rounds: int) -> None:
    """Append, and read of an old stream, in a small and in a large log."""
    servers = {}
    try:
        for name, total in (("small", 10_000), ("large", 1_000_000)):
            server = servers[name] = Process(
                "-m", "esnb.embedded", "--path", str(folder / f"{name}.db")
            )
            fill(server, "read-me", EVENTS)
            for start in range(EVENTS, total, 10_000):
                fill(server, f"filler-{start}", 10_000)
        for title in ("append one event, ms", f"read {EVENTS} events, ms"):
            row(title, best(servers, MEASURES[title], rounds), "small")
    finally:
        for server in servers.values():
            server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        against_empty(Path(folder), options.rounds)
        if options.large:
            with_many_events(Path(folder), options.rounds)


if __name__ == "__main__":
    main()
