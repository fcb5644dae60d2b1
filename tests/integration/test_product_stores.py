"""The product application on the embedded stores, through the whole stack."""

from decimal import Decimal
from uuid import UUID

import pytest
from eventsourcing.projection import ProjectionRunner
from returns.result import Failure, Success

import esnb
from esnb.examples.product import (
    Catalogue,
    CatalogueProjection,
    ConcurrencyConflict,
    ProductApplication,
    ProductExists,
)


@pytest.fixture
def stores(emptied_stores: esnb.Stores) -> esnb.Stores:
    return emptied_stores


@pytest.fixture
def app(stores: esnb.Stores) -> ProductApplication:
    return stores.application(ProductApplication)


def create(app: ProductApplication, sku: str = "LAMP-1", price: str = "49.90") -> UUID:
    return app.create_product(
        name="Desk lamp", description="", price=Decimal(price), category="lighting", sku=sku
    ).unwrap()


def test_streams_and_types_are_readable_by_everyone(
    stores: esnb.Stores, app: ProductApplication
) -> None:
    lamp = create(app)
    app.update_price(lamp, Decimal("44.90"), reason="sale").unwrap()
    app.deactivate(lamp, reason="sold out").unwrap()

    recorded = stores.eventstoredb.get_stream(f"Product-{lamp}")

    assert [event.type for event in recorded] == [
        "Product.Created",
        "Product.PriceUpdated",
        "Product.Deactivated",
    ]
    assert {event.content_type for event in recorded} == {"application/json"}


@pytest.mark.parametrize("price", ["0", "0.10", "1E+3", "9" * 40 + ".01", "1E-30"])
def test_prices_keep_every_digit(app: ProductApplication, price: str) -> None:
    lamp = create(app, price=price)
    assert str(app.product(lamp).unwrap().price) == price


def test_of_two_copies_the_first_to_save_wins(app: ProductApplication) -> None:
    lamp = create(app)
    anna, ben = app.product(lamp).unwrap(), app.product(lamp).unwrap()
    anna.update_price(Decimal(40), reason="Anna")
    ben.update_price(Decimal(60), reason="Ben")

    assert app.record(anna) == Success(2)
    refused = app.record(ben)

    assert isinstance(refused, Failure)
    assert isinstance(refused.failure(), ConcurrencyConflict)
    assert app.product(lamp).unwrap().price == Decimal(40)


def test_a_sku_is_created_once(app: ProductApplication) -> None:
    create(app)
    refused = app.create_product(
        name="Other", description="", price=1, category="lighting", sku="LAMP-1"
    )
    assert isinstance(refused, Failure)
    assert isinstance(refused.failure(), ProductExists)


def test_another_process_starts_from_the_snapshot_in_redis(
    stores: esnb.Stores, app: ProductApplication
) -> None:
    lamp = create(app)
    for step in range(2, 8):
        app.update_price(lamp, Decimal(step), reason="step").unwrap()

    snapshots = esnb.snapshots(app, lamp)
    other = stores.application(ProductApplication)

    assert snapshots["version"].tolist() == [5]
    assert snapshots["store"].tolist() == ["redis"]
    assert other.product(lamp).unwrap().price == Decimal(7)
    assert other.product(lamp, version=6).unwrap().price == Decimal(6)
    assert other.product(lamp, version=3).unwrap().price == Decimal(3)


def test_the_catalogue_follows_and_goes_on_from_its_checkpoint(
    stores: esnb.Stores, app: ProductApplication
) -> None:
    lamp, other = create(app), create(app, sku="LAMP-2", price="9.99")
    app.deactivate(other).unwrap()

    def caught_up() -> Catalogue:
        with ProjectionRunner(
            application_class=ProductApplication,
            projection_class=CatalogueProjection,
            view_class=Catalogue,
            env=stores.env,
        ) as runner:
            runner.wait(app.recorder.max_notification_id(), timeout=60)
            return runner.view

    first = caught_up()
    assert [entry.sku for entry in first.priced()] == ["LAMP-1"]
    app.update_price(lamp, Decimal("39.00"), reason="clearance").unwrap()
    second = caught_up()

    assert [entry.price for entry in second.priced()] == [Decimal("39.00")]
    assert second.totals() == {"for_sale": 1, "withdrawn": 1, "price_updates": 1}
    assert second.max_tracking_id("Product") == app.recorder.max_notification_id()
