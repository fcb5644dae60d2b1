"""`esnb.browse` in JupyterLab: driven by keyboard and mouse, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

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
ARRIVALS = """
import threading

def record_when_followed():
    while not browser.following:
        followed.wait(0.05)
    shop.create_product(
        name="Late", description="", price=Decimal(1), category="lighting", sku="LATE"
    ).unwrap()

followed = threading.Event()
threading.Thread(target=record_when_followed, daemon=True).start()
"""


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


def opened(page: NotebookPage, lab: Lab, name: str, *cells: str) -> Browsing:
    """Runs a notebook of its own: a kernel of one's own, too."""
    page.open(lab.write(name, RECORD, BROWSE, *cells))
    page.run_all()
    browser = Browsing(page)
    browser.ready()
    return browser


def test_from_streams_to_events_to_one_event_and_back(lab: Lab, notebook: NotebookOpener) -> None:
    # Given the newest of 25 events
    page = notebook()
    browser = opened(page, lab, "browse_drive.ipynb", ARRIVALS)
    expect(browser.headline).to_contain_text("Deactivated")
    expect(browser.button("Next event")).to_be_disabled()
    expect(browser.button("Return to the page you came from")).to_be_disabled()

    # When stepped by keyboard and chosen from the list, then the event follows
    # (JupyterLab keeps the arrow keys for itself, whatever is focused)
    browser.root.get_by_role("button", name="Previous event").press("Space")
    expect(browser.headline).to_contain_text("PriceUpdated")
    browser.events.press("PageUp")
    expect(browser.headline).not_to_contain_text("PriceUpdated version 2")
    browser.events.get_by_role("option").nth(17).click()
    expect(browser.headline).to_contain_text("Created")
    expect(browser.detail).to_contain_text("'Lamp 11'")

    # When the correlated events are asked for, then there are the flow's
    browser.button("All events with the same correlation id").click()
    expect(browser.events.get_by_role("option")).to_have_count(2)
    expect(browser.headline).to_contain_text("Created")
    browser.button("Return to the page you came from").click()
    expect(browser.events.get_by_role("option")).to_have_count(20)
    expect(browser.headline).to_contain_text("Created")

    # When its stream is opened, then both the lists say so
    browser.button("All events of this event's stream").click()
    expect(browser.events.get_by_role("option")).to_have_count(3)
    expect(browser.headline).to_contain_text("version 1")

    # When filtered, searched and cleared
    browser.field("Type").fill("price*")
    browser.field("Type").press("Enter")
    expect(browser.events.get_by_role("option")).to_have_count(1)
    browser.field("Contains").fill("no such text")
    browser.field("Contains").press("Enter")
    expect(browser.note).to_contain_text("no events match the filter")
    browser.button("Remove every filter").click()
    expect(browser.events.get_by_role("option")).to_have_count(3)
    browser.field("Since").fill("soon")
    browser.field("Since").press("Enter")
    expect(browser.root.get_by_role("alert")).to_contain_text("is not a time")
    browser.field("Since").fill("")
    browser.field("Since").press("Enter")
    expect(browser.root.get_by_role("alert")).to_have_count(0)

    # When a stream is found by a pattern and chosen, and the whole log again
    browser.field("Find a stream").fill("product-*")
    browser.field("Find a stream").press("Enter")
    expect(browser.streams.get_by_role("option")).to_have_count(13)
    browser.streams.get_by_role("option").nth(3).click()
    expect(browser.events.get_by_role("option")).to_have_count(2)
    browser.streams.get_by_role("option").first.click()
    expect(browser.events.get_by_role("option")).to_have_count(20)
    browser.button("The page of events before this one").click()
    expect(browser.events.get_by_role("option")).to_have_count(5)

    # When copied
    browser.root.get_by_role("tab", name="JSON").click()
    expect(browser.field("JSON to copy")).to_have_value(re.compile('"stream": "'))

    # When followed, then what is recorded meanwhile appears
    browser.button("Show new events as they are recorded").click()
    expect(browser.headline).to_contain_text("Created version 1")
    expect(browser.events.get_by_role("option").last).to_contain_text("Created")
    expect(browser.streams.get_by_role("option")).to_have_count(14)
    browser.button("Show new events as they are recorded").click()


@pytest.mark.timeout(400)  # many looks, and each run of axe takes seconds
def test_a_browser_can_be_read_in_every_theme_and_width(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook(height=1100)
    browser = opened(page, lab, "browse_look.ipynb")
    browser.button("Previous event").click()
    expect(browser.headline).to_contain_text("PriceUpdated")
    page.page.get_by_text("Saved view", exact=True).click()
    saved = page.page.locator(".esnb-folded")
    expect(saved.get_by_text("PriceUpdated").first).to_be_visible()
    # Trees and events fold and unfold by keyboard
    streams = saved.locator(".esnb-streams > summary")
    expect(saved.locator(".esnb-streams table")).to_be_hidden()
    streams.press("Space")
    expect(saved.locator(".esnb-streams table")).to_be_visible()
    for name in page.looks("browse"):
        for tab in ("Python", "Event"):
            browser.root.get_by_role("tab", name=tab).click()
            page.picture(f"{name}-{tab.lower()}", browser.root)
        page.picture(f"{name}-saved", saved)
        # Nothing sticks out to the right
        assert browser.root.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
        # Nothing that axe calls serious: contrast, names, roles
        assert page.grave_findings(".esnb-browse") == []
        if "-wide-" in name:  # the same elements when narrow, and each run takes seconds
            assert page.grave_findings(".esnb-folded") == []
