"""ProductApplication in memory and on SQLite: commands, conflicts, snapshots."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from esnb.examples.product import (
    ConcurrencyConflict,
    EmptyText,
    InvalidPrice,
    Product,
    ProductApplication,
    ProductError,
    ProductExists,
    ProductInactive,
    ProductNotFound,
    retry_conflicts,
)


@pytest.fixture(params=["memory", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProductApplication]:
    env = {}
    if request.param == "sqlite":
        env = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(tmp_path / "products.db"),
        }
    with ProductApplication(env=env) as application:
        yield application


def create(
    app: ProductApplication, sku: str = "LAMP-1", **changes: object
) -> Result[UUID, ProductError]:
    details: dict[str, object] = {
        "name": "Desk lamp",
        "description": "Brass",
        "price": Decimal("49.90"),
        "category": "lighting",
    }
    return app.create_product(sku=sku, **{**details, **changes})  # type: ignore[arg-type]


def recorded(app: ProductApplication) -> list[str]:
    return [
        notification.topic.rpartition(".")[2]
        for notification in app.recorder.select_notifications(None, 1000)
    ]


def refusal(result: Result[object, ProductError]) -> ProductError:
    assert isinstance(result, Failure)
    error: ProductError = result.failure()
    return error


def test_the_life_of_a_product(app: ProductApplication) -> None:
    lamp = create(app).unwrap()

    assert app.update_price(lamp, Decimal("44.90"), reason="sale") == Success(2)
    assert app.deactivate(lamp, reason="discontinued") == Success(3)

    now = app.product(lamp).unwrap()
    assert (now.price, now.active, now.version) == (Decimal("44.90"), False, 3)
    assert app.product(lamp, version=1).unwrap().price == Decimal("49.90")
    assert recorded(app) == ["Created", "PriceUpdated", "Deactivated"]


def test_an_id_of_ones_own(app: ProductApplication) -> None:
    number = uuid4()
    assert create(app, id=number) == Success(number)
    assert app.product(number).unwrap().sku == "LAMP-1"


def test_refused_commands_record_nothing(app: ProductApplication) -> None:
    lamp = create(app).unwrap()
    app.deactivate(lamp).unwrap()
    before = recorded(app)

    assert isinstance(refusal(create(app, sku=" ")), EmptyText)
    assert isinstance(refusal(create(app, sku="NEW", name="")), EmptyText)
    assert isinstance(refusal(create(app, sku="NEW", price=Decimal(-1))), InvalidPrice)
    assert isinstance(refusal(app.update_price(lamp, Decimal(1), "late")), ProductInactive)
    assert isinstance(refusal(app.deactivate(lamp)), ProductInactive)
    assert isinstance(refusal(app.update_price(uuid4(), Decimal(1), "who?")), ProductNotFound)
    assert isinstance(refusal(app.deactivate(uuid4())), ProductNotFound)

    assert recorded(app) == before


def test_a_sku_is_created_once(app: ProductApplication) -> None:
    lamp = create(app).unwrap()

    error = refusal(create(app, name="The other lamp"))

    assert isinstance(error, ProductExists)
    assert (error.product_id, error.sku) == (lamp, "LAMP-1")
    assert app.product(lamp).unwrap().name == "Desk lamp"


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_version_that_does_not_exist_is_not_found(app: ProductApplication, version: int) -> None:
    lamp = create(app).unwrap()

    error = refusal(app.product(lamp, version=version))

    assert isinstance(error, ProductNotFound)
    assert error.version == version
    assert f"has a version {version}" in str(error)


def test_of_two_copies_the_first_to_save_wins(app: ProductApplication) -> None:
    lamp = create(app).unwrap()
    anna, ben = app.product(lamp).unwrap(), app.product(lamp).unwrap()
    anna.update_price(Decimal(40), reason="Anna")
    ben.update_price(Decimal(60), reason="Ben")

    assert app.record(anna) == Success(2)
    error = refusal(app.record(ben))

    assert isinstance(error, ConcurrencyConflict)
    assert (error.product_id, error.sku, error.version) == (lamp, "LAMP-1", 2)
    assert "load it again and repeat the command" in str(error)
    assert app.product(lamp).unwrap().price == Decimal(40)
    assert app.update_price(lamp, Decimal(60), reason="Ben, again") == Success(3)


class Overtaken(ProductApplication):
    """Somebody else changes the product between load and save, `races` times."""

    races = 0

    def record(self, product: Product) -> Result[int, ProductError]:
        if self.races:
            self.races -= 1
            other: Product = self.repository.get(product.id)
            other.update_price(other.price + 1, reason="overtaken")
            self.save(other)
        return super().record(product)


@pytest.mark.parametrize("races", [0, 1, 2])
def test_a_retried_command_decides_on_what_the_other_wrote(races: int) -> None:
    app = Overtaken()
    lamp = create(app).unwrap()
    app.races = races

    result = retry_conflicts(lambda: app.update_price(lamp, Decimal(1), reason="mine"))

    assert result == Success(2 + races)
    assert app.product(lamp).unwrap().price == Decimal(1)


def test_retrying_ends_with_the_last_conflict() -> None:
    app = Overtaken()
    lamp = create(app).unwrap()
    app.races = 5

    error = refusal(retry_conflicts(lambda: app.update_price(lamp, Decimal(1), "mine"), attempts=3))

    assert isinstance(error, ConcurrencyConflict)
    assert error.version == 4
    assert app.races == 2


def test_other_failures_are_not_retried() -> None:
    app = ProductApplication()
    calls = []

    def command() -> Result[int, ProductError]:
        calls.append(1)
        return app.deactivate(UUID(int=1))

    assert isinstance(refusal(retry_conflicts(command)), ProductNotFound)
    assert len(calls) == 1
    with pytest.raises(ValueError, match="attempts=0"):
        retry_conflicts(command, attempts=0)


def test_every_fifth_version_is_snapshotted_and_used(app: ProductApplication) -> None:
    lamp = create(app).unwrap()
    for step in range(2, 8):
        app.update_price(lamp, Decimal(step), reason="step").unwrap()

    assert app.snapshots is not None
    (snapshot,) = app.snapshots.get(lamp)
    assert snapshot.originator_version == 5
    reads: list[int | None] = []
    select = app.recorder.select_events

    def watched(*args: object, gt: int | None = None, **kwargs: object) -> list[StoredEvent]:
        reads.append(gt)
        return list(select(*args, gt=gt, **kwargs))  # type: ignore[arg-type]

    app.recorder.select_events = watched  # type: ignore[method-assign]
    assert app.product(lamp).unwrap().price == Decimal(7)
    assert app.product(lamp, version=6).unwrap().price == Decimal(6)
    assert app.product(lamp, version=4).unwrap().price == Decimal(4)
    assert reads == [5, 5, None]


def test_what_is_no_matter_of_the_domain_is_raised() -> None:
    class Unreachable(ProductApplication):
        def save(self, *args: object, **kwargs: object) -> list[object]:  # type: ignore[override]
            raise OperationalError("server out of reach")

    with pytest.raises(OperationalError, match="out of reach"):
        create(Unreachable())


@pytest.mark.once
@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    prices=st.lists(
        st.decimals(min_value=0, allow_nan=False, allow_infinity=False), min_size=1, max_size=8
    )
)
def test_prices_come_back_with_every_digit(app: ProductApplication, prices: list[Decimal]) -> None:
    number = uuid4()
    create(app, id=number, price=prices[0]).unwrap()
    for price in prices[1:]:
        app.update_price(number, price, reason="as is").unwrap()

    for version, price in enumerate(prices, start=1):
        stored = app.product(number, version=version).unwrap().price
        assert stored.as_tuple() == price.copy_abs().as_tuple()
