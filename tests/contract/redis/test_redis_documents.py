"""Documents with secondary indexes: what is found is what a plain dict would find."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, cast
from uuid import UUID, uuid4

import numpy as np
import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.utils import Environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esnb.projections import CatchUpRunner
from esnb.redis import Documents, RedisView, ViewOutdatedError
from tests.domain.bank import Bank, Deposits
from tests.redis_server import RedisServer


class Products(RedisView):
    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self.products = Documents(self, "products", by=["category"], order=["price"])

    def put(self, tracking: Tracking, **documents: dict[str, Any]) -> None:
        with self.commit(tracking) as commands:
            for name, document in documents.items():
                self.products.put(commands, name, document)


@pytest.fixture
def view(redis_server: RedisServer) -> Products:
    return new_view(redis_server)


def new_view(redis_server: RedisServer) -> Products:
    return Products.construct(
        Environment("products", {"REDIS_URL": redis_server.url, "REDIS_KEY_PREFIX": uuid4().hex})
    )


def at(number: int) -> Tracking:
    return Tracking("Shop", number)


def names(found: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [name for name, _ in found]


def test_documents_are_found_by_their_fields(view: Products) -> None:
    view.put(
        at(1),
        cup={"category": "kitchen", "price": 4.5, "tags": ["ü", None]},
        pot={"category": "kitchen", "price": 30},
        pen={"category": "office", "price": 2},
        gift={"category": None},
    )
    products = view.products
    assert products.get("cup") == {"category": "kitchen", "price": 4.5, "tags": ["ü", None]}
    assert (products.get("mug"), len(products)) == (None, 4)
    assert names(products.where("category", "kitchen")) == ["cup", "pot"]
    assert products.count("category", "office") == 1
    assert names(products.between("price", 2, 5)) == ["pen", "cup"]
    assert names(products.top("price", 2)) == ["pot", "cup"]
    assert names(products.page(start=1, limit=2)) == ["gift", "pen"]
    assert names(products.between("price", start=1, limit=1)) == ["cup"]


def test_a_change_reads_the_old_value_inside_a_batch(view: Products) -> None:
    with view.batch():
        view.put(at(1), cup={"category": "kitchen", "price": 4})
        view.put(at(2), cup={"category": "office", "price": 5})
        with view.commit(at(3)) as commands:
            view.products.change(commands, "cup", category="garden")
            # Of the same event, which Redis does not show yet.
            view.products.change(commands, "cup", category="cellar", price=6)
    assert names(view.products.where("category", "cellar")) == ["cup"]
    for category in ("kitchen", "office", "garden"):
        assert view.products.count("category", category) == 0
    assert view.products.top("price") == [("cup", {"category": "cellar", "price": 6})]
    # An index that nobody is in leaves no key behind.
    assert {row[0] for row in view.rows()} == {
        "products",
        "products:ids",
        'products:by:category:"cellar"',
        "products:order:price",
        "products:_index",
    }


class Shelf(RedisView):
    """What is for sale, by category and cheapest first."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self.products = Documents(
            self, "products", by={"category": "price"}, order=["price"], indexed=is_for_sale
        )

    def put(self, number: int, name: str, **document: Any) -> None:
        with self.commit(at(number)) as commands:
            self.products.put(commands, name, document)


def is_for_sale(document: dict[str, Any]) -> bool:
    return bool(document.get("for_sale"))


def test_what_is_found_comes_in_the_order_of_another_field(redis_server: RedisServer) -> None:
    shelf = Shelf.construct(
        Environment("shelf", {"REDIS_URL": redis_server.url, "REDIS_KEY_PREFIX": uuid4().hex})
    )
    with shelf.batch():
        for number, (name, price) in enumerate(
            [("a", "30.5"), ("b", 4), ("c", None), ("d", 9), ("e", 5)], start=1
        ):
            shelf.put(number, name, category="k", price=price, for_sale=True)
        assert names(shelf.products.where("category", "k")) == ["c", "b", "e", "d", "a"]
        shelf.put(6, "a", category="k", price="4.50", for_sale=True)
        shelf.put(7, "e", category="k", price=5, for_sale=False)
        shelf.put(8, "f", category="k", price=1, for_sale=False)
    products = shelf.products
    assert names(products.where("category", "k")) == ["c", "b", "a", "d"]
    assert names(products.where("category", "k", start=1, limit=2)) == ["b", "a"]
    assert products.count("category", "k") == 4
    # Found by id only.
    assert products.get("e") == {"category": "k", "price": 5, "for_sale": False}
    assert names(products.page()) == ["a", "b", "c", "d", "e", "f"]
    assert names(products.between("price")) == ["b", "a", "d"]
    shelf.put(9, "f", category="k", price=1, for_sale=True)
    shelf.put(10, "b", category="l", price=4, for_sale=True)
    with shelf.commit(at(11)) as commands:
        products.remove(commands, "d")
    assert names(products.where("category", "k")) == ["c", "f", "a"]
    assert names(products.where("category", "l")) == ["b"]
    with pytest.raises(ValueError, match="dear"):
        shelf.put(12, "x", category="k", price="dear", for_sale=True)


