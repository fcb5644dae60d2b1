"""From product events to the catalogue."""

from __future__ import annotations

from typing import Any

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection
from eventsourcing.utils import get_topic

from esnb.examples.product.catalogue import Catalogue, CatalogueEntry
from esnb.examples.product.product import Product


class CatalogueProjection(Projection[Catalogue]):
    """Keeps a `Catalogue` up to date with the events of a `ProductApplication`.

    Every event of a product matters to it; one that it does not know stops it
    with a `TypeError` instead of being passed over.
    """

    name = "catalogue"
    topics = (
        get_topic(Product.Created),
        get_topic(Product.PriceUpdated),
        get_topic(Product.Deactivated),
    )

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        raise TypeError(f"the catalogue does not know {get_topic(type(domain_event))}")

    @process_event.register
    def _(self, domain_event: Product.Created, tracking: Tracking) -> None:
        entry = CatalogueEntry(
            id=domain_event.originator_id,
            sku=domain_event.sku,
            name=domain_event.name,
            description=domain_event.description,
            category=domain_event.category,
            price=domain_event.price,
            active=True,
        )
        self.view.add(entry, tracking)

    @process_event.register
    def _(self, domain_event: Product.PriceUpdated, tracking: Tracking) -> None:
        self.view.reprice(domain_event.originator_id, domain_event.price, tracking)

    @process_event.register
    def _(self, domain_event: Product.Deactivated, tracking: Tracking) -> None:
        self.view.withdraw(domain_event.originator_id, tracking)
