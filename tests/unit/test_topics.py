"""Short types of Python topics; other systems' types are whole."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb
from esnb.topics import class_around, own_name, short_type, wire_type


class Order(Aggregate):
    class Placed(Aggregate.Created):
        TOPIC: ClassVar[str] = "OrderPlaced.v2"

    @event(Placed)
    def __init__(self) -> None:
        self.paid = False

    class Paid(Aggregate.Event):
        TOPIC: ClassVar[str] = "orders:paid:v1"

    @event(Paid)
    def pay(self) -> None:
        self.paid = True

    @event("Shipped")
    def ship(self) -> None:
        self.shipped = True


@pytest.mark.parametrize(
    ("stored", "type", "name", "around"),
    [
        ("shop.domain:Product.Priced", "Product.Priced", "Priced", "Product"),
        ("__main__:Registered", "Registered", "Registered", ""),
        ("m:make.<locals>.Dog.Named", "make.<locals>.Dog.Named", "Named", "make.<locals>.Dog"),
        ("läden.tee:Größe.Geändert", "Größe.Geändert", "Geändert", "Größe"),
        *(
            (each, each, each, "")
            for each in ("OrderPlaced.v2", "a.b.C, D", "a:b", "A:b", "A:B", "a:B:c", "", ":", ".")
        ),
    ],
)
def test_only_what_is_written_as_a_topic_is_shortened(
    stored: str, type: str, name: str, around: str
) -> None:
    assert wire_type(stored) == type
    assert own_name(stored, type) == name
    assert class_around(stored, type) == around


def test_explicit_topics_of_an_application_are_whole() -> None:
    app = Application[UUID]()
    order = Order()
    order.pay()
    order.ship()
    app.save(order)

    assert esnb.events(app)["type"].tolist() == [
        "OrderPlaced.v2",
        "orders:paid:v1",
        "Order.Shipped",
    ]
    page = str(esnb.explore(app, order.id, live=False))
    assert "1  OrderPlaced.v2  " in page
    assert "2  orders:paid:v1  " in page
    assert "3  Shipped  " in page
    assert short_type("orders:paid:v1") == "orders:paid:v1"
