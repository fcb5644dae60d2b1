"""`GrowingHistory`: the same versions as `versions`, each event folded once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import AggregateNotFoundError, Application

from esnb.examples.dog import Dog
from esnb.folds.growing import GrowingHistory
from esnb.folds.versions import versions
from tests.domain.accounts import Cattery, Renamed, a_cat, stamp


def grown(history: GrowingHistory) -> list[Any]:
    return list(history.fold(history.stored()))


def test_what_is_read_in_parts_is_what_is_read_at_once() -> None:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    history = GrowingHistory(app, dog.id)
    parts = []
    for trick in ("roll over", "sit", "beg"):
        dog.add_trick(trick)
        app.save(dog)
        parts += grown(history)
        assert grown(history) == []
    whole = list(versions(app, dog.id, progress=False))
    assert [(each.number, each.state, each.changed) for each in parts] == [
        (each.number, each.state, each.changed) for each in whole
    ]


def test_what_was_left_half_way_goes_on_there() -> None:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    dog.add_trick("sit")
    app.save(dog)
    history = GrowingHistory(app, dog.id)
    for version in history.fold(history.stored()):
        assert version.number == 1
        break
    assert [(each.number, each.state["tricks"]) for each in grown(history)] == [(2, ["sit"])]


def test_an_aggregate_without_events_is_a_clear_error_and_may_begin_later() -> None:
    app: Application[Any] = Application()
    dog = Dog("Fido")
    history = GrowingHistory(app, dog.id)
    with pytest.raises(AggregateNotFoundError, match="has no aggregate"):
        history.stored()
    app.save(dog)
    assert [each.number for each in grown(history)] == [1]
    with pytest.raises(AggregateNotFoundError, match="has no aggregate"):
        GrowingHistory(app, uuid4()).stored()


def test_functional_aggregates_grow_too() -> None:
    app = Cattery()
    cat = a_cat(app)
    history = GrowingHistory(app, cat)
    assert [each.state["name"] for each in grown(history)] == ["Tom", "Mog"]
    app.save(Renamed(cat, 3, stamp(3), "Meg"))
    assert [(each.number, each.state["names"]) for each in grown(history)] == [
        (3, ("Tom", "Mog", "Meg"))
    ]
