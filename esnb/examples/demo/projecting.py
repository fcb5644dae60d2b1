"""Running a projection until it has seen all that is recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from eventsourcing.application import Application
from eventsourcing.persistence import TrackingRecorder
from eventsourcing.projection import Projection

import esnb
from esnb.examples.demo.bars import bars_wanted
from esnb.projections import CatchUpRunner
from esnb.sources.progress_bar import counting
from esnb.stores import Stores

if TYPE_CHECKING:
    import pandas as pd

TView = TypeVar("TView", bound=TrackingRecorder)

PATIENCE = 30.0
"""Seconds after which a projection that has not caught up is given up."""


def catch_up(
    stores: Stores,
    application_class: type[Application[Any]],
    projection_class: type[Projection[TView]],
    view_class: type[TView],
    head: int | None,
) -> tuple[TView, pd.DataFrame]:
    """The view after every event up to the notification id `head`, and its checkpoint.

    Raises `TimeoutError` after `PATIENCE` seconds, and what the projection
    raised when it failed.
    """
    # The library's own ProjectionRunner takes the same arguments and does the same, an
    # event a commit.
    runner = CatchUpRunner(
        application_class=application_class,
        projection_class=projection_class,
        view_class=view_class,
        env=stores.env,
    )
    deadline = time.monotonic() + PATIENCE
    with runner:
        total = runner.status().lag
        with counting("events", total=total, progress=bars_wanted()) as reach:
            while True:
                try:
                    runner.wait(head, timeout=0.25)
                    return runner.view, esnb.checkpoints(runner)
                except TimeoutError:
                    if time.monotonic() > deadline:
                        raise
                    lag = runner.status().lag
                    if total is not None and lag is not None:
                        reach(max(0, total - lag))
