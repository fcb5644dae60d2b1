"""Long reads: a bar that comes late and leaves nothing, interrupts, the collector."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import esnb
from esnb.sources import progress_bar
from esnb.sources.payload import collector_paused
from esnb.sources.progress_bar import track
from tests.domain.accounts import Bank, an_account


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bars that are made, instead of drawing them."""
    made: list[Any] = []

    class Bar:
        def __init__(self, unit: str, total: int | None, seen: int) -> None:
            self.unit, self.total, self.seen, self.is_closed = unit, total, seen, False
            made.append(self)

        def reach(self, seen: int) -> None:
            assert not self.is_closed
            self.seen = seen

        def close(self) -> None:
            self.is_closed = True

    monkeypatch.setattr(progress_bar, "_Bar", Bar)
    monkeypatch.delenv("ESNB_PROGRESS", raising=False)
    return made


def slow(items: int, clock: Clock, seconds: float) -> Iterator[int]:
    for item in range(items):
        clock.now += seconds
        yield item


def test_a_short_read_makes_no_bar(bars: list[Any]) -> None:
    clock = Clock()

    assert list(track(slow(5000, clock, 0.0001), unit="events", clock=clock)) == list(range(5000))
    assert bars == []


def test_a_long_one_does_after_a_second_and_closes_it(bars: list[Any]) -> None:
    clock = Clock()

    seen, without = [], 0
    for item in track(slow(5000, clock, 0.001), unit="events", total=5000, clock=clock):
        seen.append(item)
        without += not bars

    (bar,) = bars
    assert seen == list(range(5000))
    assert without in (999, 1000)  # of a millisecond each
    assert (bar.unit, bar.total, bar.seen, bar.is_closed) == ("events", 5000, 5000, True)


def test_a_few_slow_items_do_too(bars: list[Any]) -> None:
    clock = Clock()

    list(track(slow(5, clock, 0.4), unit="streams", clock=clock))

    assert len(bars) == 1


def test_the_bar_is_asked_for_or_forbidden(
    bars: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()

    list(track(slow(9, clock, 10), unit="events", progress=False, clock=clock))
    assert bars == []
    monkeypatch.setenv("ESNB_PROGRESS", "0")
    list(track(slow(9, clock, 10), unit="events", clock=clock))
    assert bars == []
    list(track(slow(9, clock, 0), unit="events", progress=True, clock=clock))
    assert len(bars) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_read_that_breaks_off_closes_the_bar(bars: list[Any], error: type[BaseException]) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise error

    with pytest.raises(error):
        list(track(broken(), unit="events", progress=True))
    assert bars[0].is_closed


def test_the_bar_is_text_outside_a_notebook_and_leaves_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    list(track(range(3000), unit="events", total=3000, progress=True))

    shown = capsys.readouterr().err
    assert "events" in shown
    assert shown.endswith("\r")


def test_text_where_widgets_cannot_be_shown(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
) -> None:
    class Widgetless:
        """tqdm's notebook bar where ipywidgets is missing."""

        def __init__(self, **options: Any) -> None:
            raise ImportError("IProgress not found. Please update jupyter and ipywidgets.")

    module = type(sys)("tqdm.auto")
    module.tqdm = Widgetless  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)

    assert list(track([1, 2], unit="events", progress=True)) == [1, 2]

    assert "events" in capsys.readouterr().err
    # tqdm's own dates are deprecated from Python 3.12 on; what it says of itself must not come.
    assert not [each for each in recwarn if each.category is not DeprecationWarning]


# --- interrupts ----------------------------------------------------------------


@pytest.fixture(params=["popo", "sqlite"])
def app(request: pytest.FixtureRequest) -> Iterator[Bank]:
    app = Bank(
        env={
            "PERSISTENCE_MODULE": f"eventsourcing.{request.param}",
            "SQLITE_DBNAME": "file:progress?mode=memory&cache=shared",
        }
    )
    yield app
    app.close()


@pytest.mark.parametrize(
    "read",
    [
        lambda app, _: esnb.events(app),
        lambda app, _: esnb.streams(app),
        lambda app, account_id: esnb.stream(app, account_id),
        lambda app, account_id: esnb.history(app, account_id),
    ],
)
def test_an_interrupt_leaves_the_next_call_working(
    app: Bank, monkeypatch: pytest.MonkeyPatch, read: Callable[[Bank, object], Any]
) -> None:
    account_id = an_account(app)
    whole = read(app, account_id)
    pressed = []

    def interrupted(self: object, *args: object, **kwargs: object) -> object:
        pressed.append(True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("esnb.sources.application.ApplicationSource.record", interrupted)
        with pytest.raises(KeyboardInterrupt):
            read(app, account_id)

    assert pressed
    assert gc.isenabled()
    assert read(app, account_id).equals(whole)


def test_the_collector_is_left_as_it_was() -> None:
    def read() -> None:
        with collector_paused():
            assert not gc.isenabled()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read()
    assert gc.isenabled()
    gc.disable()
    try:
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
