"""Two values are the same only if code that goes on with them cannot tell."""

from __future__ import annotations

import copy
import re
from collections import Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import permutations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from esnb.values.difference import Comparison

Point = namedtuple("Point", "x y")


class Text(str):
    pass


class Number(int):
    pass


class Listing(list[Any]):
    pass


class Colour(Enum):
    RED = 1


class Kind(StrEnum):
    TEA = "tea"


@dataclass
class Line:
    price: Any = 1


@dataclass(frozen=True)
class Money:
    amount: Any = 1


class Plain:
    def __init__(self, x: Any) -> None:
        self.x = x


class Liar(Plain):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class Rude(Plain):
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = None  # type: ignore[assignment]


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


class Remembering:
    def __init__(self, x: Any) -> None:
        self.x = x

    @cached_property
    def double(self) -> Any:
        return 2 * self.x


def listing(*items: Any, **attributes: Any) -> Listing:
    made = Listing(items)
    vars(made).update(attributes)
    return made


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DIFFERENT = [
    None,
    0,
    False,
    1,
    1.0,
    True,
    0.0,
    -0.0,
    float("nan"),
    float("inf"),
    "a",
    b"a",
    bytearray(b"a"),
    Text("a"),
    Number(1),
    Kind.TEA,
    "tea",
    Colour.RED,
    Decimal("1.0"),
    Decimal("1.00"),
    Fraction(1, 2),
    UUID(int=1),
    NOON,
    NOON.replace(tzinfo=None),
    NOON.replace(fold=1),
    NOON.astimezone(timezone(timedelta(hours=1))),
    NOON.astimezone(ZoneInfo("Africa/Lagos")),
    date(2026, 3, 1),
    timedelta(1),
    [],
    (),
    {},
    set(),
    frozenset(),
    [1],
    (1,),
    [1.0],
    (True,),
    [1, 2],
    (1, 2),
    Point(1, 2),
    Point(1, 2.0),
    listing(1),
    listing(1, kind="x"),
    {1},
    {1.0},
    {"1"},
    frozenset({1}),
    frozenset({(1,)}),
    {1: 2},
    {"1": 2},
    {1.0: 2},
    {True: 2},
    {None: 2},
    {(1,): 2},
    {Colour.RED: 2},
    {"tea": 2},
    {Kind.TEA: 2},
    {"tea": 2, "a": 1},
    OrderedDict(tea=2, a=1),
    OrderedDict(a=1, tea=2),
    Counter("aa"),
    {"a": 2},
    defaultdict(int, a=2),
    defaultdict[str, Any](list, a=2),
    deque([1]),
    deque([1], 5),
    range(1),
    Line(),
    Line(1.0),
    Line([1]),
    Line((1,)),
    Money(),
    Money([1]),
    Plain(1),
    Plain(True),
    Liar(1),
    Liar(2),
    Rude(1),
    Rude(2),
    Slotted(1),
    Slotted(2),
    UserDict(a=1),
    {"deep": [{"er": [1, (2,)]}]},
    {"deep": [{"er": [1, [2]]}]},
]


def test_what_is_the_same_comes_back_as_nothing() -> None:
    for value in DIFFERENT:
        assert Comparison().compare(value, copy.deepcopy(value)) is None


def test_what_differs_at_all_is_found() -> None:
    for one, other in permutations(DIFFERENT, 2):
        assert Comparison().compare(one, copy.deepcopy(other)) is not None, (one, other)


def test_the_order_of_a_plain_dict_and_of_a_set_does_not_count() -> None:
    assert Comparison().compare({"a": 1, "b": 2}, {"b": 2, "a": 1}) is None
    many = {str(number) for number in range(1000)}
    assert Comparison().compare(many, {str(number) for number in range(999, -1, -1)}) is None


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ((1,), [1], "a tuple comes back as a list"),
        ({7: 3}, {"7": 3}, "a key that is an int comes back as a str"),
        ({None: 3}, {"null": 3}, "a key that is None comes back as a str"),
        ({7: 1, "7": 2}, {"7": 2}, "a key that is an int comes back as None"),
        (Colour.RED, 1, "a Colour comes back as an int"),
        ({"lines": [Line((1,))]}, {"lines": [Line([1])]}, "['lines'][0].price: a tuple comes"),
        (Plain({"a": "x"}), Plain({"a": "y"}), "x['a']: a str comes back as a different one"),
        ([1, 2], [1], "2 items come back as 1"),
        ({1, 2}, {1, "2"}, "an element that is an int comes back as a str"),
        (defaultdict(int), defaultdict(None), "a defaultdict comes back with another default"),
    ],
)
def test_the_place_is_named_and_no_value(before: Any, after: Any, text: str) -> None:
    assert str(Comparison().compare(before, after)).startswith(text)


def test_one_object_in_two_places_must_be_one_again() -> None:
    shared: list[int] = []
    one, two = {"a": shared, "b": shared}, {"a": list[int](), "b": list[int]()}
    assert Comparison().compare(one, copy.deepcopy(one)) is None
    assert str(Comparison().compare(one, two)) == (
        "['b']: a list that stands in two places comes back as two"
    )
    assert (
        str(Comparison().compare(two, one)) == "['b']: two objects, each a list, come back as one"
    )
    comparison = Comparison()
    assert comparison.compare(shared, []) is None
    assert comparison.compare(shared, []) is not None


def test_immutable_objects_may_be_shared() -> None:
    money, when = Money(), NOON
    assert Comparison().compare([money, money, when, when], [Money(), Money(), NOON, NOON]) is None


def test_cycles_end() -> None:
    loop: dict[str, Any] = {"name": "x"}
    loop["self"] = loop
    assert Comparison().compare(loop, copy.deepcopy(loop)) is None
    other: dict[str, Any] = {"name": "x", "self": {"name": "x"}}
    other["self"]["self"] = other
    assert Comparison().compare(loop, other) is not None


def test_what_python_remembers_to_save_work_does_not_count() -> None:
    asked, fresh = Remembering(2), Remembering(2)
    assert asked.double == 4
    assert Comparison().compare(asked, fresh) is None


def test_structs_and_arrays() -> None:
    class Struct(msgspec.Struct, frozen=True):
        x: Any

    array = np.arange(3)
    assert Comparison().compare([Struct(1), array], [Struct(1), array.copy()]) is None
    assert Comparison().compare(Struct(1), Struct(True)) is not None
    assert Comparison().compare(array, np.arange(4)) is not None
    assert Comparison().compare(array, np.arange(3.0)) is not None


def test_what_cannot_be_taken_apart_raises() -> None:
    assert Comparison().compare(re.compile("a"), re.compile("a")) is None
    with pytest.raises(TypeError):
        Comparison().compare(re.compile("a"), re.compile("b"))
