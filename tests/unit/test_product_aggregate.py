"""Product: what it records, what it refuses."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esnb.examples.product import EmptyText, InvalidPrice, Product, ProductInactive
from esnb.examples.product.price import checked_price


def lamp(**changes: object) -> Product:
    details: dict[str, object] = {
        "name": "Desk lamp",
        "description": "Brass",
        "price": Decimal("49.90"),
        "category": "lighting",
        "sku": "LAMP-1",
    }
    return Product.create(**{**details, **changes})  # type: ignore[arg-type]


def test_created_with_everything_it_was_given() -> None:
    number = uuid4()

    product = lamp(id=number)

    assert product.id == number
    assert (product.name, product.description, product.category, product.sku) == (
        "Desk lamp",
        "Brass",
        "lighting",
        "LAMP-1",
    )
    assert product.price == Decimal("49.90")
    assert product.active
    assert product.version == 1
    (created,) = product.pending_events
    assert type(created) is Product.Created


def test_one_sku_is_one_id() -> None:
    assert lamp().id == lamp(name="Another text").id != lamp(sku="LAMP-2").id
    assert isinstance(lamp().id, UUID)


def test_a_new_price_is_recorded_with_its_reason() -> None:
    product = lamp()

    product.update_price(Decimal("44.90"), reason="spring sale")

    assert product.price == Decimal("44.90")
    event = product.pending_events[-1]
    assert isinstance(event, Product.PriceUpdated)
    assert (event.price, event.reason, event.originator_version) == (
        Decimal("44.90"),
        "spring sale",
        2,
    )


def test_deactivated_once_and_for_all() -> None:
    product = lamp()
    product.deactivate("out of stock")

    with pytest.raises(ProductInactive, match="product LAMP-1 is inactive"):
        product.update_price(Decimal(1), reason="too late")
    with pytest.raises(ProductInactive):
        product.deactivate()

    assert not product.active
    assert product.price == Decimal("49.90")
    assert [type(event).__name__ for event in product.pending_events] == ["Created", "Deactivated"]


@pytest.mark.parametrize("field", ["name", "sku"])
@pytest.mark.parametrize("text", ["", "  ", "\t\n", None])
def test_names_and_skus_are_not_empty(field: str, text: str | None) -> None:
    with pytest.raises(EmptyText) as refused:
        lamp(**{field: text})
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field} {text!r} is empty")


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (Decimal("-0.01"), "price -0.01 is negative"),
        (-1, "price -1 is negative"),
        (0.1, "price 0.1 is a float: write Decimal"),
        (True, "price True is a bool"),
        ("10", "price '10' is a str"),
        (Decimal("NaN"), "price NaN is not a finite number"),
        (Decimal("sNaN"), "price sNaN is not a finite number"),
        (Decimal("-Infinity"), "price -Infinity is not a finite number"),
    ],
)
def test_refused_prices_change_nothing(price: object, why: str) -> None:
    product = lamp()

    with pytest.raises(InvalidPrice, match=why.replace("(", r"\(")):
        product.update_price(price, reason="typo")  # type: ignore[arg-type]
    with pytest.raises(InvalidPrice):
        lamp(price=price)

    assert (product.price, product.version) == (Decimal("49.90"), 1)


def test_zero_is_a_price_and_has_no_sign() -> None:
    assert str(checked_price(Decimal("-0.00"))) == "0.00"
    assert checked_price(0) == Decimal(0)


@given(st.decimals(min_value=0, allow_nan=False, allow_infinity=False))
def test_an_exact_price_keeps_every_digit(price: Decimal) -> None:
    assert checked_price(price).as_tuple() == price.copy_abs().as_tuple()


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_price_is_accepted_when_it_is_finite_and_not_below_zero(price: Decimal) -> None:
    acceptable = price.is_finite() and price >= 0
    product = lamp()
    try:
        product.update_price(price, reason="any")
    except InvalidPrice:
        assert not acceptable
        assert product.version == 1
    else:
        assert acceptable
        assert product.price == price
        assert product.version == 2


def test_folding_old_events_refuses_nothing() -> None:
    """A rule that came later does not make the past unreadable."""
    product = lamp()
    product.trigger_event(Product.PriceUpdated, price=Decimal(-5), reason="before the rule")

    copy: Product | None = None
    for event in product.collect_events():
        copy = event.mutate(copy)

    assert copy is not None
    assert copy.price == Decimal(-5)
