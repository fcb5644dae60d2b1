"""The embedded server against a gRPC server that stores nothing.

    python tests/benchmarks/bench_embedded.py [--rounds N] [--large]

Each figure is the best of the rounds, which the servers take in turn, so that
whatever else the machine does hits them alike. A bound, where there is one, is
printed beside its ratio. `--large` also compares a log of 1,000,000 events with
one of 10,000.
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
from uuid import uuid4

from esnb.clients.installed import Client, NewEvent, StreamState
from esnb.embedded.storage.record import Proposed
from esnb.embedded.storage.sqlite_log import SqliteLog
from esnb.embedded.streams.node import system_clock
from esnb.embedded.streams.store import Store
from esnb.embedded.streams.versioning import ANY

EVENTS = 10_000
DATA = b'{"n": 1, "text": "%s"}' % (b"x" * 80)
APPENDS = 200
BATCHES = 30
SUBSCRIPTIONS = 50
FANNED_OUT = 100


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


def fan_out(server: Process) -> tuple[float, float]:
    """One writer and many subscriptions: ms an append, slowest over fastest subscription."""
    finished: list[float] = []
    subscriptions = [server.client.subscribe_to_all(from_end=True) for _ in range(SUBSCRIPTIONS)]

    def receive(subscription: Any) -> None:
        for _ in range(FANNED_OUT):
            next(subscription)
        finished.append(time.perf_counter())

    threads = [threading.Thread(target=receive, args=(one,)) for one in subscriptions]
    for thread in threads:
        thread.start()
    stream = server.new_stream()
    start = time.perf_counter()
    for _ in range(FANNED_OUT):
        server.client.append_to_stream(stream, current_version=StreamState.ANY, events=new_event())
    spent = time.perf_counter() - start
    for thread in threads:
        thread.join()
    for subscription in subscriptions:
        subscription.stop()
    return spent / FANNED_OUT * 1000, (max(finished) - start) / (min(finished) - start)


MEASURES: dict[str, Callable[[Process], float]] = {
    "append one event, ms": append_ms,
    "append 100 events, ms": batch_ms,
    f"read {EVENTS} events, ms": read_ms,
    f"catch up {EVENTS} events, ms": catch_up_ms,
    "live delay, ms": live_ms,
}
APPENDING = ("append one event, ms", "append 100 events, ms")
BOUNDS = {"append one event, ms": 1.5, f"read {EVENTS} events, ms": 1.2}
"""At most so many times what the empty server takes."""
RATES = {
    "append 100 events, ms": 100,
    f"read {EVENTS} events, ms": EVENTS,
    f"catch up {EVENTS} events, ms": EVENTS,
}
"""Figures that are also told as events a second."""
REAL = {
    "append one event, ms": "1.0-1.6 ms",
    "append 100 events, ms": "18,000-38,000 events/s",
    f"read {EVENTS} events, ms": "10,000-15,000 events/s",
    f"catch up {EVENTS} events, ms": "10,000-16,000 events/s",
    "live delay, ms": "0.8-1.6 ms",
}
"""What a real EventStoreDB did through the same client, in memory, on a quiet machine of this size."""
SYSTEM = ("by_category", "by_event_type", "streams", "stream_by_category", "by_correlation_id")


def project(server: Process, *, on: bool) -> None:
    """Let the system projections run, or not."""
    for name in SYSTEM:
        if on:
            server.client.enable_projection(f"${name}")
        else:
            server.client.disable_projection(f"${name}")


def projected(server: Process) -> None:
    """Return when the system projections have come to the end of the log."""
    while any(
        server.client.get_projection_statistics(name=f"${name}").progress < 100 for name in SYSTEM
    ):
        time.sleep(0.1)


def best(
    servers: dict[str, Process], measure: Callable[[Process], float], rounds: int
) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            taken[name].append(measure(server))
    return {name: min(times) for name, times in taken.items()}


def row(title: str, figures: dict[str, float], base: str, bound: float | None = None) -> None:
    cells = [f"{name} {figure:9.2f}" for name, figure in figures.items()]
    limit = f" (at most {bound})" if bound else ""
    ratios = [
        f"{name}/{base} {figure / figures[base]:5.2f}{limit}"
        for name, figure in figures.items()
        if name != base
    ]
    print(f"{title:28}", " | ".join(cells + ratios), flush=True)


def compare(title: str, servers: dict[str, Process], rounds: int) -> None:
    figures = best(servers, MEASURES[title], rounds)
    row(title, figures, "empty", BOUNDS.get(title))
    rates = [
        f"{name} {RATES[title] / figure * 1000:,.0f}/s"
        for name, figure in figures.items()
        if title in RATES
    ]
    print(f"{'':28}", " | ".join([*rates, f"a real server: {REAL[title]}"]), flush=True)


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
            projected(server)
        for title in MEASURES:
            compare(title, servers, rounds)
        for name, server in servers.items():
            milliseconds, spread = fan_out(server)
            print(
                f"{SUBSCRIPTIONS} subscriptions, {name:12} append {milliseconds:.2f} ms | "
                f"slowest/fastest subscription {spread:.2f}",
                flush=True,
            )
    finally:
        for server in servers.values():
            server.close()


def against_asyncio(folder: Path, rounds: int) -> None:
    """What of an append is the event loop's: against an empty server that has one, too."""
    servers = {
        "asyncio": Process(str(Path(__file__).with_name("empty_asyncio_server.py"))),
        "memory": Process("-m", "esnb.embedded", "--memory"),
        "disk": Process("-m", "esnb.embedded", "--path", str(folder / "asyncio.db")),
    }
    try:
        for title in APPENDING:
            row(title, best(servers, MEASURES[title], rounds), "asyncio")
    finally:
        for server in servers.values():
            server.close()


