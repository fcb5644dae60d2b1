"""The runner's parts: batches, feed, lag, back-off."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.popo import POPOApplicationRecorder
from hypothesis import given, settings
from hypothesis import strategies as st

from esnb.projections.feed import EventFeed
from esnb.projections.handling import HandlerError, Handlers
from esnb.projections.lag import LagMeter
from esnb.running.backoff import Backoff
from esnb.running.status import EventRate
from tests.domain.bank import Bank, Deposits, Sums


class Crash(Exception):
    """The process ends here."""


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.booleans(), max_size=40),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    crashes=st.sets(st.integers(0, 40), max_size=6),
)
def test_whatever_the_batches_and_crashes_the_view_is_the_fold(
    kinds: list[bool], sizes: list[int], crashes: set[int]
) -> None:
    """Deposits and renamings in any order; a crash before or after any commit."""
    app = Bank()
    account = app.open()
    expected = []
    for number, is_deposit in enumerate(kinds):
        if is_deposit:
            app.deposit(account, number)
            expected.append(number)
        else:
            app.rename(account, f"owner {number}")
    view = Sums()
    left = set(crashes)
    turn = 0
    while True:
        position = view.max_tracking_id("Bank")
        handlers = Handlers(app, _CrashingOnce(view, left), view)
        try:
            with closing(EventFeed(app.recorder, position)) as feed:
                while found := feed.read(sizes[turn % len(sizes)], 0):
                    turn += 1
                    applied = handlers.apply(found, position)
                    assert applied == len(found)
                    position = found[-1].id
                    if feed.at_end:
                        break
            break
        except HandlerError as failure:
            if not isinstance(failure.error, Crash):
                raise
    assert view.seen() == expected
    assert view.max_tracking_id("Bank") == len(kinds) + 1


class _CrashingOnce(Deposits):
    """Crashes before an event is committed where `left` has its number, after it where it
    has the negative of the number that follows."""

    def __init__(self, view: Sums, left: set[int]) -> None:
        super().__init__(view)
        self._left = left

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        number = domain_event.amount
        if number in self._left and number % 2:
            self._left.discard(number)
            raise Crash
        self.view.add(number, tracking)
        if number in self._left:
            self._left.discard(number)
            raise Crash


def test_an_applied_event_is_not_applied_again() -> None:
    app = Bank()
    app.deposit(app.open(), 1)
    view = Sums()
    handlers = Handlers(app, Deposits(view), view)
    notifications = app.recorder.select_notifications(None, 10)
    assert handlers.apply(notifications, None) == 2

    with pytest.raises(HandlerError) as raised:
        handlers.apply(notifications, None)

    assert isinstance(raised.value.error, IntegrityError)
    assert view.seen() == [1]


# --- feed ---------------------------------------------------------------------------


def test_a_feed_reads_pages_and_then_what_comes() -> None:
    app = Bank()
    account = app.open()
    app.deposit(account, *range(7))
    feed = EventFeed(app.recorder, 2)
    try:
        assert [each.id for each in feed.read(4, 0)] == [3, 4, 5, 6]
        assert not feed.at_end
        assert [each.id for each in feed.read(4, 0)] == [7, 8]
        assert feed.at_end
        assert list(feed.read(4, 0.01)) == []
        app.deposit(account, 1, 2)
        found: list[int] = []
        while len(found) < 2:
            found += [each.id for each in feed.read(1, 10)]
        assert found == [9, 10]
    finally:
        feed.close()


def test_an_interrupt_ends_a_read_that_waits() -> None:
    app = Bank()
    feed = EventFeed(app.recorder, None)
    feed.read(1, 0)
    feed.read(1, 0.01)
    results: list[Any] = []
    reader = threading.Thread(target=lambda: results.append(feed.read(1, 60)))
    reader.start()
    feed.interrupt()
    reader.join(60)
    feed.close()
    assert not reader.is_alive()
    assert results == [[]]


@pytest.mark.parametrize("begins_first", [True, False], ids=["begins", "ends"])
def test_a_feed_may_begin_and_end_while_a_popo_recorder_tells_its_listeners(
    begins_first: bool,
) -> None:
    """In the middle of `save()`, which the library's own recorder fails then."""
    app = Bank()
    first, second = EventFeed(app.recorder, None), EventFeed(app.recorder, None)
    first.read(1, 0)
    first.read(1, 0)  # it subscribes when it is at the end
    interleaved: list[None] = []

    class Between(threading.Event):
        def set(self) -> None:
            interleaved.append(None)
            if begins_first:
                second.read(1, 0)
            else:
                first.close()

    app.recorder.listen(Between())  # type: ignore[attr-defined]
    try:
        before = len(app.recorder._listeners)  # type: ignore[attr-defined]
        account = app.open()
        assert interleaved == [None]
        assert len(app.recorder._listeners) == before + (1 if begins_first else -1)  # type: ignore[attr-defined]
        assert app.repository.get(account).version == 1
    finally:
        first.close()
        second.close()


