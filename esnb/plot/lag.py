"""How far runners are behind, and were since they were started."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from esnb import frames
from esnb.clients.uri import guarded_argument, masked_error
from esnb.drawing.chart.scale import microseconds
from esnb.drawing.chart.time_ticks import span_text
from esnb.drawing.values import counted, visible
from esnb.plot.lag_chart import RunnerLag, drawn
from esnb.plot.lag_history import MOST_READ, LagPoint, TooManyEventsError, lag_history
from esnb.plot.picture import Picture
from esnb.plot.sparks import sparks
from esnb.running.given import one_by_one
from esnb.sources.redaction import Redact, Redaction

MOST = 12
"""Runners that are drawn."""
_BARS_OF_TEXT = 40


def lag(*runners: Any, times: bool = True, redact: Redact | None = None) -> Picture:
    """How far runners are behind, in events, from their start until now: one row each.

    Takes what `esnb.runners` takes, one by one or in a list. esnb's catch-up
    runners and outboxes remember when they were where; their lag at any time is
    counted from that and from when each event was recorded, so nobody need have
    watched. Of other runners, and of one with more than 100,000 events after its
    first position, only the lag of now is known. The first 12 are drawn.

    `times=False` leaves the history out, which is different at every run, for
    documentation that is run again and compared. `redact` as in `esnb.runners`.

    Raises TypeError for what has no `status()`.

    >>> import esnb
    >>> print(esnb.plot.lag())
    Lag: no runners
    """
    given = list(one_by_one(map(guarded_argument, runners)))
    statuses = frames.runners(given, redact=redact)
    rows = [
        _lag(runner, status, times, Redaction(redact))
        for runner, status in zip(given[:MOST], statuses.itertuples(), strict=False)
    ]
    count = counted(len(given), "runner") if given else "no runners"
    more = len(given) - len(rows)
    notes = [f"showing {len(rows)} of {counted(len(given), 'runner')}"] if more else []
    now = microseconds(datetime.now(UTC))
    since = min((row.points[0].time for row in rows if row.points), default=now)
    count += f", {span_text(since, now)}" if since < now else ""
    lines = [line for row in rows for line in _written(row, now)]
    return Picture("Lag", "", count, drawn(f"Lag: {count}", rows, now), lines, notes)


def _lag(runner: Any, status: Any, times: bool, redaction: Redaction) -> RunnerLag:
    points: list[LagPoint] = []
    note = ""
    if times:
        try:
            points = lag_history(runner)
            note = "" if points else "it does not say where it was before"
        except TooManyEventsError:
            note = f"more than {MOST_READ:,} events since its start: its history is not counted"
        except Exception as error:  # noqa: BLE001  a store that is away, or a runner of somebody else's
            note = f"its history cannot be read: {redaction.message(masked_error(error))}"
    name, state = visible(status.name, 80), visible(status.state, 20)
    return RunnerLag(name, state, None if pd.isna(status.lag) else int(status.lag), points, note)


def _written(row: RunnerLag, now: int) -> list[str]:
    lines = [f"{row.name}  {row.words}"]
    if row.points:
        lines.append(f"  {sparks(_over_time(row, now))}")
    return [*lines, *([f"  {row.note}"] if row.note else [])]


def _over_time(row: RunnerLag, now: int) -> list[int]:
    """The most that it was behind in each of equal parts of the time."""
    start = row.points[0].time
    size = max((now - start) // _BARS_OF_TEXT + 1, 1)
    most = [0] * ((now - start) // size + 1)
    ends = [*(point.time for point in row.points[1:]), now]
    for point, end in zip(row.points, ends, strict=True):
        for bar in range((point.time - start) // size, (end - start) // size + 1):
            most[bar] = max(most[bar], point.events)
    return most
