"""`esnb.plot.lag`: how far runners were behind, counted from their positions and the log."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from eventsourcing import domain
from eventsourcing.domain import Aggregate

import esnb
from esnb.drawing.chart.scale import microseconds
from esnb.plot import lag_history
from esnb.plot.lag_history import TooManyEventsError
from esnb.projections import CatchUpRunner
from esnb.running.position_track import MOST, PositionTrack
from tests.domain.bank import Bank, Deposits, Sums

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)


def at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


def bank_with(monkeypatch: pytest.MonkeyPatch, *seconds: float) -> Bank:
    """A bank with an event at each of these times."""
    app = Bank()
    for second in seconds:
        with monkeypatch.context() as context:
            context.setattr(domain, "datetime_now_with_tzinfo", lambda second=second: at(second))
            app.save(Aggregate())
    return app


def runner_at(app: Bank, *positions: tuple[float, int | None], lag: int | None = 0) -> Any:
    """What a runner says that was at each position from a second on."""
    return SimpleNamespace(
        app=app,
        name="sums",
        status=lambda: SimpleNamespace(name="sums", state="running", lag=lag),
        positions=lambda: [(at(second), position) for second, position in positions],
    )


def history_of(runner: Any) -> list[tuple[float, int]]:
    first = microseconds(BEGIN)
    return [((time - first) / 1e6, events) for time, events in lag_history.lag_history(runner)]


@contextmanager
def running(app: Bank) -> Iterator[CatchUpRunner[Bank, Any]]:
    with CatchUpRunner(app, Deposits, Sums, env={}) as runner:
        yield runner


def test_lag_is_what_was_recorded_and_not_yet_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bank_with(monkeypatch, -5, -4, 2, 6)
    runner = runner_at(app, (0, None), (1, 1), (3, 3), (7, 4))
    assert history_of(runner) == [(0, 2), (1, 1), (2, 2), (3, 0), (6, 1), (7, 0)]


def test_what_was_applied_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bank_with(monkeypatch, -5, -4, 2, 6)
    assert history_of(runner_at(app, (0, 2), (3, 3))) == [(0, 0), (2, 1), (3, 0), (6, 1)]


def test_where_clocks_differ_no_lag_is_below_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bank_with(monkeypatch, 5, 6)
    assert history_of(runner_at(app, (0, None), (1, 2))) == [(0, 0), (1, 0), (5, 0), (6, 0)]


def test_a_rebuild_begins_at_the_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bank_with(monkeypatch, -5, -4)
    assert history_of(runner_at(app, (0, 2), (1, None), (2, 2))) == [(0, 0), (1, 2), (2, 0)]


def test_more_events_than_are_read_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bank_with(monkeypatch, -3, -2, -1)
    monkeypatch.setattr(lag_history, "MOST_READ", 2)
    runner = runner_at(app, (0, None), lag=3)
    with pytest.raises(TooManyEventsError):
        lag_history.lag_history(runner)
    text = str(esnb.plot.lag(runner))
    assert "lag 3 events" in text
    assert "its history is not counted" in text


def test_a_runner_that_ran_is_drawn_though_nobody_watched() -> None:
    app = Bank()
    app.save(*(Aggregate() for _ in range(30)))
    with running(app) as runner:
        runner.wait()
        picture = esnb.plot.lag(runner)
    text = str(picture)
    assert re.search(r"deposits  running, lag 0 events, at most \d+ since its start", text)
    assert " UTC" in text.splitlines()[0]
    assert ElementTree.fromstring(picture.svg) is not None
    assert 'class="esnb-run' in picture._repr_html_()


def test_without_times_the_text_is_the_same_at_every_run() -> None:
    app = Bank()
    app.save(Aggregate())
    with running(app) as runner:
        runner.wait()
        picture = esnb.plot.lag(runner, times=False)
    assert str(picture) == "Lag: 1 runner\ndeposits  running, lag 0 events"
    assert not re.search(r"\d\d:\d\d", picture._repr_html_().partition("</style>")[2])


def test_runners_of_somebody_else_have_their_lag_of_now() -> None:
    other = SimpleNamespace(status=lambda: SimpleNamespace(name="<b>other", state="busy", lag=7))
    picture = esnb.plot.lag([other, other])
    assert "<b>other  busy, lag 7 events\n  it does not say where it was" in str(picture)
    assert "<b>" not in picture.svg
    assert str(picture).startswith("Lag: 2 runners\n")


def test_more_than_twelve_runners_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = runner_at(bank_with(monkeypatch), (0, None))
    picture = esnb.plot.lag([runner] * 30)
    assert "showing 12 of 30 runners" in picture._repr_html_()
    assert len(picture._repr_html_()) < 190_000


def test_no_runners_and_no_runner() -> None:
    assert str(esnb.plot.lag()) == "Lag: no runners"
    assert "no runners" in esnb.plot.lag()._repr_html_()
    with pytest.raises(TypeError, match="no runner"):
        esnb.plot.lag(Bank())


def test_a_store_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    app = bank_with(monkeypatch, 1)
    runner = runner_at(app, (0, None))

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionError("refused by esdb://admin:secret@host")

    monkeypatch.setattr(app.recorder, "select_notifications", refuse)
    text = str(esnb.plot.lag(runner))
    assert "its history cannot be read: ConnectionError: refused" in text
    assert "secret" not in text


def test_a_long_run_keeps_few_positions_of_all_its_time() -> None:
    track = PositionTrack()
    for number in range(100_000):
        track.add(number / 7, number)
    kept = track.samples()
    assert MOST / 8 <= len(kept) <= MOST
    assert (kept[0].position, kept[-1].position) == (0, 99_999)
    gaps = [later.since - earlier.since for earlier, later in itertools.pairwise(kept)]
    assert max(gaps) <= kept[-1].since / MOST * 8
