"""Loading flights into the embedded stores: rate, and memory that must stay flat.

    python tests/benchmarks/bench_flights.py [DAYS | all]

Loads that many days (default 14; all: 336,776 flights, a million events, some
minutes) beside an append of the same events by the bare client.
"""

from __future__ import annotations

import resource
import sys
import time
from uuid import uuid4

import esnb
from esnb._client import NewEvent, StreamState
from esnb.examples.flights import FlightsApplication, flights, load, records


def peak_memory() -> float:
    """Of this process, in MiB."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 if sys.platform != "darwin" else 1024 * 1024)


def bare(stores: esnb.Stores, streams: int) -> float:
    """Seconds to append `streams` streams of three small events by the client alone."""
    begin = time.perf_counter()
    for _ in range(streams):
        events = [NewEvent(type="Bare", data=b'{"delay": 1}') for _ in range(3)]
        stores.eventstoredb.append_to_stream(
            f"Bare-{uuid4()}", current_version=StreamState.NO_STREAM, events=events
        )
    return time.perf_counter() - begin


def main(arguments: list[str]) -> None:
    wanted = arguments[0] if arguments else "14"
    table = flights()
    dates = sorted({day for day, _ in records(table.groupby(["month", "day"]).head(1))})
    days = dates if wanted == "all" else dates[: int(wanted)]
    with esnb.connect(embedded=True) as stores:
        app = stores.application(FlightsApplication)
        floor = bare(stores, 2000) / 2000
        done = seconds = 0.0
        for start in range(0, len(days), 7):
            begin = time.perf_counter()
            loaded = load(app, days[start : start + 7], flights=table, progress=False)
            spent = time.perf_counter() - begin
            seconds += spent
            done += loaded.flights
            print(
                f"{days[start]}: {loaded.flights:>6} flights, {loaded.flights / spent:>6.0f}/s, "
                f"{loaded.events / spent:>6.0f} events/s, peak memory {peak_memory():.0f} MiB"
            )
        print(
            f"{done:.0f} flights in {seconds:.1f} s: {1e6 * seconds / done:.0f} µs a flight, "
            f"{seconds / done / floor:.2f} of the bare client's time a stream"
        )
        begin = time.perf_counter()
        again = load(app, days, flights=table, progress=False)
        print(f"again: {again} in {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
