"""The catalogue in a real Redis shows what the products are."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import IntegrityError, Tracking
from eventsourcing.utils import Environment
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import esnb
from esnb.examples.product import (
    Catalogue,
    CatalogueEntry,
    CatalogueError,
    CatalogueProjection,
    Product,
    ProductApplication,
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with esnb.connect(embedded=True) as stores:
        yield stores.env["REDIS_URL"]


def empty_catalogue(url: str) -> Catalogue:
    prefix = f"test-{uuid4().hex}"
    return Catalogue.construct(
        Environment("catalogue", {"REDIS_URL": url, "REDIS_KEY_PREFIX": prefix})
    )


@pytest.fixture
def catalogue(url: str) -> Catalogue:
    return empty_catalogue(url)


@pytest.fixture
def app() -> Iterator[ProductApplication]:
    with ProductApplication() as application:
        yield application


def create(app: ProductApplication, sku: str, price: str = "1", category: str = "desk") -> UUID:
    return app.create_product(
        name=f"Name of {sku}",
        description="",
        price=Decimal(price),
        category=category,
        sku=sku,
    ).unwrap()


def project(app: ProductApplication, catalogue: Catalogue) -> None:
    """Applies what was recorded after the catalogue's checkpoint."""
    projection = CatalogueProjection(catalogue)
    position = catalogue.max_tracking_id(app.name)
    for notification in app.recorder.select_notifications(position, 1000, inclusive_of_start=False):
        event: Any = app.mapper.to_domain_event(notification)
        projection.process_event(event, Tracking(app.name, notification.id))


def skus(entries: list[CatalogueEntry]) -> list[str]:
    return [entry.sku for entry in entries]


def test_an_entry_is_all_of_the_product(app: ProductApplication, catalogue: Catalogue) -> None:
    lamp = app.create_product(
        name="Lämp: 1", description="a\nb", price=Decimal("49.90"), category="a:b", sku="L:1"
    ).unwrap()
    app.update_price(lamp, Decimal("44.900"), reason="sale").unwrap()

    project(app, catalogue)

    entry = CatalogueEntry(lamp, "L:1", "Lämp: 1", "a\nb", "a:b", Decimal("44.900"), True)
    assert catalogue.get(lamp) == catalogue.by_sku("L:1") == entry
    assert str(entry.price) == str(catalogue.get(lamp).price)  # type: ignore[union-attr]
    assert catalogue.in_category("a:b") == [entry]
    assert catalogue.categories() == {"a:b": 1}
    assert catalogue.totals() == {"for_sale": 1, "withdrawn": 0, "price_updates": 1}


def test_nothing_is_found_in_an_empty_catalogue(catalogue: Catalogue) -> None:
    assert catalogue.get(uuid4()) is None
    assert catalogue.by_sku("L") is None
    assert catalogue.in_category("desk") == catalogue.priced() == []
    assert catalogue.categories() == {}
    assert catalogue.totals() == {"for_sale": 0, "withdrawn": 0, "price_updates": 0}


def test_categories_are_paged_in_order_of_creation(
    app: ProductApplication, catalogue: Catalogue
) -> None:
    for number in range(7):
        create(app, f"S{number}", category="desk" if number % 2 else "chair")
    project(app, catalogue)

    assert skus(catalogue.in_category("chair", limit=3)) == ["S0", "S2", "S4"]
    assert skus(catalogue.in_category("chair", start=3, limit=3)) == ["S6"]
    assert catalogue.in_category("sofa") == []
    assert catalogue.categories() == {"chair": 4, "desk": 3}


def test_price_ranges_include_both_ends_cheapest_first(
    app: ProductApplication, catalogue: Catalogue
) -> None:
    for sku, price in [("A", "0.3"), ("B", "0.1"), ("C", "10"), ("D", "0.2"), ("E", "1E+3")]:
        create(app, sku, price)
    project(app, catalogue)

    assert skus(catalogue.priced()) == ["B", "D", "A", "C", "E"]
    assert skus(catalogue.priced(Decimal("0.2"), Decimal(10))) == ["D", "A", "C"]
    assert skus(catalogue.priced(low=Decimal("0.30"))) == ["A", "C", "E"]
    assert skus(catalogue.priced(high=Decimal("0.3"), start=1, limit=1)) == ["D"]


