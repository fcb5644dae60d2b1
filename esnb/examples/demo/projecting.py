"""Running a projection until it has seen all that is recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from eventsourcing.application import Application
from eventsourcing.persistence import TrackingRecorder
from eventsourcing.projection import Projection
from tqdm.auto import tqdm

import esnb
from esnb.examples._progress import progress_is_shown
from esnb.projections import CatchUpRunner
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
    with (
        runner,
        # Shown once it takes longer than a second.
        tqdm(
            total=head,
            desc=runner.projection.name,
            unit="B",
            unit_scale=True,
            delay=1,
            leave=False,
            disable=not progress_is_shown(),
        ) as bar,
    ):
        while True:
            try:
                runner.wait(head, timeout=0.25)
                return runner.view, esnb.checkpoints(runner)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
                bar.n = runner.status().position or 0
                bar.refresh()
