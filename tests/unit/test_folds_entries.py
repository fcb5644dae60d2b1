"""What changed inside a field: entries of lists, sets and dicts, attributes of objects."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from hypothesis import given
from hypothesis import strategies as st

import esnb
from esnb.drawing.values import line
from esnb.folds.changes import changes, describe_changes
from esnb.folds.entries import entries
from esnb.folds.same import ABSENT
from esnb.values.ordered_repr import without_addresses


class Plain:
    def __init__(self, **fields: object) -> None:
        self.__dict__.update(fields)


class Slotted:
    __slots__ = ("__weakref__", "n")

    def __init__(self, n: object) -> None:
        self.n = n


@dataclass
class Money:
    amount: int
    note: str = ""


class Shy(Plain):
    def __repr__(self) -> str:
        raise RuntimeError("not printable")


def changed(before: object, after: object) -> str:
    return describe_changes(changes({"x": before}, {"x": after}))


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ([], ["a"], "x: + 'a'"),
        ([f"line {n}" for n in range(29)], [f"line {n}" for n in range(30)], "x: + 'line 29'"),
        (["a"], [], "x: − 'a'"),
        (["a", "b", "c"], ["a", "c"], "x: − 'b'"),
        (["a", "b", "c"], ["b", "c", "d"], "x: − 'a', + 'd'"),
        (["a", "b", "c"], ["a", "B", "c"], "x[1]: 'b' → 'B'"),
        ([1, 2], [3], "x[0]: 1 → 3; x: − 2"),
        ([{"n": 1}, {"n": 2}], [{"n": 1}, {"n": 3}], "x[1].n: 2 → 3"),
        (deque([1], 3), deque([1, 2], 3), "x: + 2"),
        (("a",), ("a", "b"), "x: + 'b'"),
        ((1, 2), (1, 3), "x: (1, 2) → (1, 3)"),
        ({"a", "b"}, {"b", "c"}, "x: + 'c', − 'a'"),
        (frozenset({1}), frozenset({1, 2, 3}), "x: + 2, + 3"),
        ({"k": [1]}, {"k": [1, 2]}, "x.k: + 2"),
        ({7: 1}, {7: 1, "7": 2}, "x.7: 2"),
        (Plain(n=1), Plain(n=2), "x.n: 1 → 2"),
        ({"tea": Plain(n=1)}, {"tea": Plain(n=2)}, "x.tea.n: 1 → 2"),
        ([Plain(n=[1])], [Plain(n=[1, 2])], "x[0].n: + 2"),
        (Plain(n=1), Plain(n=1, m=2), "x.m: 2"),
        (Slotted(1), Slotted(2), "x.n: 1 → 2"),
        ([], [Plain(n=1, inner=Plain(m={2, 1}))], "x: + Plain(n=1, inner=Plain(m={1, 2}))"),
        (None, Plain(n=1), "x: None → Plain(n=1)"),
        (Plain(n=1), Slotted(1), "x: Plain(n=1) → Slotted(n=1)"),
        (Money(1), Money(2), "x: Money(amount=1, note='') → Money(amount=2, note='')"),
        (Money(1, "n" * 99), Money(2, "n" * 99), "x.amount: 1 → 2"),
        ([Shy(n=1)], [Shy(n=1), Shy(n=2)], "x: + <Shy: its repr raises RuntimeError>"),
        ([float("nan")], [float("nan"), 1.0], "x: + 1.0"),
        ([1, "from $1"], [1, "to $2"], "x[1]: 'from $1' → 'to $2'"),
    ],
)
def test_a_change_names_the_entry(before: object, after: object, text: str) -> None:
    assert changed(before, after) == text


def test_many_changes_are_counted() -> None:
    assert changed([], [1] * 30) == f"x: {', '.join(['+ 1'] * 10)}; x: … 20 more"
    assert len(changed({n: n for n in range(5000)}, {n: n + 1 for n in range(5000)})) < 200


def test_long_texts_are_cut_around_what_changed() -> None:
    text = changed("a" * 500 + "tea" + "b" * 500, "a" * 500 + "jam" + "b" * 500)

    assert "tea" in text
    assert "jam" in text
    assert len(text) < 200


def test_what_contains_itself_has_an_end() -> None:
    one, other = Plain(n=1), Plain(n=2)
    one.me, other.me = one, other  # type: ignore[attr-defined]

    assert changed(one, other).startswith("x.n: 1 → 2; x.me.n: 1 → 2")
    assert (
        line(one)
        == "Plain(n: 1, me: Plain(n: 1, me: Plain(n: 1, me: Plain(n: 1, me: Plain(… 2)))))"
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.tuples(inner, inner)
        | st.builds(Plain, n=inner)
    ),
    max_leaves=10,
)


@given(st.lists(VALUES), st.lists(VALUES))
def test_applying_the_entries_gives_the_new_list(before: list[Any], after: list[Any]) -> None:
    found = [entry for entry in entries(before, after) if len(entry.steps) == 1]
    deeper = {entry.steps[0].name for entry in entries(before, after) if len(entry.steps) > 1}
    sizes = {"+": 1, "−": -1, "~": 0}

    assert len(before) + sum(sizes[entry.mark] for entry in found) == len(after)
    for entry in found:
        if entry.after is not ABSENT and entry.steps[0].name not in deeper:
            assert any(entry.after is each for each in after)
    assert " at 0x" not in changed(before, after)


def test_a_list_in_itself_has_no_address_and_an_end() -> None:
    found: list[object] = [Plain(n=1)]
    found.append(found)

    assert " at 0x" not in repr(without_addresses(found))
    assert without_addresses(Shy(n=1)).__class__ is Shy


class Line:
    def __init__(self, sku: str) -> None:
        self.sku, self.qty = sku, 1


class Order(Aggregate):
    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    @event("Added")
    def add(self, sku: str) -> None:
        self.lines[sku] = Line(sku)

    @event("More")
    def more(self, sku: str) -> None:
        self.lines[sku].qty += 1


@pytest.fixture
def order() -> tuple[Application[UUID], UUID]:
    app, order = Application[UUID](), Order()
    order.add("tea")
    order.more("tea")
    app.save(order)
    return app, order.id


def test_history_looks_into_child_objects(order: tuple[Application[UUID], UUID]) -> None:
    assert esnb.history(*order)["changed"].tolist() == [
        "lines: {}",
        "lines.tea: Line(sku='tea', qty=1)",
        "lines.tea.qty: 1 → 2",
    ]


def test_the_cells_of_diff_show_objects_by_their_attributes(
    order: tuple[Application[UUID], UUID],
) -> None:
    for frame in (esnb.diff(*order), esnb.what_if(*order, skip=3)):
        (row,) = frame.to_dict("records")
        texts = ["Line(sku='tea', qty=1)", "Line(sku='tea', qty=2)"]
        assert sorted(row[side]["tea"] for side in ("before", "after")) == texts
        assert " at 0x" not in frame.to_string()


@pytest.mark.parametrize("face", [str, lambda explorer: explorer._repr_html_()])
def test_explore_looks_into_child_objects(
    order: tuple[Application[UUID], UUID], face: Callable[[object], str]
) -> None:
    page = face(esnb.explore(*order, live=False))

    assert "lines[&#x27;tea&#x27;].qty" in page or "lines['tea'].qty: 1 → 2" in page
    assert "Line(sku: " in page
    assert "object" not in page.partition("</style>")[2]
    assert " at 0x" not in page
