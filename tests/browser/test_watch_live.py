"""`esnb.watch` in JupyterLab: a projection, consumers, an outbox, its publisher and a queue."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECORD = """
import threading
from decimal import Decimal

import esnb
from esnb.examples.product import Catalogue, CatalogueProjection, ProductApplication
from esnb.outbox import BullMQPublisher, Outbox, Worker
from esnb.projections import CatchUpRunner, PersistentRunner

stores = esnb.connect(embedded=True)
shop = stores.application(ProductApplication)
lamps = [
    shop.create_product(
        name=f"Lamp {number}", description="Brass", price=Decimal("49.90"),
        category="lighting", sku=f"LAMP-{number}",
    ).unwrap()
    for number in range(6)
]
allowed = threading.Event()

class Prices(CatalogueProjection):
    name = "prices"

    def process_event(self, event, tracking):
        raise ArithmeticError("<b>no</b> price of 0")

def label(event, recorded):
    if getattr(event, "sku", "") == "LAMP-4" and not allowed.is_set():
        raise ValueError("the printer is out of paper")

def route(record):
    if record.payload.get("sku") == "LAMP-3" and not allowed.is_set():
        raise LookupError("no queue for lamp 3")
    return "labels" if "sku" in record.payload else None

def print_label(job):
    if job.payload["sku"] == "LAMP-5" and not allowed.is_set():
        raise OSError("the ribbon is torn")
    return "printed"

catalogue = CatchUpRunner(shop, CatalogueProjection, Catalogue, env=stores.env).start()
prices = CatchUpRunner(shop, Prices, Catalogue, env=stores.env).start()
labels = PersistentRunner(shop, "labels", label, retries=0).start()
outbox = Outbox(stores, shop).start()
publisher = BullMQPublisher(outbox, route, attempts=1).start()
worker = Worker(stores, "labels", print_label).start()
catalogue.wait(timeout=60)
worker.wait(4, timeout=60)
while worker.status().failed < 1:
    threading.Event().wait(0.05)

def record_when_paused():
    while catalogue.status().state != "paused":
        threading.Event().wait(0.05)
    allowed.set()
    for lamp in lamps:
        shop.update_price(lamp, Decimal("44.90"), "spring sale")

threading.Thread(target=record_when_paused, daemon=True).start()
"""
WATCH = """
watcher = esnb.watch(
    catalogue, prices, labels, outbox, publisher, worker, stores, queues=["labels"],
    projections="$by_category",
)
watcher
"""


class Watching:
    """The live watcher on a page, by what its user perceives."""

    def __init__(self, opened: NotebookPage) -> None:
        self.root = opened.page.locator(".esnb-watch")

    def ready(self) -> None:
        self.root.wait_for(timeout=PATIENCE)

    def card(self, name: str, kind: str = "") -> Locator:
        who = self.root.page.locator(".esnb-who").filter(has_text=re.compile(f"^{name} .*{kind}"))
        return self.root.locator(".esnb-card").filter(has=who)


def opened(page: NotebookPage, lab: Lab, name: str) -> Watching:
    page.open(lab.write(name, RECORD, WATCH))
    page.run_all()
    watching = Watching(page)
    watching.ready()
    return watching


def press(card: Locator, name: str) -> None:
    """A button of a card, by keyboard."""
    card.get_by_role("button", name=name).focus()
    card.page.keyboard.press("Enter")


def test_one_sees_and_mends_what_is_wrong(lab: Lab, notebook: NotebookOpener) -> None:
    # Given a failed projection, a parked event, a dead record, a failed job
    page = notebook()
    watching = opened(page, lab, "mend.ipynb")
    catalogue, prices = watching.card("catalogue"), watching.card("prices")
    consumers = watching.card("labels", "consumers")
    group = watching.card("labels", "persistent subscription")
    outbox, queue = watching.card("Product-outbox over"), watching.card("labels", "queue")
    categories = watching.card(r"\$by_category", "server projection")
    expect(consumers).to_contain_text("1 parked")
    expect(group).to_contain_text("1 parked")
    expect(outbox).to_contain_text("1 dead")
    expect(queue).to_contain_text("no jobs left 1 failed")
    expect(prices).to_contain_text("✕ failed")
    expect(prices).to_contain_text("ArithmeticError: <b>no</b> price of 0")
    expect(catalogue).to_contain_text("caught up")

    # When its traceback is opened, then it stays open while the rest goes on
    prices.get_by_text("Traceback", exact=True).click()
    trace = prices.locator("pre")
    expect(trace).to_contain_text("process_event")

    # When a projection is paused, then its lag grows, and shrinks when it is resumed
    press(catalogue, "Pause")
    expect(catalogue).to_contain_text("‖ paused")
    expect(catalogue).to_contain_text("6 events behind")
    expect(catalogue.get_by_role("img", name=re.compile("recent lag"))).to_be_visible()
    expect(trace).to_be_visible()
    press(catalogue, "Resume")
    expect(catalogue).to_contain_text("caught up")
    expect(catalogue.get_by_role("button", name="Resume")).to_be_disabled()
    expect(catalogue.get_by_role("img", name=re.compile("recent rate"))).to_be_visible()

    # When one of the server's own is paused and resumed, then it says so
    press(categories, "Pause")
    expect(categories).to_contain_text("‖ paused")
    press(categories, "Resume")
    expect(categories).to_contain_text("caught up")

    # When what is set aside is tried again, then nothing is left of it
    press(consumers, "Replay parked")
    expect(consumers.locator(".esnb-trouble")).to_have_count(0)
    press(outbox, "Retry dead")
    expect(outbox.locator(".esnb-trouble")).to_have_count(0)
    press(queue, "Retry failed")
    expect(queue.locator(".esnb-trouble")).to_have_count(0)
    expect(queue.get_by_role("button", name="Retry failed")).to_be_disabled()
    press(catalogue, "Rebuild")
    expect(catalogue).to_contain_text("caught up")
    assert page.grave_findings(".esnb-watch") == []


STEADY = """
import threading
import esnb
from esnb.projections import CatchUpRunner
from esnb.examples.product import Catalogue, CatalogueProjection, ProductApplication
from decimal import Decimal

