"""`esnb.browse` in JupyterLab: driven by keyboard and mouse, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]

RECORD = """
from decimal import Decimal

import esnb
from esnb.examples.product import ProductApplication

stores = esnb.connect(embedded=True)
shop = stores.application(ProductApplication)
for number in range(12):
    with esnb.correlate(f"import-{number}"):
        lamp = shop.create_product(
            name=f"Lamp {number}", description="Brass", price=Decimal("49.90"),
            category="lighting", sku=f"LAMP-{number}",
        ).unwrap()
        shop.update_price(lamp, Decimal("44.90"), "spring sale")
shop.deactivate(lamp, "sold out");
"""
BROWSE = "browser = esnb.browse(shop)\nbrowser"


class Browsing:
    """The live browser on a page, by what its user perceives."""

    def __init__(self, opened: NotebookPage) -> None:
        self.root = opened.page.locator(".esnb-browse")
        self.headline = self.root.locator(".esnb-headline")
        self.streams = self.root.get_by_role("listbox", name="Streams")
        self.events = self.root.get_by_role("listbox", name="Events")
        self.detail = self.root.locator(".esnb-detail")
        self.note = self.root.locator(".esnb-events-pane .esnb-note")

    def ready(self) -> None:
        self.events.wait_for(timeout=PATIENCE)

    def field(self, name: str) -> Locator:
        return self.root.get_by_label(name, exact=True)

    def button(self, title: str) -> Locator:
        return self.root.get_by_title(title)


def browsing(
    notebook: NotebookOpener, lab: Lab, name: str, *cells: str
) -> tuple[NotebookPage, Browsing]:
    page = notebook()
    page.open(lab.write(name, RECORD, *cells))
    page.run_all()
    browser = Browsing(page)
    browser.ready()
    return page, browser


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [1360, 600])
def test_a_browser_can_be_read_in_every_theme_and_width(
    lab: Lab, notebook: NotebookOpener, theme: str, width: int
) -> None:
    page = notebook(width=width, height=1100)
    page.open(lab.write("browse_look.ipynb", RECORD, BROWSE), theme=theme)
    if width < 1000:
        page.command("application:toggle-left-area")
    page.run_all()
    browser = Browsing(page)
    browser.ready()
    browser.button("Previous event").click()
    expect(browser.headline).to_contain_text("PriceUpdated")

    # Nothing sticks out to the right
    assert browser.root.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    # Nothing that axe calls serious: contrast, names, roles
    name = f"browse-{'wide' if width > 1000 else 'narrow'}-{theme.split()[-1].lower()}"
    page.picture(name, browser.root)
    assert page.grave_findings(".esnb-browse") == []
    browser.root.get_by_role("tab", name="Python").click()
    expect(browser.field("Python to copy")).to_contain_text("")
    page.picture(f"{name}-python", browser.root)
    page.page.get_by_text("Saved view", exact=True).click()
    saved = page.page.locator(".esnb-folded")
    expect(saved.get_by_text("PriceUpdated").first).to_be_visible()
    assert page.grave_findings(".esnb-folded") == []
    page.picture(f"{name}-saved", saved)
