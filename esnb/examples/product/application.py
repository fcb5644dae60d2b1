"""The application: product commands and queries over any event store."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import IntegrityError
from returns.result import Failure, Result, Success, safe

from esnb.examples.product.errors import (
    ConcurrencyConflict,
    ProductError,
    ProductExists,
    ProductNotFound,
)
from esnb.examples.product.product import Product

_refusable = safe(exceptions=(ProductError,))


class ProductApplication(Application[UUID]):
    """Commands return a `Result`; every fifth version of a product is snapshotted.

    A refused command is a `Failure` holding a `ProductError` and records nothing.
    What is not the domain's matter (a server out of reach) is raised: the
    library's `PersistenceError` family.
    """

    name = "Product"
    """Category of the streams in EventStoreDB: `Product-<id>`."""

    snapshotting_intervals: ClassVar[dict[type[Any], int]] = {Product: 5}

    def create_product(
        self,
        *,
        name: str,
        description: str,
        price: Decimal | int,
        category: str,
        sku: str,
        id: UUID | None = None,
    ) -> Result[UUID, ProductError]:
        """Creates a product: its id, or `EmptyText`, `InvalidPrice`, `ProductExists`."""
        new = _refusable(Product.create)(
            name=name, description=description, price=price, category=category, sku=sku, id=id
        )
        return new.bind(lambda product: self.record(product).map(lambda _: product.id))

    def update_price(
        self, product_id: UUID, price: Decimal | int, reason: str
    ) -> Result[int, ProductError]:
        """Changes the price: the new version, or why not.

        Fails with `ProductNotFound`, `ProductInactive`, `InvalidPrice` or
        `ConcurrencyConflict` (see `retry_conflicts`).
        """

        def decide(product: Product) -> Product:
            product.update_price(price, reason)
            return product

        return self.product(product_id).bind(_refusable(decide)).bind(self.record)

    def deactivate(self, product_id: UUID, reason: str = "") -> Result[int, ProductError]:
        """Takes a product out of sale: the new version, or why not.

        Fails with `ProductNotFound`, `ProductInactive` or `ConcurrencyConflict`.
        """

        def decide(product: Product) -> Product:
            product.deactivate(reason)
            return product

        return self.product(product_id).bind(_refusable(decide)).bind(self.record)

    def record(self, product: Product) -> Result[int, ProductError]:
        """Saves what happened to this copy: its version, or who was faster.

        After a failure this copy is of no use: the library has drained its
        pending events, so saving it again would record nothing.
        """
        version = product.version
        pending = product.pending_events
        first = pending[0].originator_version if pending else version
        try:
            self.save(product)
        except IntegrityError:
            if first == Product.INITIAL_VERSION:
                return Failure(ProductExists(product.id, product.sku))
            return Failure(ConcurrencyConflict(product.id, product.sku, first))
        return Success(version)

    def product(
        self, product_id: UUID, version: int | None = None
    ) -> Result[Product, ProductError]:
        """The product now or at a version, or `ProductNotFound`.

        A version that was never recorded is not found either (the repository
        alone would answer with the latest one).
        """
        try:
            product: Product = self.repository.get(product_id, version=version)
        except AggregateNotFoundError:
            return Failure(ProductNotFound(product_id, version))
        if version is not None and product.version != version:
            return Failure(ProductNotFound(product_id, version))
        return Success(product)
