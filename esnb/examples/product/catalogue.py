"""The catalogue: what is for sale, as a read model in Redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Tracking
from eventsourcing.utils import Environment

from esnb.redis import Documents, RedisView


@dataclass(frozen=True)
class CatalogueEntry:
    """One product as the catalogue shows it."""

    id: UUID
    sku: str
    name: str
    description: str
    category: str
    price: Decimal
    active: bool


class CatalogueError(LookupError):
    """An event about a product that the catalogue never saw being created."""


class Catalogue(RedisView):
    """Products by id, SKU, category and price, and how many there are.

    The entries are `Documents`: what is for sale is found by category, in order
    of creation, and by price. Beside them, behind the view's own prefix: hash
    `skus` (SKU to id), hashes `categories` and `totals` with counts.
    """

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self._products = Documents(
            self,
            "products",
            by={"category": "created"},
            order=["price"],
            indexed=lambda product: bool(product["active"]),
        )

    # --- what the projection writes -------------------------------------------

    def add(self, entry: CatalogueEntry, tracking: Tracking) -> None:
        """A new product, for sale."""
        product = asdict(entry)
        product.update(price=str(entry.price), created=tracking.notification_id)
        del product["id"]
        with self.commit(tracking) as commands:
            self._products.put(commands, entry.id, product)
            # Ids chosen by the user may allow a SKU twice: it stays with the first.
            commands.hsetnx(self.key("skus"), entry.sku, str(entry.id))
            commands.hincrby(self.key("categories"), entry.category, 1)
            commands.hincrby(self.key("totals"), "for_sale", 1)

    def reprice(self, product_id: UUID, price: Decimal, tracking: Tracking) -> None:
        """A new price."""
        with self.commit(tracking) as commands, _require_created(product_id, "repriced", tracking):
            self._products.change(commands, product_id, price=str(price))
            commands.hincrby(self.key("totals"), "price_updates", 1)

    def withdraw(self, product_id: UUID, tracking: Tracking) -> None:
        """Not for sale any more: found by id and SKU only."""
        with self.commit(tracking) as commands, _require_created(product_id, "withdrawn", tracking):
            product = self._products.change(commands, product_id, active=False)
            commands.hincrby(self.key("categories"), product["category"], -1)
            commands.hincrby(self.key("totals"), "for_sale", -1)
            commands.hincrby(self.key("totals"), "withdrawn", 1)

    # --- what readers ask -------------------------------------------------------

    def get(self, product_id: UUID) -> CatalogueEntry | None:
        """The entry with this id, withdrawn ones too."""
        product = self._products.get(product_id)
        return None if product is None else _entry(str(product_id), product)

    def by_sku(self, sku: str) -> CatalogueEntry | None:
        """The entry with this SKU, withdrawn ones too; of two, the one created first."""
        product_id = self.redis.hget(self.key("skus"), sku)
        return None if product_id is None else self.get(UUID(str(product_id)))

    def in_category(
        self, category: str, *, start: int = 0, limit: int = 20
    ) -> list[CatalogueEntry]:
        """What is for sale in a category, in order of creation: `limit` entries from `start`."""
        return _entries(self._products.where("category", category, start=start, limit=limit))

    def priced(
        self,
        low: Decimal | int | None = None,
        high: Decimal | int | None = None,
        *,
        start: int = 0,
        limit: int = 20,
    ) -> list[CatalogueEntry]:
        """What is for sale from `low` to `high`, both included, cheapest first.

        `limit` entries from `start`. Redis compares prices as floats: prices
        that differ only behind the fifteenth digit are equal to it.
        """
        lowest, highest = (None if end is None else float(end) for end in (low, high))
        return _entries(self._products.between("price", lowest, highest, start=start, limit=limit))

    def categories(self) -> dict[str, int]:
        """How many products are for sale, by category in alphabetical order."""
        counts = self.redis.hgetall(self.key("categories"))
        return {str(category): int(counts[category]) for category in sorted(counts, key=str)}

    def totals(self) -> dict[str, int]:
        """Counts over the whole catalogue: `for_sale`, `withdrawn`, `price_updates`."""
        counts = self.redis.hgetall(self.key("totals"))
        return {
            name: int(counts.get(name, 0)) for name in ("for_sale", "withdrawn", "price_updates")
        }


@contextmanager
def _require_created(product_id: UUID, what: str, tracking: Tracking) -> Iterator[None]:
    """A change of a product, which must be there."""
    try:
        yield
    except KeyError as error:
        raise CatalogueError(
            f"product {product_id} is {what} at {tracking.notification_id}, but its creation "
            "is not in the catalogue: rebuild it from the first event"
        ) from error


def _entries(found: Iterable[tuple[str, dict[str, Any]]]) -> list[CatalogueEntry]:
    return [_entry(product_id, product) for product_id, product in found]


def _entry(product_id: str, product: dict[str, Any]) -> CatalogueEntry:
    return CatalogueEntry(
        id=UUID(product_id),
        sku=product["sku"],
        name=product["name"],
        description=product["description"],
        category=product["category"],
        price=Decimal(product["price"]),
        active=product["active"],
    )
