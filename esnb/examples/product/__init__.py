"""The walkthrough domain: products, their prices, and a catalogue of them.

>>> from decimal import Decimal
>>> app = ProductApplication()                        # or env=stores.env
>>> lamp = app.create_product(
...     name="Desk lamp", description="Brass", price=Decimal("49.90"),
...     category="lighting", sku="LAMP-1",
... ).unwrap()
>>> app.update_price(lamp, Decimal("44.90"), reason="spring sale")
<Success: 2>
>>> app.update_price(lamp, Decimal("-1"), reason="typo")
<Failure: price -1 is negative: a price is zero or more>
>>> app.product(lamp).unwrap().price
Decimal('44.90')

The application runs unchanged in memory (no `env`), on SQLite and on esnb's
stores. Commands answer with a `Result` of the `returns` library: a broken rule
is a `Failure` with a `ProductError`, an unreachable server is an exception.
"""

from esnb.examples._extra import require

require("returns", wanted_by=__name__)

from esnb.examples.product.application import ProductApplication  # noqa: E402
from esnb.examples.product.catalogue import (  # noqa: E402
    Catalogue,
    CatalogueEntry,
    CatalogueError,
)
from esnb.examples.product.conflict import retry_conflicts  # noqa: E402
from esnb.examples.product.errors import (  # noqa: E402
    ConcurrencyConflict,
    EmptyText,
    InvalidPrice,
    ProductError,
    ProductExists,
    ProductInactive,
    ProductNotFound,
)
from esnb.examples.product.product import Product  # noqa: E402
from esnb.examples.product.projection import CatalogueProjection  # noqa: E402

__all__ = [
    "Catalogue",
    "CatalogueEntry",
    "CatalogueError",
    "CatalogueProjection",
    "ConcurrencyConflict",
    "EmptyText",
    "InvalidPrice",
    "Product",
    "ProductApplication",
    "ProductError",
    "ProductExists",
    "ProductInactive",
    "ProductNotFound",
    "retry_conflicts",
]


def __dir__() -> list[str]:
    return __all__