@pytest.mark.parametrize(
    ("start", "limit", "problem"), [(-1, 5, "start=-1: pass"), (0, 0, "limit=0: pass")]
)
def test_pages_that_make_no_sense(
    catalogue: Catalogue, start: int, limit: int, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        catalogue.priced(start=start, limit=limit)
    with pytest.raises(ValueError, match=problem):
        catalogue.in_category("desk", start=start, limit=limit)


def test_withdrawn_products_are_found_by_sku_only(
    app: ProductApplication, catalogue: Catalogue
) -> None:
    lamp = create(app, "LAMP")
    app.deactivate(lamp).unwrap()
    project(app, catalogue)

    found = catalogue.by_sku("LAMP")
    assert found is not None
    assert not found.active
    assert catalogue.in_category("desk") == catalogue.priced() == []
    assert catalogue.categories() == {"desk": 0}
    assert catalogue.totals() == {"for_sale": 0, "withdrawn": 1, "price_updates": 0}


def test_a_sku_stays_with_the_product_that_had_it_first(
    app: ProductApplication, catalogue: Catalogue
) -> None:
    first = create(app, "LAMP")
    second = app.create_product(
        name="Other", description="", price=1, category="desk", sku="LAMP", id=uuid4()
    ).unwrap()
    project(app, catalogue)

    found = catalogue.by_sku("LAMP")
    assert found is not None
    assert found.id == first
    assert [entry.id for entry in catalogue.in_category("desk")] == [first, second]


def test_an_event_counts_once(app: ProductApplication, catalogue: Catalogue) -> None:
    create(app, "LAMP")
    project(app, catalogue)
    (notification,) = app.recorder.select_notifications(1, 10)
    event: Any = app.mapper.to_domain_event(notification)

    with pytest.raises(IntegrityError):
        CatalogueProjection(catalogue).process_event(event, Tracking(app.name, notification.id))

    assert catalogue.totals()["for_sale"] == 1


def test_an_unknown_event_stops_the_projection(catalogue: Catalogue) -> None:
    class Foreign(Aggregate):
        pass

    (event,) = Foreign().collect_events()
    with pytest.raises(TypeError, match=r"the catalogue does not know .*Foreign\.Created"):
        CatalogueProjection(catalogue).process_event(event, Tracking("Product", 1))
    assert catalogue.max_tracking_id("Product") is None


def test_an_event_without_its_creation_is_an_error(
    app: ProductApplication, catalogue: Catalogue
) -> None:
    lamp = create(app, "LAMP")
    app.deactivate(lamp).unwrap()
    _, deactivated = app.recorder.select_notifications(1, 10)
    event: Any = app.mapper.to_domain_event(deactivated)

    with pytest.raises(CatalogueError, match=f"product {lamp} is withdrawn at 2"):
        CatalogueProjection(catalogue).process_event(event, Tracking(app.name, 2))
    assert catalogue.max_tracking_id("Product") is None


def test_a_price_without_its_creation_is_an_error(
    app: ProductApplication, catalogue: Catalogue
) -> None:
    lamp = create(app, "LAMP")
    app.update_price(lamp, Decimal(2), reason="").unwrap()
    _, repriced = app.recorder.select_notifications(1, 10)
    event: Any = app.mapper.to_domain_event(repriced)

    with pytest.raises(CatalogueError, match=f"product {lamp} is repriced at 2"):
        CatalogueProjection(catalogue).process_event(event, Tracking(app.name, 2))
    assert catalogue.max_tracking_id("Product") is None


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "deactivate"]),
        st.sampled_from(["A", "B", "C"]),
        st.sampled_from(["chair", "desk"]),
        st.decimals(min_value=0, max_value=1000, places=2),
        st.booleans(),
    ),
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(commands=COMMANDS)
def test_the_catalogue_agrees_with_the_products(url: str, commands: list[Any]) -> None:
    app, catalogue = ProductApplication(), empty_catalogue(url)
    for action, sku, category, price, project_now in commands:
        number = Product.create_id(sku)
        # Refused commands are part of the story: they must leave no trace.
        if action == "create":
            app.create_product(name=sku, description="", price=price, category=category, sku=sku)
        elif action == "update":
            app.update_price(number, price, reason="")
        else:
            app.deactivate(number)
        if project_now:
            project(app, catalogue)
    project(app, catalogue)

    results = [app.product(Product.create_id(sku)).value_or(None) for sku in "ABC"]
    products = [product for product in results if product is not None]
    active = [product for product in products if product.active]
    for product in products:
        entry = catalogue.get(product.id)
        assert entry is not None
        assert (entry.sku, entry.category, entry.price, entry.active) == (
            product.sku,
            product.category,
            product.price,
            product.active,
        )
    prices = [entry.price for entry in catalogue.priced()]
    assert prices == sorted(product.price for product in active)
    for category in ("chair", "desk"):
        here = {product.sku for product in active if product.category == category}
        assert set(skus(catalogue.in_category(category))) == here
        assert catalogue.categories().get(category, 0) == len(here)
    assert catalogue.totals()["for_sale"] == len(active)
    assert catalogue.totals()["withdrawn"] == len(products) - len(active)
