"""Pictures in JupyterLab: as they are drawn in light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

RECORD = """
from decimal import Decimal

from eventsourcing.application import Application

import esnb
from esnb.examples.product import Product

shop = Application()
lamp = Product.create(
    name="Desk lamp", description="Brass", price=Decimal("49.90"), category="lighting", sku="L-1"
)
for price, reason in (("44.90", "sale"), ("47.50", "Ben: brass <got> dearer"), ("39.90", "")):
    lamp.update_price(Decimal(price), reason)
lamp.deactivate("sold out")
shop.save(lamp)
"""
CELLS = (
    "esnb.plot.events(shop)",
    "esnb.plot.types(shop)",
    "esnb.plot.field(shop, lamp.id, 'price')",
    "esnb.plot.field(shop, lamp.id, 'active', times=False)",
)
TITLES = ("Events over time by type", "Event types", "price of Product", "active of Product")


def test_pictures_are_drawn_in_every_theme_and_width(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(lab.write("plot.ipynb", RECORD, *CELLS))
    page.run_all()
    drawings = page.page.locator("svg.esnb-chart")
    expect(drawings).to_have_count(len(CELLS))
    for drawing, title in zip(drawings.all(), TITLES, strict=True):
        assert (drawing.get_attribute("aria-label") or "").startswith(title)
    expect(drawings.nth(2)).to_contain_text("Ben: brass <got> dearer")
    page.page.get_by_text("As text", exact=True).first.click()
    expect(page.page.locator("pre", has_text="Product.PriceUpdated").first).to_be_visible()
    for name in page.looks("plot"):
        for number, drawing in enumerate(drawings.all()):
            drawing.scroll_into_view_if_needed()
            page.picture(f"{name}-{number}", drawing)
            assert drawing.evaluate(
                "node => node.parentElement.getBoundingClientRect().right <= "
                "node.closest('.jp-OutputArea-output').getBoundingClientRect().right + 1"
            )
        page.picture(name)
        assert page.grave_findings(".esnb-saved") == []
