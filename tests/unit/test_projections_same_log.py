"""Whether a checkpoint and the event that was kept with it fit a log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import Notification, Tracking

from esnb.adapters.checkpoint_event import CheckpointEvent, TrackedEvent, event_of
from esnb.projections import CheckpointAheadError, CheckpointMismatchError
from esnb.projections.same_log import SameLog
from tests.domain.bank import Bank


class Scavenged:
    """A log that knows of events that it no longer has."""

    def __init__(self, notifications: list[Notification], removed: set[str]) -> None:
        self._notifications = notifications
        self._removed = removed

    def max_notification_id(self) -> int | None:
        return self._notifications[-1].id if self._notifications else None

    def select_notifications(self, start: int | None, limit: int) -> list[Notification]:
        return [each for each in self._notifications if each.id >= (start or 0)][:limit]

    def was_removed(self, event: CheckpointEvent) -> bool:
        return event.id in self._removed


class WithoutTraces(Scavenged):
    """As those of SQL are: what is gone has left nothing."""

    was_removed = None  # type: ignore[assignment]


def notification(position: int) -> Notification:
    return Notification(
        id=position,
        originator_id=uuid4(),
        originator_version=1,
        topic="t:e",
        state=b"{}",
    )


FOUND = [notification(position) for position in (10, 20, 30)]
EVENTS = [CheckpointEvent.of(each) for each in FOUND]


def judge(recorder: Any, position: int | None, event: CheckpointEvent | None) -> Exception | None:
    app = Bank()
    app.recorder = recorder
    return SameLog(app, "sums", "rebuild()").problem(position, event)


def test_without_a_checkpoint_any_log_fits() -> None:
    for position in (None, 0):
        assert judge(Scavenged([], set()), position, EVENTS[0]) is None


@pytest.mark.parametrize("kind", [Scavenged, WithoutTraces])
def test_an_event_that_is_there_fits_at_or_below_the_checkpoint(kind: type[Scavenged]) -> None:
    for position in (20, 25, 30):
        assert judge(kind(FOUND, set()), position, EVENTS[1]) is None
        assert judge(kind(FOUND, set()), position, None) is None


@pytest.mark.parametrize("kind", [Scavenged, WithoutTraces])
def test_another_event_in_its_place_does_not_fit(kind: type[Scavenged]) -> None:
    other = replace(EVENTS[1], id="other")
    problem = judge(kind(FOUND, {"other"}), 20, other)
    assert isinstance(problem, CheckpointMismatchError)
    assert "'sums' is at event 20 of application 'Bank'" in str(problem)
    assert f"was {other}" in str(problem)
    assert f"has {EVENTS[1]}" in str(problem)
    assert "rebuild()" in str(problem)


def test_an_event_that_is_gone_fits_where_the_log_knows_of_it() -> None:
    gone = replace(EVENTS[1], position=15)
    assert judge(Scavenged(FOUND, {gone.id}), 15, gone) is None
    assert isinstance(judge(Scavenged(FOUND, set()), 15, gone), CheckpointMismatchError)


def test_an_event_that_is_gone_without_a_trace_fits() -> None:
    """Rows may be deleted, and a log of another making has rows without gaps."""
    assert judge(WithoutTraces(FOUND, set()), 15, replace(EVENTS[1], position=15)) is None


def test_the_last_event_of_all_may_be_the_one_that_was_removed() -> None:
    last = replace(EVENTS[2], position=40)
    assert judge(Scavenged(FOUND, {last.id}), 40, last) is None
    for removed, position, event in (
        (set(), 40, last),
        ({last.id}, 50, last),  # others are missing as well
        ({last.id}, 40, None),
    ):
        assert isinstance(judge(Scavenged(FOUND, removed), position, event), CheckpointAheadError)
    assert isinstance(judge(WithoutTraces(FOUND, set()), 40, last), CheckpointAheadError)
    assert isinstance(judge(Scavenged([], set()), 40, last), CheckpointAheadError)


def test_a_fingerprint_tells_events_by_all_that_is_stored_of_them() -> None:
    first = notification(10)
    others = [
        replace(first, originator_id=uuid4()),
        replace(first, originator_version=2),
        replace(first, topic="t:f"),
        replace(first, state=b"{} "),
    ]
    assert CheckpointEvent.of(replace(first)).id == CheckpointEvent.of(first).id
    assert len({CheckpointEvent.of(each).id for each in (first, *others)}) == 5


@pytest.mark.parametrize("aggregate_id", ["Rex", 'a"b', "ü\n\0", "\ud800", ""])
def test_an_event_is_read_as_it_was_written(aggregate_id: str) -> None:
    event = CheckpointEvent.of(replace(notification(2**60), originator_id=aggregate_id))
    assert event.position == 2**60
    assert CheckpointEvent.from_text(event.to_text()) == event
    assert event.to_text().isascii()


def test_a_tracked_event_is_a_tracking_object() -> None:
    tracked = TrackedEvent("Bank", FOUND[0])
    plain = Tracking("Bank", 10)
    assert tracked == plain == tracked
    assert hash(tracked) == hash(plain)
    assert tracked != Tracking("Bank", 11)
    assert plain != TrackedEvent("Shop", FOUND[0])
    assert event_of(tracked) == EVENTS[0]
    assert event_of(plain) is None
    assert "state" not in repr(tracked)
