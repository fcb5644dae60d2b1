"""What the product domain refuses, in its own words."""

from __future__ import annotations

from uuid import UUID


class ProductError(Exception):
    """Base of everything that the product domain refuses."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class InvalidPrice(ProductError):
    """A price that is negative, not finite, or not an exact number."""

    def __init__(self, price: object, why: str) -> None:
        super().__init__(price, why)
        self.price = price

    def __str__(self) -> str:
        return f"price {self.price} {self.args[1]}"


class EmptyText(ProductError):
    """A name or SKU without a visible character."""

    def __init__(self, field: str, value: object) -> None:
        super().__init__(field, value)
        self.field = field
        self.value = value

    def __str__(self) -> str:
        return f"{self.field} {self.value!r} is empty: give it at least one visible character"


class ProductInactive(ProductError):
    """A change of a product that was deactivated."""

    def __init__(self, product_id: UUID, sku: str) -> None:
        super().__init__(product_id, sku)
        self.product_id = product_id
        self.sku = sku

    def __str__(self) -> str:
        return f"product {self.sku} is inactive: it cannot be changed any more"


class ProductNotFound(ProductError):
    """No product has this id, or it has no such version."""

    def __init__(self, product_id: UUID, version: int | None = None) -> None:
        super().__init__(product_id, version)
        self.product_id = product_id
        self.version = version

    def __str__(self) -> str:
        if self.version is None:
            return f"no product has the id {self.product_id}"
        return f"no product with the id {self.product_id} has a version {self.version}"


class ProductExists(ProductError):
    """A second product with the id of the first."""

    def __init__(self, product_id: UUID, sku: str) -> None:
        super().__init__(product_id, sku)
        self.product_id = product_id
        self.sku = sku

    def __str__(self) -> str:
        return f"product {self.sku} cannot be created: the id {self.product_id} is taken"


class ConcurrencyConflict(ProductError):
    """Somebody else changed the product after this copy of it was loaded."""

    def __init__(self, product_id: UUID, sku: str, version: int) -> None:
        super().__init__(product_id, sku, version)
        self.product_id = product_id
        self.sku = sku
        self.version = version
        """The version that this copy would have become."""

    def __str__(self) -> str:
        return (
            f"product {self.sku} already has a version {self.version}, recorded by somebody "
            "else: load it again and repeat the command"
        )
