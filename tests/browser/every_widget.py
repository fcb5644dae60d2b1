"""The first cell of notebooks that show every widget, over embedded stores."""

from __future__ import annotations

RECORD = """
import threading
from decimal import Decimal

import esnb
from esnb.examples.product import Catalogue, CatalogueProjection, ProductApplication
from esnb.projections import CatchUpRunner

stores = esnb.connect(embedded=True)
shop = stores.application(ProductApplication)
with esnb.correlate("order-17"):
    lamp = shop.create_product(
        name="Desk lamp", description="Brass", price=Decimal("49.90"), category="lighting",
        sku="LAMP-1",
    ).unwrap()
    shop.update_price(lamp, Decimal("44.90"), "spring sale")
runner = CatchUpRunner(shop, CatalogueProjection, Catalogue, env=stores.env).start()
runner.wait(timeout=60)
browser, explorer = esnb.browse(shop), esnb.explore(shop, lamp)
watcher, flow = esnb.watch(runner, stores), esnb.flow(shop, "order-17", layout="lanes")
"""
FOLLOWERS = "sorted(t.name for t in threading.enumerate() if 'follow' in t.name)"
"""An expression: the threads that follow the events for the widgets that are shown."""
