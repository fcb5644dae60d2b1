"""Documents with secondary indexes: what is found is what a plain dict would find."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.utils import Environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esnb.redis import Documents, RedisView
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
        "products:by:category:cellar",
        "products:order:price",
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


CATEGORIES = [None, "a", "b", "c:d"]
Step = tuple[str, int, str | None, int | None]
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
    for category in CATEGORIES[1:]:
        assert names(products.where("category", category)) == sorted(
            name for name, document in model.items() if document["category"] == category
        )
    priced = sorted(
        (document["price"], name)
        for name, document in model.items()
        if document["price"] is not None
    )
    assert names(products.between("price")) == [name for _, name in priced]
    assert names(products.top("price", 3)) == [name for _, name in reversed(priced)][:3]