stores = esnb.connect(embedded=True)
shop = stores.application(ProductApplication)

class Prices(CatalogueProjection):
    name = "prices"

    def process_event(self, event, tracking):
        if getattr(event, "sku", "") == "LAMP-1":
            raise ArithmeticError("no price of " + "0" * 300 + "\\n" * 20)
        super().process_event(event, tracking)

def record(number):
    shop.create_product(
        name=f"Lamp {number}", description="Brass", price=Decimal("49.90"),
        category="lighting", sku=f"LAMP-{number}",
    ).unwrap()

prices = CatchUpRunner(shop, Prices, Catalogue, env=stores.env).start()
catalogue = CatchUpRunner(shop, CatalogueProjection, Catalogue, env=stores.env).start()
record(0)
prices.wait(timeout=60)
"""
PLACES = """[...document.querySelectorAll('.esnb-watch, .esnb-card, .esnb-card-asks button, .esnb-runner > span')]
  .map((node) => node.getBoundingClientRect()).map((box) => [box.x, box.y, box.height].join())"""
"""Where everything is that is always there, in the page."""


def test_a_failed_event_is_skipped_and_nothing_moves(lab: Lab, notebook: NotebookOpener) -> None:
    # Given two runners, and where each of their parts is
    page = notebook()
    page.open(lab.write("steady.ipynb", STEADY, "watcher = esnb.watch(prices, catalogue)\nwatcher"))
    page.run_all()
    watching = Watching(page)
    watching.ready()
    prices, catalogue = watching.card("prices"), watching.card("catalogue")
    expect(prices).to_contain_text("caught up")
    expect(catalogue).to_contain_text("caught up")
    expect(watching.root.locator(".esnb-heads")).to_contain_text("position in the log")
    skip = prices.get_by_role("button", name="Skip this event")
    expect(skip).to_be_hidden()
    before = page.page.evaluate(PLACES)

    # When one fails, with a long error, then nothing has moved
    page.ask("[record(number) for number in (1, 2)]")
    expect(prices).to_contain_text("✕ failed")
    expect(prices).to_contain_text("ArithmeticError: no price of")
    expect(prices.get_by_role("button", name="Start again")).to_be_enabled()
    expect(catalogue).to_contain_text("caught up")
    assert page.page.evaluate(PLACES) == before

    # When it is to be skipped, then what that means is said first
    skip.focus()
    page.page.keyboard.press("Enter")
    question = prices.locator(".esnb-confirm")
    expect(question).to_contain_text("The view never gets event")
    expect(question).to_contain_text("in Redis, beside the view")
    assert page.page.evaluate(PLACES) == before
    assert page.ask("prices.dead_letters()") == "[]"
    assert page.grave_findings(".esnb-watch") == []
    page.picture("watch-question", watching.root)
    question.get_by_role("button", name="Skip it").click()

    # Then it goes on, and the event is kept with its error
    expect(prices).to_contain_text("caught up 1 dead letter")
    expect(prices).to_contain_text("● running")
    expect(question).to_be_hidden()
    page.until("[each.error[:15] for each in prices.dead_letters()]", "['ArithmeticError']")
    assert page.page.evaluate(PLACES) == before


def test_it_rests_unseen_and_leaves_nothing_when_closed(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    watching = opened(page, lab, "rest.ipynb")
    page.until("watcher._panel.looking", "True")

    page.command("notebook:clear-all-cell-outputs")
    page.until("watcher._panel.looking", "False")
    page.until("[t.name for t in threading.enumerate() if 'follow' in t.name]", "[]")

    assert page.ask("watcher.close()") == "None"
    page.until("[t.name for t in threading.enumerate() if 'watch' in t.name]", "[]")
    page.until("catalogue.status().state", "'running'")
    expect(watching.root).to_have_count(0)


def test_a_saved_watch_is_read_without_its_kernel(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    opened(page, lab, "saved-watch.ipynb")
    saved = page.page.locator(".esnb-folded")
    expect(saved.locator("table")).to_be_hidden()  # beside the live panel
    # It is brought up to date, with what was seen meanwhile
    expect(saved.locator("svg.esnb-spark").first).to_be_attached()
    page.page.get_by_text("Saved view", exact=True).click()
    expect(saved.get_by_role("row", name=re.compile("prices.* failed"))).to_be_visible()
    assert page.grave_findings(".esnb-folded") == []
    page.picture("watch-saved", saved)


@pytest.mark.timeout(400)  # many looks, and each run of axe takes seconds
def test_watch_can_be_read_in_every_theme_and_width(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook(height=1100)
    watching = opened(page, lab, "watch_look.ipynb")
    press(watching.card("catalogue"), "Pause")
    expect(watching.card("catalogue")).to_contain_text("6 events behind")
    expect(watching.card("catalogue").get_by_role("img").first).to_be_visible()
    for name in page.looks("watch"):
        page.picture(name, watching.root)
        assert watching.root.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
        assert page.grave_findings(".esnb-watch") == []
