"""Given, when, then, for aggregates that are classes and those that are made by functions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from esnb.examples.dog import Dog
from esnb.testing import given, happened
from tests.domain.accounts import Account, Born, Cat, CatEvent, Renamed, Vanished, project_cat

Registered: Any = Dog.Registered  # type: ignore[attr-defined]
TrickAdded: Any = Dog.TrickAdded  # type: ignore[attr-defined]


class Till(Aggregate):
    """Refuses what it cannot give."""

    @event("Opened")
    def __init__(self) -> None:
        self.cash = 0

    def take(self, amount: int) -> None:
        if amount > self.cash:
            raise ValueError(f"no {amount} in the till, only {self.cash}")
        self._take(amount=amount, by="Ann")

    @event("Taken")
    def _take(self, amount: int, by: str) -> None:
        self.cash -= amount

    @event("Filled")
    def fill(self, amount: int) -> None:
        self.cash += amount


def fido() -> Dog:
    dog = Dog("Fido")
    dog.add_trick("sit")
    return dog


def rename(cat: Cat, name: str) -> Renamed:
    return Renamed(cat.id, cat.version + 1, datetime.now(UTC), name)


def born(name: str = "Tom") -> Born:
    return Born(uuid4(), 1, datetime.now(UTC), name)


def lines(test: Any) -> list[str]:
    with pytest.raises(AssertionError) as raised:
        test()
    return str(raised.value).splitlines()


def test_what_a_command_makes_happen_is_compared_without_the_past() -> None:
    dog = fido()
    test = given(dog).when(lambda dog: dog.add_trick("roll over"))
    test.then(happened(TrickAdded, trick="roll over")).then(TrickAdded)
    test.then_state(name="Fido", tricks=["sit", "roll over"], version=3)
    assert [type(each) for each in test.events] == [TrickAdded]
    # The aggregate that was passed is as it was, with what it had to save.
    assert (dog.tricks, len(dog.pending_events)) == (["sit"], 2)


def test_a_past_of_events_is_the_same_past() -> None:
    past = fido().collect_events()
    test = given(*past).when(lambda dog: dog.add_trick("roll over"))
    test.then(happened(TrickAdded, trick="roll over")).then_state(tricks=["sit", "roll over"])
    assert test.aggregate.version == 3


def test_an_aggregate_of_a_repository() -> None:
    app: Application[UUID] = Application()
    dog = fido()
    app.save(dog)
    given(app.repository.get(dog.id)).when(lambda dog: dog.add_trick("x")).then(TrickAdded)


def test_nothing_is_given_to_what_begins() -> None:
    test = given().when(lambda: Dog("Rex"))
    test.then(happened(Registered, name="Rex")).then_state(name="Rex", tricks=[])


def test_a_command_without_events() -> None:
    given(Till()).when(lambda till: till.cash).then_nothing().then().then_state(cash=0)


def test_a_refusal() -> None:
    test = given(Till()).when(lambda till: till.take(5))
    test.then_raises(ValueError, match="only 0").then_raises((KeyError, ValueError))
    assert lines(lambda: test.then_raises(KeyError)) == [
        "KeyError was expected, not ValueError: no 5 in the till, only 0"
    ]
    assert (
        "ValueError with 'only 9' was expected"
        in lines(lambda: test.then_raises(ValueError, match="only 9"))[0]
    )
    for then in (test.then_nothing, lambda: test.then_state(cash=0), lambda: test.events):
        assert lines(then) == [
            "no error was expected, and the command raised ValueError: no 5 in the till, only 0"
        ]


def test_no_refusal_where_one_is_expected() -> None:
    test = given(Till()).when(lambda till: till.fill(5))
    assert lines(lambda: test.then_raises(ValueError)) == [
        "ValueError was expected, and no error was raised",
        "   Till.Filled(amount=5) happened",
    ]


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        (
            [happened(TrickAdded, trick="beg")],
            ["1. Dog.TrickAdded", "   trick: expected 'beg', was 'sit'"],
        ),
        (
            [happened(TrickAdded)],
            ["1. Dog.TrickAdded", "   trick: not expected, was 'sit'"],
        ),
        (
            [happened(TrickAdded, trick="sit", at="home")],
            ["1. Dog.TrickAdded", "   at: expected 'home', was missing"],
        ),
        (
            [happened(Registered, name="Fido")],
            [
                "1. Dog.Registered(name='Fido') was expected, and Dog.TrickAdded(trick='sit') happened"
            ],
        ),
        ([], ["1. Dog.TrickAdded(trick='sit') happened, and was not expected"]),
        (
            [happened(TrickAdded, trick="sit"), happened(TrickAdded, trick="beg")],
            ["2. Dog.TrickAdded(trick='beg') was expected, and no more events happened"],
        ),
        (
            [happened(TrickAdded, trick="sit", originator_version=7)],
            ["1. Dog.TrickAdded", "   originator_version: expected 7, was 2"],
        ),
    ],
)
def test_differences_are_told_event_by_event_and_field_by_field(
    expected: list[Any], told: list[str]
) -> None:
    test = given(Dog("Fido")).when(lambda dog: dog.add_trick("sit"))
    assert lines(lambda: test.then(*expected)) == ["it did not happen as expected", *told]


def test_the_state_is_told_field_by_field() -> None:
    test = given(fido()).when(lambda dog: dog.add_trick("beg"))
    assert lines(lambda: test.then_state(name="Rex", tricks=["sit", "beg"], age=3)) == [
        "the state is not as expected",
        "   name: expected 'Rex', was 'Fido'",
        "   age: expected 3, was missing",
    ]


def test_an_event_object_is_what_is_expected() -> None:
    events = fido().collect_events()
    given(Dog("Fido")).when(lambda dog: dog.add_trick("sit")).then(events[1])


def test_decimals_and_private_fields_are_compared() -> None:
    account = Account("Ann", Decimal("1.10"))
    test = given(account).when(lambda account: account.deposit(Decimal("2.20")))
    test.then_state(balance=Decimal("3.30"), _frozen=False)


class TestFunctions:
    """Aggregates without methods: commands return events, a function applies them."""

    def test_events_that_are_returned_have_happened(self) -> None:
        test = given(born(), projector=project_cat).when(lambda cat: rename(cat, "Tim"))
        test.then(happened(Renamed, name="Tim")).then_state(name="Tim", names=("Tom", "Tim"))
        assert test.aggregate.version == 2

    def test_several_or_none(self) -> None:
        def twice(cat: Cat) -> list[CatEvent]:
            return [rename(cat, "A"), Vanished(cat.id, 3, datetime.now(UTC))]

        test = given(born(), projector=project_cat).when(twice)
        test.then(happened(Renamed, name="A"), Vanished)
        assert test.aggregate is None
        given(born(), projector=project_cat).when(lambda cat: None).then_nothing()

    def test_it_begins(self) -> None:
        given(projector=project_cat).when(lambda: born("Tia")).then(happened(Born, name="Tia"))

    def test_without_the_function_it_says_what_is_missing(self) -> None:
        with pytest.raises(TypeError, match=r"Born has no mutate\(\).*projector="):
            given(born())


@pytest.mark.parametrize("past", [[3], ["Registered"], [Registered], [None], [Dog("A"), Dog("B")]])
def test_what_is_no_past_is_refused(past: list[Any]) -> None:
    with pytest.raises(TypeError, match="neither an aggregate nor an event"):
        given(*past)


@pytest.mark.parametrize("returned", [3, "text", [1], object()])
def test_what_is_no_event_has_not_happened(returned: Any) -> None:
    test = given(born(), projector=project_cat)
    with pytest.raises(TypeError, match="it returns an event, several, or None"):
        test.when(lambda cat: returned)


def test_words_in_the_wrong_order() -> None:
    with pytest.raises(TypeError, match=r"given\(…\)\.when\(command\)\.then\(…\)"):
        given(fido()).then_nothing()
    with pytest.raises(TypeError, match="when\\(\\) was called already"):
        given(fido()).when(lambda dog: None).when(lambda dog: None)
    with pytest.raises(TypeError, match="is not a class of events"):
        happened("TrickAdded")  # type: ignore[arg-type]


def test_hostile_values_are_told_safely() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    test = given(Dog("Fido")).when(lambda dog: dog.add_trick("a\u202eb\x1b[2J"))
    told = "\n".join(lines(lambda: test.then(happened(TrickAdded, trick=Rude()))))
    assert "\u202e" not in told
    assert "\x1b" not in told


def test_an_interrupt_is_no_refusal() -> None:
    def interrupt(dog: Dog) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        given(fido()).when(interrupt)