def with_projections(folder: Path, rounds: int) -> None:
    """What appends cost while the system projections run, against none running."""
    kinds = {"memory": ["--memory"], "disk": ["--path"]}
    for kind, arguments in kinds.items():
        servers = {}
        try:
            for name in ("none", "system"):
                path = [str(folder / f"{name}.db")] if kind == "disk" else []
                server = servers[name] = Process("-m", "esnb.embedded", *arguments, *path)
                project(server, on=name == "system")
            for title in APPENDING:
                row(f"{title} {kind}", best(servers, MEASURES[title], rounds), "none")
        finally:
            for server in servers.values():
                server.close()


def prepared(path: Path, total: int) -> None:
    """A log of so many events, the first of them in `read-me`, without a server between."""
    log = SqliteLog(path)
    store = Store(log, system_clock)
    for start in range(0, total, 500):
        stream = "read-me" if start < EVENTS else f"filler-{start // 10_000}"
        events = [Proposed(uuid4().bytes, "Measured", True, DATA, b"{}") for _ in range(500)]
        _, batch = store.append(stream, ANY, events)
        log.write([batch])
        store.committed(batch)
    log.close()


def with_many_events(folder: Path, rounds: int) -> None:
    """Append, and read of an old stream, in a small and in a large log.

    Without the projections, so that the log holds as many events as it says.
    """
    servers = {}
    try:
        for name, total in (("small", 10_000), ("large", 1_000_000)):
            path = folder / f"{name}.db"
            prepared(path, total)
            servers[name] = Process(
                "-m", "esnb.embedded", "--path", str(path), "--run-projections", "none"
            )
        for title in ("append one event, ms", f"read {EVENTS} events, ms"):
            row(title, best(servers, MEASURES[title], rounds), "small", 1.2)
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
        against_asyncio(Path(folder), options.rounds)
        with_projections(Path(folder), options.rounds)
        if options.large:
            with_many_events(Path(folder), options.rounds)


if __name__ == "__main__":
    main()
