"""The catalogue: what is for sale, as a read model in Redis."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from eventsourcing.persistence import Tracking

from esnb.redis import RedisView


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

    Keys, behind the view's own prefix: hash `product:<id>` with the entry,
    hash `skus` (SKU to id), sorted sets `category:<category>` (in order of
    creation) and `prices` (by price) of what is for sale, hashes `categories`
    and `totals` with counts.
    """

    # --- what the projection writes -------------------------------------------

    def add(self, entry: CatalogueEntry, tracking: Tracking) -> None:
        """A new product, for sale."""
        with self.commit(tracking) as commands:
            commands.hset(
                self.key("product", entry.id),
                mapping={
                    "sku": entry.sku,
                    "name": entry.name,
                    "description": entry.description,
                    "category": entry.category,
                    "price": str(entry.price),
                    "active": int(entry.active),
                },
            )
            # Ids of one's own may give a SKU twice: it stays with the first.
            commands.hsetnx(self.key("skus"), entry.sku, str(entry.id))
            commands.zadd(
                self.key("category", entry.category), {str(entry.id): tracking.notification_id}
            )
            commands.zadd(self.key("prices"), {str(entry.id): float(entry.price)})
            commands.hincrby(self.key("categories"), entry.category, 1)
            commands.hincrby(self.key("totals"), "for_sale", 1)

    def reprice(self, product_id: UUID, price: Decimal, tracking: Tracking) -> None:
        """A new price."""
        with self.commit(tracking) as commands:
            commands.hset(self.key("product", product_id), "price", str(price))
            commands.zadd(self.key("prices"), {str(product_id): float(price)})
            commands.hincrby(self.key("totals"), "price_updates", 1)

    def withdraw(self, product_id: UUID, tracking: Tracking) -> None:
        """Not for sale any more: found by id and SKU only."""
        category = self.redis.hget(self.key("product", product_id), "category")
        if category is None:
            raise CatalogueError(
                f"product {product_id} is withdrawn at {tracking.notification_id}, but its creation "
                "is not in the catalogue: rebuild it from the first event"
            )
        with self.commit(tracking) as commands:
            commands.hset(self.key("product", product_id), "active", 0)
            commands.zrem(self.key("category", category), str(product_id))
            commands.zrem(self.key("prices"), str(product_id))
            commands.hincrby(self.key("categories"), category, -1)
            commands.hincrby(self.key("totals"), "for_sale", -1)
            commands.hincrby(self.key("totals"), "withdrawn", 1)

    # --- what readers ask -------------------------------------------------------

    def get(self, product_id: UUID) -> CatalogueEntry | None:
        """The entry with this id, withdrawn ones too."""
        found = self._entries([str(product_id)])
        return found[0] if found else None

    def by_sku(self, sku: str) -> CatalogueEntry | None:
        """The entry with this SKU, withdrawn ones too; of two, the one created first."""
        product_id = self.redis.hget(self.key("skus"), sku)
        return None if product_id is None else self.get(UUID(str(product_id)))

    def in_category(
        self, category: str, *, start: int = 0, limit: int = 20
    ) -> list[CatalogueEntry]:
        """What is for sale in a category, in order of creation: `limit` entries from `start`."""
        _check_page(start, limit)
        key = self.key("category", category)
        return self._entries(self.redis.zrange(key, start, start + limit - 1))

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
        _check_page(start, limit)
        ids = self.redis.zrangebyscore(
            self.key("prices"),
            "-inf" if low is None else float(low),
            "+inf" if high is None else float(high),
            start=start,
            num=limit,
        )
        return self._entries(ids)

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

    def _entries(self, ids: Iterable[object]) -> list[CatalogueEntry]:
        """The entries with these ids, in one round trip; unknown ids are left out."""
        wanted = [str(product_id) for product_id in ids]
        with self.redis.pipeline(transaction=False) as pipeline:
            for product_id in wanted:
                pipeline.hgetall(self.key("product", product_id))
            found = pipeline.execute()
        return [
            CatalogueEntry(
                id=UUID(product_id),
                sku=fields["sku"],
                name=fields["name"],
                description=fields["description"],
                category=fields["category"],
                price=Decimal(fields["price"]),
                active=fields["active"] == "1",
            )
            for product_id, fields in zip(wanted, found, strict=True)
            if fields
        ]


def _check_page(start: int, limit: int) -> None:
    if start < 0 or limit < 1:
        raise ValueError(
            f"start={start}, limit={limit}: a page starts at 0 or later and has entries"
        )
