"""Ids that are counted and a clock that ticks, in one process."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4, uuid5

import eventsourcing.domain
import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb
from esnb import clock
from esnb.examples.dog import Dog
from esnb.new_id import new_id
from esnb.testing import deterministic

FIRST = UUID("00000001-0000-4000-8000-000000000001")


class Named(Aggregate):
    """Has ids of its own."""

    @staticmethod
    def create_id(name: str) -> UUID:
        return uuid5(UUID(int=0), name)

    @event("Begun")
    def __init__(self, name: str) -> None:
        self.name = name


def test_each_block_begins_again() -> None:
    found = []
    for _ in range(2):
        with deterministic():
            dog = Dog("Fido")
            dog.add_trick("sit")
            found.append([(each.originator_id, each.timestamp) for each in dog.collect_events()])
    assert found[0] == found[1]
    assert found[0] == [
        (FIRST, datetime(2024, 1, 1, 9, tzinfo=UTC)),
        (FIRST, datetime(2024, 1, 1, 9, 0, 1, tzinfo=UTC)),
    ]


def test_start_and_step_are_ones_own() -> None:
    start = datetime(1999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=2)))
    with deterministic(start=start, step=timedelta(milliseconds=1)):
        one, other = Dog("A"), Dog("B")
    assert one.created_on == start
    assert other.created_on == start + timedelta(milliseconds=1)
    assert one.created_on.tzinfo is UTC
    with deterministic(step=timedelta(0)):
        assert Dog("A").created_on == Dog("B").created_on


def test_ids_of_a_class_of_its_own_stay() -> None:
    with deterministic():
        assert Named("x").id == Named.create_id("x")
        assert Dog("y").id == FIRST


def test_kinds_of_ids_are_told_apart_when_they_are_cut_short() -> None:
    with deterministic():
        ids = [str(new_id("aggregate")), str(new_id("event")), str(new_id("correlation"))]
        with esnb.correlate() as flow:
            assert flow.correlation_id == "c0000002-0000-4000-8000-000000000002"
    assert [each[:8] for each in ids] == ["00000001", "e0000001", "c0000001"]
    assert all(UUID(each).version == 4 for each in ids)


def test_snapshots_and_aggregates_of_other_applications_tick_too() -> None:
    with deterministic():
        app: Application[UUID] = Application(env={"IS_SNAPSHOTTING_ENABLED": "y"})
        dog = Dog("Fido")
        app.save(dog)
        app.take_snapshot(dog.id)
        times = [*esnb.snapshots(app)["time"].tolist(), Dog("Rex").created_on]
    assert [time.second for time in times] == [1, 2]


def test_outside_nothing_is_changed() -> None:
    before = (Aggregate.__dict__["create_id"], eventsourcing.domain.TZINFO)
    with pytest.raises(ZeroDivisionError), deterministic():
        1 / 0  # noqa: B018
    assert (Aggregate.__dict__["create_id"], eventsourcing.domain.TZINFO) == before
    assert clock.ticking() is None
    assert Dog("x").id.version == 4
    assert abs(Dog("x").created_on - datetime.now(UTC)) < timedelta(hours=1)
    assert new_id("event") != new_id("event")


def test_ones_own_ids_and_times_are_not_touched() -> None:
    with deterministic():
        assert uuid4() != uuid4()
        assert abs(datetime.now(UTC) - clock.now()) > timedelta(days=300)


def test_threads_get_no_id_twice() -> None:
    found: list[UUID] = []
    with deterministic():
        threads = [
            threading.Thread(target=lambda: found.extend(Dog("x").id for _ in range(50)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Dog("y").created_on == datetime(2024, 1, 1, 9, 6, 40, tzinfo=UTC)
    assert len(set(found)) == 400


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"start": datetime(2024, 1, 1)}, "pass a time with its time zone"),
        ({"step": timedelta(seconds=-1)}, "time does not go back"),
    ],
)
def test_what_cannot_be_a_clock_is_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told), deterministic(**arguments):
        pass
    assert clock.ticking() is None


def test_blocks_do_not_nest() -> None:
    with deterministic():
        with pytest.raises(RuntimeError, match="deterministic already"), deterministic():
            pass
        assert Dog("x").id == FIRST
