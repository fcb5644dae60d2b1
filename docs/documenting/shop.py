"""A small event-sourced application: what this project tests and documents."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.projection import Projection


class SoldOutError(Exception):
    """There are not so many left."""


class Article(Aggregate):
    """Something that is kept in stock, and sold."""

    @event("Listed")
    def __init__(self, name: str, stock: int) -> None:
        self.name = name
        self.stock = stock

    def sell(self, quantity: int, to: str) -> None:
        """Takes so many out of stock; raises SoldOutError where there are fewer."""
        if quantity > self.stock:
            raise SoldOutError(f"{to} wants {quantity} {self.name}, and {self.stock} are left")
        self._sell(quantity=quantity, to=to)

    @event("Sold")
    def _sell(self, quantity: int, to: str) -> None:
        self.stock -= quantity


class Shop(Application[UUID]):
    """Lists articles and sells them."""

    def list_article(self, name: str, stock: int) -> UUID:
        """The id of a new article."""
        article = Article(name, stock)
        self.save(article)
        return article.id

    def sell(self, article_id: UUID, quantity: int, to: str) -> None:
        """Sells so many of an article."""
        article: Article = self.repository.get(article_id)
        article.sell(quantity, to)
        self.save(article)


class Sales(POPOTrackingRecorder):
    """How much each customer has bought."""

    def __init__(self) -> None:
        super().__init__()
        self.bought: dict[str, int] = {}

    def add(self, customer: str, quantity: int, tracking: Tracking) -> None:
        """So much more for a customer."""
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.bought[customer] = self.bought.get(customer, 0) + quantity


class CountSales(Projection[Sales]):
    """Fills the view from the events."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Counts what was sold."""
        if isinstance(domain_event, Article.Sold):  # type: ignore[attr-defined]
            self.view.add(domain_event.to, domain_event.quantity, tracking)
