"""The aggregate `Product` and its events.

Rules are checked by the methods that decide (`create`, `update_price`,
`deactivate`). The methods marked `@event` only fold: they also run when old
events are replayed, and what has happened cannot be refused afterwards.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from esnb.examples.product.errors import EmptyText, ProductInactive
from esnb.examples.product.price import checked_price

_NAMESPACE = UUID("5b2e7d1c-7d0a-4a51-9c5e-3f6a1f1b9d20")


class Product(Aggregate):
    """Something for sale: described once, priced often, in the end deactivated."""

    class Event(Aggregate.Event):
        """What can happen to a product."""

    class Created(Event, Aggregate.Created):
        """The product came into being."""

        name: str
        description: str
        price: Decimal
        category: str
        sku: str

    class PriceUpdated(Event):
        """Its price changed."""

        price: Decimal
        reason: str

    class Deactivated(Event):
        """It is not for sale any more, for good."""

        reason: str

    @staticmethod
    def create_id(sku: str) -> UUID:
        """The id of the product with this SKU, the same at every call.

        One SKU, one stream: a second product of that SKU is refused by the
        event store itself, without a look-up.
        """
        return uuid5(_NAMESPACE, sku)

    @classmethod
    def create(
        cls,
        *,
        name: str,
        description: str,
        price: Decimal | int,
        category: str,
        sku: str,
        id: UUID | None = None,
    ) -> Product:
        """A new product; its id is made from the SKU unless given.

        Raises `EmptyText` for a name or SKU without a visible character and
        `InvalidPrice` for a price that is not an exact number of zero or more.
        """
        return cls(
            id=id,
            name=_visible("name", name),
            description=description,
            price=checked_price(price),
            category=category,
            sku=_visible("sku", sku),
        )

    def update_price(self, price: Decimal | int, reason: str) -> None:
        """Sets the price. Raises `InvalidPrice`, and `ProductInactive` once deactivated."""
        self._check_active()
        self._set_price(price=checked_price(price), reason=reason)

    def deactivate(self, reason: str = "") -> None:
        """Takes the product out of sale. Raises `ProductInactive` the second time."""
        self._check_active()
        self._set_inactive(reason=reason)

    @event(Created)
    def __init__(
        self,
        *,
        id: UUID | None = None,
        name: str,
        description: str,
        price: Decimal,
        category: str,
        sku: str,
    ) -> None:
        self.name = name
        self.description = description
        self.price = price
        self.category = category
        self.sku = sku
        self.active = True

    @event(PriceUpdated)
    def _set_price(self, *, price: Decimal, reason: str) -> None:
        self.price = price

    @event(Deactivated)
    def _set_inactive(self, *, reason: str) -> None:
        self.active = False

    def _check_active(self) -> None:
        if not self.active:
            raise ProductInactive(self.id, self.sku)


def _visible(field: str, text: str) -> str:
    if not isinstance(text, str) or not text.strip():
        raise EmptyText(field, text)
    return text
