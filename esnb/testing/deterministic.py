"""Runs that record the same ids and times every time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from uuid import UUID

import eventsourcing.domain
from eventsourcing.domain import Aggregate

from esnb import clock
from esnb.new_id import CountedIds, count_ids

START = datetime(2024, 1, 1, 9, tzinfo=UTC)
STEP = timedelta(seconds=1)


@contextmanager
def deterministic(*, start: datetime = START, step: timedelta = STEP) -> Iterator[None]:
    """Within the block ids are counted, and time ticks with the events.

    - Aggregates get the ids `00000001-…`, `00000002-…` (unless their class has a
      `create_id()` of its own), events `e0000001-…`, correlations `c0000001-…`.
    - Each event, and each snapshot, is made `step` after the one before, the first
      one at `start`, in UTC. What esnb records or shows beside it (recorded times,
      lags, dead letters) goes by the same time; rates are 0.
    - `connect()` starts embedded stores of the block's own, in memory, whose
      server records by that time and writes its links at once, so that positions
      are the same, too. They are closed at the end of the block. Applications in
      memory (POPO) and in SQLite need nothing more.

    It holds for the whole process, in all of its threads; outside of the block
    nothing is changed. What several threads do at once is still done in any
    order. `uuid4()` and `datetime.now()` in one's own code are not touched.
    `ESNB_DETERMINISTIC=1` does the same for a whole process, from `import esnb` on.

    Raises RuntimeError within another such block, ValueError for a `start`
    without a time zone and for a `step` that goes back.

    >>> from eventsourcing.application import Application
    >>> import esnb
    >>> from esnb.examples.dog import Dog
    >>> with deterministic():
    ...     app = Application()
    ...     _ = app.save(Dog("Fido"))
    ...     events = esnb.events(app)
    >>> print(events["stream"][0], events["time"][0])
    00000001-0000-4000-8000-000000000001 2024-01-01 09:00:00+00:00
    """
    if clock.ticking() is not None:
        raise RuntimeError("ids and times are deterministic already: these blocks do not nest")
    if start.tzinfo is None:
        raise ValueError(f"start is {start!r}: pass a time with its time zone, as tzinfo=UTC")
    if step < timedelta(0):
        raise ValueError(f"step is {step!r}: time does not go back, pass 0 or more")
    ticking, ids = clock.TickingClock(start, step), CountedIds()
    with ExitStack() as stack:
        stack.enter_context(clock.go_by(ticking))
        stack.enter_context(count_ids(ids))
        stack.enter_context(_library_clock(ticking))
        stack.enter_context(_library_ids(ids))
        stack.callback(_close_stores, ticking)
        yield


_process = ExitStack()


def for_the_whole_process() -> None:
    """`deterministic()` from now on; does nothing where it has begun already."""
    if clock.ticking() is None:
        _process.enter_context(deterministic())


class _TimeZoneThatTicks(tzinfo):
    """The library asks `datetime.now(TZINFO)`, and Python has the time zone say what that is."""

    def __init__(self, ticking: clock.TickingClock) -> None:
        self._ticking = ticking

    def fromutc(self, _now: datetime) -> datetime:
        return self._ticking.tick()

    def utcoffset(self, _time: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, _time: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, _time: datetime | None) -> str:
        return "UTC"


@contextmanager
def _library_clock(ticking: clock.TickingClock) -> Iterator[None]:
    """`TZINFO` is the library's own setting for where it takes its times from."""
    before = eventsourcing.domain.TZINFO
    eventsourcing.domain.TZINFO = _TimeZoneThatTicks(ticking)
    try:
        yield
    finally:
        eventsourcing.domain.TZINFO = before


@contextmanager
def _library_ids(ids: CountedIds) -> Iterator[None]:
    """`create_id()` is where the library has a class say which ids its aggregates get."""

    def create_id(*_: object, **__: object) -> UUID:
        return ids.next("aggregate")

    before = Aggregate.__dict__["create_id"]
    Aggregate.create_id = staticmethod(create_id)  # type: ignore[method-assign]
    try:
        yield
    finally:
        Aggregate.create_id = before  # type: ignore[method-assign]


def _close_stores(ticking: clock.TickingClock) -> None:
    from esnb.stores import close_those_of

    close_those_of(ticking)
