"""Prices: exact, finite, zero or more."""

from __future__ import annotations

from decimal import Decimal

from esnb.examples.product.errors import InvalidPrice


def checked_price(price: Decimal | int) -> Decimal:
    """`price` as a `Decimal` with every digit it came with.

    An `int` is exact and taken as it is. A `float` is not: 0.1 has no exact
    binary form, so it raises `InvalidPrice`, as do NaN, infinities and negative
    numbers. Negative zero becomes zero.

    >>> checked_price(Decimal("10.50"))
    Decimal('10.50')
    """
    if isinstance(price, bool) or not isinstance(price, Decimal | int):
        raise InvalidPrice(repr(price), f"is a {type(price).__name__}: write Decimal('...')")
    exact = Decimal(price)
    if not exact.is_finite():
        raise InvalidPrice(price, "is not a finite number")
    if exact < 0:
        raise InvalidPrice(price, "is negative: a price is zero or more")
    return exact.copy_abs()