def test_a_recorder_that_tells_its_listeners_in_its_own_way_is_left_alone() -> None:
    told: list[None] = []

    class Own(POPOApplicationRecorder):
        def _notify_listeners(self) -> None:
            told.append(None)

    recorder = Own()
    EventFeed(recorder, None).close()
    recorder.insert_events([])
    assert told == [None]


def test_what_ends_a_subscription_is_raised_where_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Bank()

    def broken(*args: Any, **kwargs: Any) -> Any:
        def events() -> Any:
            raise OSError("gone")
            yield

        return _Broken(events())

    monkeypatch.setattr(app.recorder, "subscribe", broken)
    feed = EventFeed(app.recorder, None)
    with pytest.raises(OSError, match="gone"):
        _read_to_the_end(feed)


def _read_to_the_end(feed: EventFeed) -> None:
    for _ in range(100):
        feed.read(1, 10)


class _Broken:
    def __init__(self, events: Any) -> None:
        self._events = events

    def __iter__(self) -> Any:
        return self._events

    def stop(self) -> None:
        self._events.close()


# --- lag ------------------------------------------------------------------------------


class _Gaps:
    """A log whose ids have gaps, as EventStoreDB's have; counts what is read of it."""

    def __init__(self) -> None:
        self.read = 0
        self.recorder = self
        self.ids: list[int] = []

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, **_: Any
    ) -> list[int]:
        found = [
            each for each in self.ids if (start is None or each > start) and each <= (stop or each)
        ][:limit]
        self.read += len(found)
        return found


@given(steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), max_size=30))
def test_lag_is_counted_once_and_right(steps: list[tuple[int, int, bool]]) -> None:
    log = _Gaps()
    meter = LagMeter(log)  # type: ignore[arg-type]
    applied = 0
    for recorded, done, looks in steps:
        log.ids += [len(log.ids) * 10 + 10 * (i + 1) for i in range(recorded)]
        applied = min(len(log.ids), applied + done)
        if looks:
            position = log.ids[applied - 1] if applied else None
            head = log.ids[-1] if log.ids else None
            assert meter.events(position, head, applied) == len(log.ids) - applied
    assert log.read <= len(log.ids)


def test_a_lag_too_long_to_count_is_unknown() -> None:
    log = _Gaps()
    log.ids = [10 * i for i in range(1, 10_003)]
    meter = LagMeter(log)  # type: ignore[arg-type]
    assert meter.events(None, log.ids[-1], 0) is None
    assert meter.events(log.ids[1], log.ids[-1], 2) == 10_000


def test_a_lag_is_counted_again_where_the_runner_has_begun_again() -> None:
    log = _Gaps()
    log.ids = [10 * i for i in range(1, 101)]
    meter = LagMeter(log)  # type: ignore[arg-type]
    assert meter.events(600, 1000, 60) == 40
    assert meter.events(None, 1000, 60) == 100  # a rebuild
    assert meter.events(100, 1000, 70) == 90
    assert meter.events(100, 1000, 0) == 90  # stopped, and started again
    assert meter.events(200, 1000, 10) == 80


# --- pauses and rates ---------------------------------------------------------------------


@given(chance=st.floats(0, 1), attempts=st.integers(1, 40))
def test_pauses_grow_and_stay_in_bounds(chance: float, attempts: int) -> None:
    backoff = Backoff(shortest=0.1, longest=2.0, chance=lambda: chance)
    pauses = [backoff.next() for _ in range(attempts)]
    assert pauses == sorted(pauses)
    assert all(0.05 <= pause <= 2.0 for pause in pauses)
    backoff.reset()
    assert backoff.next() == pauses[0]


def test_a_rate_is_that_of_the_last_seconds() -> None:
    rate = EventRate(window=10)
    rate.add(0, 0)
    rate.add(1, 1000)
    assert rate.per_second(2) == 500
    rate.add(12, 10)
    assert rate.per_second(13) == 10