def test_what_is_refused_changes_nothing(view: Products) -> None:
    view.put(at(1), cup={"category": "kitchen", "price": 4})
    before = view.rows()
    for document in ({"price": float("nan")}, {"price": "dear"}, {"category": object()}):
        with pytest.raises((TypeError, ValueError)):
            view.put(at(2), cup=document)
    with pytest.raises(KeyError, match="no document 'mug'"), view.commit(at(2)) as commands:
        view.products.change(commands, "mug", price=1)
    with pytest.raises(ValueError, match="no index 'price' of this kind"):
        view.products.where("price", 4)
    with pytest.raises(ValueError, match="limit=0"):
        view.products.page(limit=0)
    assert (view.rows(), view.max_tracking_id("Shop")) == (before, 1)


class Kind(str, Enum):  # noqa: UP042  as it was written before StrEnum
    TEA = "tea"


class Level(IntEnum):
    LOW = 1


class Colour(Enum):
    RED = "red"


class Named(RedisView):
    """Documents under names of choice."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self.at = 0

    def documents(self, name: str = "docs", **indexes: Any) -> Documents:
        return Documents(self, name, **indexes)

    def put(self, documents: Documents, **found: dict[str, Any]) -> None:
        self.at += 1
        with self.commit(at(self.at)) as commands:
            for name, document in found.items():
                documents.put(commands, name, document)

    def remove(self, documents: Documents, *names: str) -> None:
        self.at += 1
        with self.commit(at(self.at)) as commands:
            for name in names:
                documents.remove(commands, name)


@pytest.fixture
def named(redis_server: RedisServer) -> Named:
    return Named.construct(
        Environment("named", {"REDIS_URL": redis_server.url, "REDIS_KEY_PREFIX": uuid4().hex})
    )


VALUES = [
    *(None, True, False, 0, 1, 1.0, -0.0, 0.0, 10**30, 1e30, "1", "1.0", "true", "null", "None"),
    *("", " ", "a:b", "a", "b", "{a}", "%3A", "é", "e\u0301", "\ud800", "\n", '"', "tea"),
    *([], [1], [1.0], [True], ["a", "b"], "['a', 'b']", {}, {"a": 1}, {"a": True}, {"b": [1, {}]}),
]


def test_each_json_value_has_an_index_of_its_own(named: Named) -> None:
    docs = named.documents(by=["value"])
    named.put(docs, **{f"d{i:02}": {"value": value} for i, value in enumerate(VALUES)}, none={})

    for i, value in enumerate(VALUES):
        assert names(docs.where("value", value)) == [f"d{i:02}"], value
        assert docs.count("value", value) == 1
    # One document goes through all of them, and leaves each.
    for value in VALUES:
        named.put(docs, d00={"value": value})
        assert docs.count("value", value) == (1 if value is None else 2)
    named.remove(docs, *(f"d{i:02}" for i in range(len(VALUES))), "none", "unknown")
    assert {row[0] for row in named.rows()} == {"docs:_index"}


@pytest.mark.parametrize(
    ("put", "asked", "others"),
    [
        (Kind.TEA, "tea", ["TEA", "Kind.TEA"]),
        ("tea", Kind.TEA, []),
        (Level.LOW, 1, [1.0, True, "1"]),
        (1, Level.LOW, []),
        (("a", "b"), ["a", "b"], ["('a', 'b')"]),
        (["a", ("b",)], ("a", ["b"]), []),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}, [{"x": 1}]),
        ({1: Kind.TEA}, {"1": "tea"}, []),
        ({Kind.TEA: 1}, {"tea": 1}, []),
    ],
)
def test_what_is_one_value_in_json_is_found_as_either(
    named: Named, put: Any, asked: Any, others: list[Any]
) -> None:
    docs = named.documents(by=["value"])
    named.put(docs, d={"value": put})

    assert names(docs.where("value", put)) == names(docs.where("value", asked)) == ["d"]
    assert [docs.count("value", other) for other in others] == [0] * len(others)


@pytest.mark.parametrize(
    "value",
    [Colour.RED, Decimal("1.5"), datetime(2026, 3, 1), UUID(int=7), {1, 2}, b"x", float("nan")],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_refused_alike(named: Named, value: Any) -> None:
    docs = named.documents(by=["value"])
    for field in ("value", "other"):
        with pytest.raises((TypeError, ValueError), match=r"document 'd' of 'docs': .*put str"):
            named.put(docs, d={field: value})
    with pytest.raises((TypeError, ValueError), match=r"'docs' is asked for 'value': .*put str"):
        docs.where("value", value)


def test_names_with_colons_do_not_meet(named: Named) -> None:
    fields = ["a", "a:b", "a%3Ab", "", ":", "{a}", "a b"]
    docs = named.documents(by=fields, order=["n", "n:1"])
    inner = [named.documents(name) for name in ("docs:ids", "docs:by", "docs:by:a", "docs:order")]
    for i, field in enumerate(fields):
        named.put(docs, **{f"d{i}": {field: "b:c", "n": i, "n:1": -i}})
    for each in inner:
        named.put(each, d={"a": 1})

    for i, field in enumerate(fields):
        assert names(docs.where(field, "b:c")) == [f"d{i}"]
        assert docs.where(field, "c") == []
    assert names(docs.top("n", 2)) == ["d6", "d5"]
    assert names(docs.top("n:1", 2)) == ["d0", "d1"]
    assert [len(each) for each in (docs, *inner)] == [7, 1, 1, 1, 1]


def test_numbers_are_in_the_order_of_numbers(named: Named) -> None:
    docs = named.documents(by={"kind": "n"}, order=["n"])
    numbers = [10, 9, "1e2", 9.5, "-3", 0, None, "9.50001", 2**53]
    named.put(docs, **{f"d{i}": {"n": n, "kind": "k"} for i, n in enumerate(numbers)})

    assert names(docs.between("n")) == ["d4", "d5", "d1", "d3", "d7", "d0", "d2", "d8"]
    assert names(docs.top("n", 3)) == ["d8", "d2", "d0"]
    assert names(docs.where("kind", "k", start=1, limit=3)) == ["d5", "d6", "d1"]
    named.put(docs, d8={"n": 1, "kind": "k"}, d2={"n": None, "kind": "k"})
    assert names(docs.top("n", 2)) == ["d0", "d7"]
    wrongs: tuple[Any, ...] = ("dear", "nan", [1], 10**400, {})
    for wrong in wrongs:
        with pytest.raises(ValueError, match=r"document 'd0' of 'docs' has .* in 'n', which gives"):
            named.put(docs, d0={"n": wrong})


def test_a_refused_document_leaves_nothing_in_a_commit_that_goes_on(named: Named) -> None:
    docs = named.documents(by=["kind"], order=["n"])
    named.put(docs, d={"kind": "a", "n": 1})
    with named.commit(at(2)) as commands:
        with pytest.raises(ValueError, match="gives an order"):
            docs.put(commands, "d", {"kind": "b", "n": "dear"})
        docs.change(commands, "d", n=2)
    assert docs.where("kind", "a") == [("d", {"kind": "a", "n": 2})]
    assert docs.count("kind", "b") == 0


# --- indexes that other code filled ---------------------------------------------------


def fill_as_esnb_0_1_did(view: RedisView, name: str = "docs") -> None:
    with view.commit(at(1)) as commands:
        commands.hset(view.key(name), "old", '{"kind": "tea", "n": 1}')
        commands.zadd(view.key(name, "ids"), {"old": 0})
        commands.zadd(view.key(name, "by", "kind", "tea"), {"old": 0})
        commands.zadd(view.key(name, "order", "n"), {"old": 1})


@pytest.mark.parametrize("name", ["docs", "docs:tea"])
def test_indexes_of_esnb_0_1_are_refused(named: Named, name: str) -> None:
    fill_as_esnb_0_1_did(named, name)
    docs = named.documents(name, by=["kind"], order=["n"])
    named.at = 1
    before = named.rows()

    for ask in (
        lambda: docs.where("kind", "tea"),
        lambda: docs.count("kind", "tea"),
        lambda: docs.between("n"),
        lambda: docs.top("n"),
        lambda: named.put(docs, new={"kind": "tea"}),
        lambda: named.remove(docs, "old"),
    ):
        with pytest.raises(ViewOutdatedError, match=r"esnb 0\.1.*rebuild the view"):
            ask()
    assert (named.rows(), named.max_tracking_id("Shop")) == (before, 1)


def test_indexes_of_other_fields_are_refused(named: Named) -> None:
    first = named.documents(by=["kind"], order=["n"])
    named.put(first, d={"kind": "tea", "n": 1, "size": 2})
    wider = named.documents(by=["kind", "size"], order=["n", "size"])
    other = named.documents(by={"kind": "n"}, order=[])

    # What is there can be read, also by whoever knows less of it.
    assert names(wider.where("kind", "tea")) == names(wider.top("n")) == ["d"]
    assert names(named.documents(by=["kind"]).where("kind", "tea")) == ["d"]
    for ask in (
        lambda: wider.where("size", 2),
        lambda: wider.between("size"),
        lambda: other.where("kind", "tea"),
        lambda: named.put(wider, e={"kind": "tea"}),
        lambda: named.put(other, e={"kind": "tea"}),
    ):
        with pytest.raises(ViewOutdatedError, match=r"'docs' in view 'named' are by=.*rebuild"):
            ask()


def test_a_rebuild_makes_the_indexes_anew(redis_server: RedisServer) -> None:
    class Accounts(RedisView):
        def __init__(self, env: Environment) -> None:
            super().__init__(env)
            self.docs = Documents(self, "docs", by=["kind"], order=["n"])

        def add(self, amount: int, tracking: Tracking) -> None:
            with self.commit(tracking) as commands:
                self.docs.put(commands, tracking.notification_id, {"kind": Kind.TEA, "n": amount})

    app = Bank()
    account = app.open()
    env = {
        "REDIS_URL": redis_server.url,
        "REDIS_KEY_PREFIX": uuid4().hex,
        "DEPOSITS_PERSISTENCE_MODULE": "esnb.redis",
    }
    runner = CatchUpRunner(app, Deposits, Accounts, env)
    with runner.view.commit(Tracking(app.name, 1)) as commands:
        commands.hset(runner.view.key("docs"), "1", '{"kind": "tea"}')
    app.deposit(account, 5, 4)
    with pytest.raises(ViewOutdatedError, match="rebuild"), runner:
        runner.wait(timeout=60.0)
    runner = CatchUpRunner(app, Deposits, Accounts, env)
    runner.rebuild()
    with runner:
        runner.wait(timeout=60.0)
        docs = runner.view.docs
        assert names(docs.where("kind", "tea")) == ["2", "3"]
        assert names(docs.top("n", 1)) == ["2"]
        assert docs.get("1") is None


CATEGORIES = [None, "a", "b", "c:d", 1, 1.0, True, ["a"], Kind.TEA, "tea"]
Step = tuple[str, int, Any, int | None]
steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "change", "remove"]),
        st.integers(0, 5),
        st.sampled_from(CATEGORIES),
        st.none() | st.integers(-5, 5),
    ),
    max_size=25,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_any_changes_in_any_batches_give_what_a_dict_gives(
    redis_server: RedisServer, steps: list[Step], sizes: list[int]
) -> None:
    view, model = new_view(redis_server), dict[str, dict[str, Any]]()
    number = 0
    pending = list(steps)
    while pending:
        size = sizes[number % len(sizes)]
        with view.batch(size):
            for what, which, category, price in pending[:size]:
                number += 1
                name = f"p{which}"
                with view.commit(at(number)) as commands:
                    document = {"category": category, "price": price}
                    if what == "remove":
                        view.products.remove(commands, name)
                        model.pop(name, None)
                    elif what == "put" or name not in model:
                        view.products.put(commands, name, document)
                        model[name] = document
                    else:
                        view.products.change(commands, name, category=category)
                        model[name] = {**model[name], "category": category}
        pending = pending[size:]
    products = view.products
    assert dict(products.page()) == model
    for category in CATEGORIES:
        assert names(products.where("category", category)) == sorted(
            name
            for name, document in model.items()
            if json.dumps(document["category"]) == json.dumps(category)
        )
    priced = sorted(
        (document["price"], name)
        for name, document in model.items()
        if document["price"] is not None
    )
    assert names(products.between("price")) == [name for _, name in priced]
    assert names(products.top("price", 3)) == [name for _, name in reversed(priced)][:3]


@pytest.fixture
def docs(named: Named) -> Documents:
    docs = named.documents(by=["kind"], order=["n"])
    named.put(docs, **{f"d{n}": {"kind": "k", "n": n} for n in range(4)})
    return docs


@pytest.mark.parametrize(
    ("page", "error", "problem"),
    [
        ({"start": 1.5}, TypeError, "start=1.5 is not a whole number"),
        ({"start": True}, TypeError, "start=True is not a whole number"),
        ({"start": None}, TypeError, "start=None is not a whole number"),
        ({"start": "0"}, TypeError, "start='0' is not a whole number"),
        ({"start": -1}, ValueError, "start=-1: pass a whole number from 0"),
        ({"start": 10**30}, ValueError, "start=1000000000"),
        ({"limit": 10**30}, ValueError, "limit=1000000000"),
        ({"limit": 10**5000}, ValueError, "limit=<int"),
        ({"limit": 0}, ValueError, "limit=0: pass a whole number from 1"),
        ({"limit": None}, TypeError, "limit=None is not a whole number"),
        ({"limit": float("nan")}, TypeError, "limit=nan is not a whole number"),
    ],
)
def test_a_page_that_is_none_names_its_argument(
    docs: Documents, page: dict[str, Any], error: type[Exception], problem: str
) -> None:
    for ask in (
        lambda: docs.page(**page),
        lambda: docs.where("kind", "k", **page),
        lambda: docs.between("n", **page),
    ):
        with pytest.raises(error, match=re.escape(problem)):
            ask()


def test_the_largest_page_is_answered(docs: Documents) -> None:
    for largest in ({"limit": 2**62}, {"start": np.int64(0), "limit": np.int64(2**62)}):
        assert len(docs.page(**largest)) == 4
        assert len(docs.where("kind", "k", **largest)) == 4
        assert len(docs.between("n", **largest)) == 4
    assert docs.page(start=2**62, limit=2**62) == docs.between("n", start=2**62, limit=2**62) == []
    assert docs.where("kind", "k", start=2**62, limit=2**62) == []
    assert len(docs.top("n", 2**62)) == 4


@pytest.mark.parametrize(
    ("count", "error"),
    [(1.5, TypeError), (True, TypeError), (None, TypeError), (0, ValueError), (-1, ValueError)],
)
def test_a_count_that_is_none_is_named(docs: Documents, count: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^count={count}"):
        docs.top("n", count)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (float("nan"), ValueError),
        (Decimal("nan"), ValueError),
        ("dear", ValueError),
        (10**400, ValueError),
        (-(10**400), ValueError),
        ([1], TypeError),
    ],
)
def test_an_end_that_is_not_a_number_is_named(
    docs: Documents, wrong: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"^low=.* is not a number that a float holds"):
        docs.between("n", wrong, 1)
    with pytest.raises(error, match=r"^high=.* is not a number that a float holds"):
        docs.between("n", 1, wrong)


def test_the_ends_of_a_range_may_be_infinite_or_text_of_numbers(docs: Documents) -> None:
    infinite, between = float("inf"), cast(Any, docs.between)
    assert names(docs.between("n", -infinite, infinite)) == ["d0", "d1", "d2", "d3"]
    assert names(between("n", "1", Decimal("2.5"))) == ["d1", "d2"]


def test_an_id_that_utf_8_cannot_write_is_named(named: Named, docs: Documents) -> None:
    problem = r"document id '\\ud800' has a lone surrogate"
    with pytest.raises(ValueError, match=problem):
        docs.get("\ud800")
    with named.commit(at(9)) as commands:
        for write in (
            lambda: docs.put(commands, "\ud800", {"n": 1}),
            lambda: docs.change(commands, "\ud800", n=1),
            lambda: docs.remove(commands, "\ud800"),
        ):
            with pytest.raises(ValueError, match=problem):
                write()
        docs.put(commands, "d9", {"n": 9})
    assert names(docs.top("n", 1)) == ["d9"]


def test_a_name_that_utf_8_cannot_write_is_refused_at_once(named: Named) -> None:
    with pytest.raises(ValueError, match=r"name of documents '\\udc00' has a lone surrogate"):
        Documents(named, "\udc00")
    wrongs: tuple[dict[str, Any], ...] = ({"by": ["\udc00"]}, {"order": ["\udc00"]})
    for fields in wrongs:
        with pytest.raises(ValueError, match=r"field '\\udc00' has a lone surrogate"):
            named.documents(**fields)
