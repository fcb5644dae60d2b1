"""Given, when, then, for projections and their views."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import Projection
from eventsourcing.utils import get_topic

from esnb.examples.dog import Dog, Tricks
from esnb.testing import projecting

TrickAdded: Any = Dog.TrickAdded  # type: ignore[attr-defined]


class CountTricks(Projection[Tricks]):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        if isinstance(domain_event, TrickAdded):
            self.view.count(domain_event.trick, tracking)


class OnlyTricks(CountTricks):
    topics = (get_topic(TrickAdded),)

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        assert isinstance(domain_event, TrickAdded), f"not asked for: {domain_event}"
        super().process_event(domain_event, tracking)


class Prices(POPOTrackingRecorder):
    """Shows rows of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def rows(self) -> list[dict[str, Any]]:
        return self.found


class Sell(Projection[Prices]):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        with self.view._database_lock:
            self.view._assert_tracking_uniqueness(tracking)
            self.view._insert_tracking(tracking)
            self.view.found.append({"name": domain_event, "price": Decimal("1.10"), "note": None})


def events(*tricks: str) -> list[Any]:
    dog = Dog("Fido")
    for trick in tricks:
        dog.add_trick(trick)
    return list(dog.collect_events())


@pytest.mark.parametrize("projection", [CountTricks, OnlyTricks])
def test_events_are_projected_one_after_another(projection: type[CountTricks]) -> None:
    test = projecting(projection, Tricks).given(*events("sit", "beg")).when(*events("sit"))
    test.then(lambda view: view.by_trick, {"sit": 2, "beg": 1})
    test.then_rows(
        {"key": "by_trick", "type": "dict", "field": "beg", "value": 1},
        {"key": "by_trick", "type": "dict", "field": "sit", "value": 2},
    )
    # The last of five events, the second of which begins another dog.
    assert test.view.max_tracking_id("Application") == 5


def test_a_projection_with_its_view_goes_on_from_its_checkpoint() -> None:
    view = Tricks()
    view.count("sit", Tracking("Kennel", 7))
    test = projecting(CountTricks(view), application="Kennel").when(*events("sit"))
    test.then(lambda view: view.by_trick, {"sit": 2})
    assert view.max_tracking_id("Kennel") == 9


def test_rows_of_a_views_own_are_compared_in_any_order() -> None:
    test = projecting(Sell, Prices).when("tea", "cup")
    test.then_rows(
        {"name": "cup", "price": Decimal("1.10")},
        {"name": "tea", "price": Decimal("1.10"), "note": None},
    )


def test_what_differs_is_told() -> None:
    test = projecting(Sell, Prices).when("tea", "tea")
    with pytest.raises(AssertionError) as raised:
        test.then_rows({"name": "tea", "price": Decimal("1.10")}, {"name": "cup"})
    assert str(raised.value).splitlines() == [
        "the rows are not as expected",
        "   - {'name': 'cup'}",
        "   + {'name': 'tea', 'price': Decimal('1.10')}",
    ]
    with pytest.raises(AssertionError, match="view: expected 3, was 2"):
        test.then(lambda view: len(view.found), 3)


def test_what_the_projection_raises_is_raised() -> None:
    class Twice(CountTricks):
        def process_event(self, domain_event: Any, tracking: Tracking) -> None:
            super().process_event(domain_event, tracking)
            super().process_event(domain_event, tracking)

    with pytest.raises(IntegrityError):
        projecting(Twice, Tricks).given(*events("sit"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((CountTricks,), "None is not a class of views in memory"),
        ((CountTricks, Tricks()), "is not a class of views in memory"),
        ((CountTricks, dict), "is not a class of views in memory"),
        ((Dog, Tricks), "is not a projection"),
        ((CountTricks(Tricks()), Tricks), "has its view already"),
    ],
)
def test_what_cannot_be_projected_is_refused(arguments: tuple[Any, ...], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        projecting(*arguments)
