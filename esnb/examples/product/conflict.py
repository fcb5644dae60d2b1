"""Repeating a command that lost a race."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from returns.result import Failure, Result

from esnb.examples.product.errors import ConcurrencyConflict, ProductError

T = TypeVar("T")


def retry_conflicts(
    command: Callable[[], Result[T, ProductError]], *, attempts: int = 3
) -> Result[T, ProductError]:
    """The outcome of `command`, repeated while it fails by a `ConcurrencyConflict`.

    Every command of `ProductApplication` loads the product again, so repeating it
    decides on what the other one wrote. Other failures are final at once; after
    `attempts` the last conflict is returned. Raises `ValueError` when `attempts`
    is less than one.

    >>> from decimal import Decimal
    >>> from esnb.examples.product import ProductApplication
    >>> app = ProductApplication()
    >>> lamp = app.create_product(
    ...     name="Lamp", description="", price=40, category="lighting", sku="L-1"
    ... ).unwrap()
    >>> retry_conflicts(lambda: app.update_price(lamp, Decimal("39"), "clearance"))
    <Success: 2>
    """
    if attempts < 1:
        raise ValueError(f"attempts={attempts}: a command is tried at least once")
    result = command()
    for _ in range(attempts - 1):
        match result:
            case Failure(ConcurrencyConflict()):
                result = command()
            case _:
                break
    return result
