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


PARTS = (
    *("top", "filters", "says", "panes", "streams-pane", "events-pane", "event-pane"),
    *("pager", "about-page", "tabs", "list select", "copies"),
)
"""What must neither move nor change its size."""
BOXES = """(root, parts) => {
  const from = root.getBoundingClientRect();
  const box = node => {
    const {left, top, width, height} = node.getBoundingClientRect();
    return [left - from.left, top - from.top, width, height].map(Math.round);
  };
  const found = parts.map(part => [...root.querySelectorAll(`.esnb-${part}`)].map(box));
  return JSON.stringify([Math.round(from.height), found]);
}"""


def test_nothing_moves_whatever_is_shown(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook(width=1600, height=1400)
    browser = opened(page, lab, "browse_steady.ipynb")
    root = browser.root
    for width in (1600, 800):
        page.page.set_viewport_size({"width": width, "height": 1400})
        page.page.wait_for_timeout(300)  # the page is laid out anew
        first = root.evaluate(BOXES, PARTS)

        def unmoved(what: Locator, text: str | re.Pattern[str]) -> None:
            expect(what).to_contain_text(text)
            assert root.evaluate(BOXES, PARTS) == first  # noqa: B023

        for name, text in (("Type", "Created"), ("Contains", "no such text")):
            browser.field(name).fill(text)
            browser.field(name).press("Enter")
            unmoved(root.locator(".esnb-crumbs"), text)
        browser.button("Remove every filter").click()
        unmoved(browser.note, "there are earlier ones")
        for name in ("Since", "Until", "Start at"):
            browser.field(name).fill("soon <or> later")
            browser.field(name).press("Enter")
            unmoved(root.get_by_role("alert"), "is not a time")
            browser.field(name).fill("")
            browser.field(name).press("Enter")
        browser.button("The page of events before this one").click()
        unmoved(browser.note, "showing 5 events; there are later ones")
        browser.button("Newest events").click()
        browser.events.get_by_role("option").nth(2).click()
        unmoved(browser.headline, re.compile("Created|PriceUpdated"))
        browser.button("All events of this event's stream").click()
        unmoved(browser.note, "showing 2 events")
        for tab in ("JSON", "Python", "Link", "Event"):
            root.get_by_role("tab", name=tab).click()
            unmoved(root.get_by_role("tab", name=tab), tab)
        browser.button("Return to the page you came from").click()
        chip = root.get_by_role("button", name="PriceUpdated 12")
        chip.click()
        unmoved(browser.note, "showing 12 events")
        chip.click()
        unmoved(browser.note, "showing 20 events")
        follow = browser.button("Show new events as they are recorded")
        follow.click()
        unmoved(follow, "Following")
        root.get_by_role("button", name="Previous event").click()
        unmoved(follow, "Paused")
        follow.click()
        unmoved(follow, "Follow")


LATE = (
    "shop.create_product(name='Late', description='', price=Decimal(1), category='x', "
    "sku='{sku}').unwrap() and None"
)


def test_selecting_an_event_pauses_until_a_click_goes_on(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook()
    browser = opened(page, lab, "browse_pause.ipynb")
    browser.button("Show new events as they are recorded").click()
    page.until("browser.following", "True")
    browser.events.get_by_role("option").nth(17).click()
    expect(browser.headline).to_contain_text("Created")
    shown = browser.headline.inner_text()
    for sku in ("A-1", "A-2"):
        page.ask(LATE.format(sku=sku))
    new = browser.button("Show what is new, and follow on")
    expect(new).to_contain_text("2 new ↓")
    assert browser.headline.inner_text() == shown
    new.click()
    expect(browser.headline).to_contain_text("Created version 1")
    expect(new).to_be_hidden()
    page.ask(LATE.format(sku="A-3"))
    expect(browser.detail).to_contain_text("'A-3'")


def test_two_keys_copy_what_a_button_shows(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    browser = opened(page, lab, "browse_copy.ipynb")
    for name, text in (("link", "esnb.browse(shop, at="), ("JSON", '"stream": "')):
        browser.root.get_by_role("button", name=f"Copy {name}").click()
        area = browser.field(f"{name.capitalize() if name == 'link' else name} to copy")
        expect(area).to_have_value(re.compile(re.escape(text)))
        area.click()
        page.page.keyboard.press("ControlOrMeta+a")
        page.page.keyboard.press("ControlOrMeta+c")
        copied = page.page.evaluate("navigator.clipboard.readText()")
        assert copied == area.input_value()
        if name == "link":  # which shows that very event
            assert page.ask(f"({copied.strip()}).event == browser.event") == "True"


SLOW = """
import threading

go_on = threading.Event()
select = shop.recorder.select_notifications

def slowly(*args, **kwargs):
    go_on.wait(600)
    return select(*args, **kwargs)
"""


def test_what_takes_long_is_said_and_can_be_stopped(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    browser = opened(page, lab, "browse_stop.ipynb", SLOW)
    page.until("hasattr(browser, 'root') or callable(slowly)", "True")
    page.ask("setattr(shop.recorder, 'select_notifications', slowly)")
    page.ask("setattr(shop.recorder, 'select_notifications_before', slowly)")
    before = browser.events.inner_text()
    browser.field("Contains").fill("no such text")
    browser.field("Contains").press("Enter")
    stop = browser.button("Stop this; what was shown before stays")
    expect(stop).to_be_visible()
    expect(browser.root.get_by_text("Reading events…")).to_be_visible()
    stop.click()
    expect(
        browser.root.get_by_text("Stopped: what was shown before is still shown.")
    ).to_be_visible()
    expect(browser.field("Contains")).to_have_value("")
    assert browser.events.inner_text() == before
    page.ask("go_on.set()")
    page.ask(
        "[delattr(shop.recorder, name) for name in ('select_notifications', 'select_notifications_before')]"
    )
    browser.field("Type").fill("Created")
    browser.field("Type").press("Enter")
    expect(browser.note).to_contain_text("showing 12 events")


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
