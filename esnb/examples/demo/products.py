"""The first half of the demo: the life of a desk lamp."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd

import esnb
from esnb.examples.demo.narrator import Narrator
from esnb.examples.demo.projecting import catch_up
from esnb.examples.product import (
    Catalogue,
    CatalogueProjection,
    Product,
    ProductApplication,
    retry_conflicts,
)
from esnb.stores import Stores

ASSORTMENT = [
    ("Desk lamp", "Brass, 40 cm", "49.90", "lighting", "LAMP-1"),
    ("Floor lamp", "Linen shade", "129.00", "lighting", "LAMP-2"),
    ("Desk", "Oak, 140 × 70 cm", "389.00", "furniture", "DESK-1"),
]


def tell(stores: Stores, narrator: Narrator) -> None:
    """The product story, from the first event to the read model."""
    app = stores.application(ProductApplication)
    lamp = _create(app, narrator)
    _change(app, lamp, narrator)
    _refuse(app, lamp, narrator)
    _collide(app, lamp, narrator)
    _snapshot(app, lamp, narrator)
    _reload(stores, lamp, narrator)
    _look_back(app, lamp, narrator)
    _deactivate(app, lamp, narrator)
    _project(stores, app, narrator)


def _create(app: ProductApplication, narrator: Narrator) -> UUID:
    narrator.step(
        "Create products",
        "Each becomes a stream of its own, Product-<id>, whose first event says all that is known "
        "of it. Commands answer with a Result: Success(…) or Failure(…), never a surprise.",
    )
    ids = []
    for name, description, price, category, sku in ASSORTMENT:
        result = app.create_product(
            name=name, description=description, price=Decimal(price), category=category, sku=sku
        )
        narrator.result(f"create {sku}: {result}")
        ids.append(result.unwrap())
    return ids[0]


def _change(app: ProductApplication, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Change a price",
        "The old price is not overwritten: an event with the new one and the reason follows it. "
        "Success holds the product's new version.",
    )
    result = app.update_price(lamp, Decimal("44.90"), reason="spring sale")
    narrator.result(f"LAMP-1 at 44.90: {result}")
    result.unwrap()


def _refuse(app: ProductApplication, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Refuse a command",
        "A rule of the domain says no, and the log stays as it was.",
    )
    before = app.recorder.max_notification_id()
    narrator.result(f"LAMP-1 at -5: {app.update_price(lamp, Decimal(-5), reason='typo')}")
    nameless = app.create_product(
        name=" ", description="", price=Decimal(1), category="lighting", sku="LAMP-3"
    )
    narrator.result(f"a product without a name: {nameless}")
    nothing = app.recorder.max_notification_id() == before
    narrator.result(f"nothing was recorded: {nothing}")


def _collide(app: ProductApplication, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Collide",
        "Anna and Ben load the same lamp at version 2 and both change its price. EventStoreDB "
        "appends only at the version that the writer saw, so the second one is told. His copy is "
        "worthless now; the command is repeated on what Anna wrote.",
    )
    anna, ben = app.product(lamp).unwrap(), app.product(lamp).unwrap()
    anna.update_price(Decimal("42.00"), reason="Anna: match the competitor")
    ben.update_price(Decimal("47.50"), reason="Ben: brass got dearer")
    narrator.result(f"Anna saves: {app.record(anna)}")
    narrator.result(f"Ben saves:  {app.record(ben)}")
    again = retry_conflicts(
        lambda: app.update_price(lamp, Decimal("47.50"), reason="Ben: brass got dearer")
    )
    narrator.result(f"Ben's command, repeated: {again}")
    again.unwrap()


def _snapshot(app: ProductApplication, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Snapshot",
        "Every fifth version of a product is kept in Redis, so that loading it need not begin at "
        "its first event. Three more prices bring the lamp to version 7 and a snapshot of 5.",
    )
    for price, reason in [
        ("45.00", "round figure"),
        ("39.00", "clearance"),
        ("35.00", "last call"),
    ]:
        app.update_price(lamp, Decimal(price), reason=reason).unwrap()
    narrator.show(esnb.snapshots(app, lamp)[["version", "store", "time"]])


def _reload(stores: Stores, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Reload and catch up",
        "A second application, as another process would have it, loads the lamp: the snapshot, "
        "then the events after it. This is what the library folded:",
    )
    folded: list[str] = []

    def projector(product: Product | None, events: Iterable[Any]) -> Product | None:
        for event in events:
            folded.append(f"{type(event).__name__} {event.originator_version}")
            product = event.mutate(product)
        return product

    app = stores.application(ProductApplication)
    product: Product = app.repository.get(lamp, projector_func=projector)
    narrator.result(", ".join(folded))
    narrator.result(f"version {product.version}, price {product.price}")


def _look_back(app: ProductApplication, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Look back",
        "Nothing was overwritten, so any version can be seen again: here version 2, what "
        "distinguishes it from version 7, and the whole history, one state per version.",
    )
    then = app.product(lamp, version=2).unwrap()
    narrator.result(f"version 2 cost {then.price}; {app.product(lamp, version=99)}")
    narrator.show(esnb.diff(app, lamp, before=2, after=7))
    narrator.show(esnb.history(app, lamp)[["version", "type", "time", "changed", "active"]])


def _deactivate(app: ProductApplication, lamp: UUID, narrator: Narrator) -> None:
    narrator.step(
        "Deactivate",
        "The lamp goes out of sale. Its history stays, and from now on every change is refused.",
    )
    narrator.result(f"deactivate LAMP-1: {app.deactivate(lamp, reason='sold out')}")
    narrator.result(f"LAMP-1 at 1: {app.update_price(lamp, Decimal(1), reason='too late')}")
    narrator.say("All that EventStoreDB holds of the application, one row per stream and type:")
    narrator.show(esnb.streams(app)[["category", "stream", "events"]])
    events = esnb.events(app)
    narrator.show(events.groupby("type", as_index=False).size().rename(columns={"size": "events"}))


def _project(stores: Stores, app: ProductApplication, narrator: Narrator) -> None:
    narrator.step(
        "Project into a catalogue",
        "A projection reads the events in order and keeps a read model in Redis. Each change and "
        "the checkpoint are one atomic step: after a crash no event is lost and none counts twice.",
    )
    catalogue, checkpoint = catch_up(
        stores,
        ProductApplication,
        CatalogueProjection,
        Catalogue,
        app.recorder.max_notification_id(),
    )
    narrator.result(f"totals {catalogue.totals()}, by category {catalogue.categories()}")
    narrator.say("For sale, cheapest first:")
    narrator.show(
        pd.DataFrame(
            [(e.sku, e.name, e.category, e.price) for e in catalogue.priced()],
            columns=["sku", "name", "category", "price"],
        )
    )
    narrator.say("The indexes and counts as Redis holds them, and the checkpoint:")
    held = esnb.read_model(catalogue)
    narrator.show(held[held["key"] != "products"])
    narrator.show(checkpoint)
