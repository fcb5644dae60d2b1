"""Flights into the embedded stores and a read model: rates, and memory that must stay flat.

    python tests/benchmarks/bench_flights.py [DAYS | all]

Loads that many days (default 14; all: 336,776 flights, a million events, some
minutes) while a runner projects them by carrier, beside an append of as many
events by the bare client. Then the read model is compared with the table, and
built anew from the whole log, beside draining that log by the bare client.
Memory is what is resident now: of this process, and of the two servers.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from tempfile import TemporaryDirectory
from uuid import uuid4

import pandas as pd
import psutil

import esnb
from esnb.clients.installed import NewEvent, StreamState
from esnb.examples.flights import (
    FlightsApplication,
    FlightsPerCarrier,
    FlightsPerCarrierProjection,
    flights,
    load,
    records,
)
from esnb.projections import CatchUpRunner


def memory() -> str:
    """Of this process and of its servers, in MiB."""
    own = psutil.Process()
    each = [own, *own.children(recursive=True)]
    return " + ".join(f"{process.memory_info().rss / 2**20:.0f}" for process in each)


def bare(stores: esnb.Stores, streams: int) -> float:
    """Seconds to append `streams` streams of three small events by the client alone."""
    begin = time.perf_counter()
    for _ in range(streams):
        events = [NewEvent(type="Bare", data=b'{"delay": 1}') for _ in range(3)]
        stores.eventstoredb.append_to_stream(
            f"Bare-{uuid4()}", current_version=StreamState.NO_STREAM, events=events
        )
    return time.perf_counter() - begin


def drained(stores: esnb.Stores) -> tuple[int, float]:
    """Events of the whole log by the client alone, and the seconds that they took."""
    begin = time.perf_counter()
    events = sum(1 for _ in stores.eventstoredb.read_all())
    return events, time.perf_counter() - begin


def differences(view: FlightsPerCarrier, table: pd.DataFrame) -> list[str]:
    """Carriers whose counts are not those of the table."""
    expected = table.groupby("carrier").agg(
        scheduled=("carrier", "size"), departed=("dep_time", "count")
    )
    found = {each.carrier: (each.scheduled, each.departed) for each in view.carriers()}
    wanted = {str(carrier): tuple(map(int, row)) for carrier, row in expected.iterrows()}
    return sorted(map(str, {*found, *wanted} - {k for k in wanted if found.get(k) == wanted[k]}))


def main(arguments: list[str]) -> None:
    wanted = arguments[0] if arguments else "14"
    table = flights()
    dates: list[date] = sorted({day for day, _ in records(table.groupby(["month", "day"]).head(1))})
    days = dates if wanted == "all" else dates[: int(wanted)]
    # On disk: a log in memory is not flat.
    with TemporaryDirectory() as folder, esnb.connect(folder) as stores:
        app = stores.application(FlightsApplication)
        floor = bare(stores, 2000) / 2000
        done = events = 0
        seconds = 0.0
        runner = CatchUpRunner(app, FlightsPerCarrierProjection, FlightsPerCarrier, stores.env)
        with runner:
            for start in range(0, len(days), 7):
                begin = time.perf_counter()
                loaded = load(app, days[start : start + 7], flights=table, progress=False)
                runner.wait(timeout=600)
                spent = time.perf_counter() - begin
                seconds += spent
                done += loaded.flights
                events += loaded.events
                print(
                    f"{days[start]}: {loaded.flights:>6} flights, {loaded.flights / spent:>6.0f}/s,"
                    f" {loaded.events / spent:>6.0f} events/s, MiB {memory()}",
                    flush=True,
                )
            print(
                f"{done} flights in {seconds:.1f} s: {1e6 * seconds / done:.0f} µs a flight, "
                f"{seconds / done / floor:.2f} of the bare client's time a stream"
            )
            loaded_days = {(day.month, day.day) for day in days}
            part = table[[pair in loaded_days for pair in zip(table.month, table.day, strict=True)]]
            print(f"carriers that differ from the table: {differences(runner.view, part)}")
            begin = time.perf_counter()
            runner.rebuild()
            runner.wait(timeout=3600)
            spent = time.perf_counter() - begin
            print(f"rebuilt: {events / spent:.0f} events/s, MiB {memory()}")
            print(f"carriers that differ from the table: {differences(runner.view, part)}")
        count, spent = drained(stores)
        print(f"the bare client drains {count} events, {count / spent:.0f} events/s")
        begin = time.perf_counter()
        again = load(app, days, flights=table, progress=False)
        print(f"again: {again} in {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
