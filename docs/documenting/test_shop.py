"""The tests of the application, as sentences."""

from __future__ import annotations

from typing import Any

from shop import Article, CountSales, Sales, Shop, SoldOutError

import esnb
from esnb.testing import given, happened, projecting

Listed: Any = Article.Listed  # type: ignore[attr-defined]
Sold: Any = Article.Sold  # type: ignore[attr-defined]


def test_an_article_is_sold() -> None:
    (
        given(Article("mug", stock=3))
        .when(lambda mug: mug.sell(2, to="Ann"))
        .then(happened(Sold, quantity=2, to="Ann"))
        .then_state(stock=1)
    )


def test_no_more_are_sold_than_there_are() -> None:
    (
        given(Article("mug", stock=3))
        .when(lambda mug: mug.sell(4, to="Ann"))
        .then_raises(SoldOutError, match="3 are left")
    )


def test_sales_are_counted_by_customer() -> None:
    mug = Article("mug", stock=9)
    mug.sell(2, to="Ann")
    mug.sell(1, to="Ben")
    mug.sell(3, to="Ann")
    (
        projecting(CountSales, Sales)
        .given(*mug.collect_events())
        .then(lambda view: view.bought, {"Ann": 5, "Ben": 1})
    )


def test_the_shop_over_real_stores(esnb_stores: esnb.Stores) -> None:
    shop = esnb_stores.application(Shop)
    mug = shop.list_article("mug", stock=3)
    shop.sell(mug, 2, to="Ann")
    assert esnb.events(shop)["type"].tolist() == ["Article.Listed", "Article.Sold"]
    assert esnb.history(shop, mug)["stock"].tolist() == [3, 1]
