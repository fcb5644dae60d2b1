"""Widgets in JupyterLab over what is odd, empty or gone: said where the user looks, nowhere else."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, Explorer, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ODD = """
import threading
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb

class Unshowable:
    def __repr__(self):
        raise RuntimeError("no picture of this")

    def __eq__(self, other):
        raise RuntimeError("not to be compared")

    def __deepcopy__(self, memo):
        raise TypeError("not to be copied")

class Machine(Aggregate):
    def __init__(self, label: str):
        self.label = label
        self.lock = threading.Lock()
        self.part = Unshowable()

    @event("Labelled")
    def write(self, label: str):
        self.label = label

machine = Machine("<img src=x onerror='document.title=1'>")
machine.write("\\u202eevil")
machine.write("<script>document.title = 2</script>")
workshop = Application[Any]()
workshop.save(machine)
"""
GOES = """
from decimal import Decimal

from esnb.examples.product import Catalogue, CatalogueProjection, ProductApplication
from esnb.projections import CatchUpRunner

stores = esnb.connect(embedded=True)
shop = stores.application(ProductApplication)
lamp = shop.create_product(
    name="Desk lamp", description="Brass", price=Decimal("49.90"), category="lighting", sku="LAMP-1",
).unwrap()
runner = CatchUpRunner(shop, CatalogueProjection, Catalogue, env=stores.env).start()
runner.wait(timeout=60)
"""


def opened(page: NotebookPage, lab: Lab, name: str, *cells: str) -> Locator:
    """The live widgets of a notebook of these cells, in order."""
    page.open(lab.write(name, *cells))
    page.run_all()
    live = page.page.locator(".esnb-live")
    expect(live).to_have_count(len(cells) - 1, timeout=PATIENCE)
    return live


def assert_no_tracebacks(page: NotebookPage) -> None:
    """Neither an error nor a line on stderr in any cell."""
    wrong = ".jp-Notebook :is([data-mime-type*='error'], [data-mime-type*='stderr'])"
    expect(page.page.locator(wrong)).to_have_count(0)


def test_what_cannot_be_copied_compared_or_written_is_named(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook(height=2200)
    live = opened(
        page, lab, "odd.ipynb", ODD, "esnb.explore(workshop, machine.id)", "esnb.browse(workshop)"
    )
    explorer = Explorer(page.page, live.first)
    explorer.ready()
    expect(explorer.headline).to_contain_text("version 3 of 3")
    explorer.press("Home")
    expect(explorer.headline).to_contain_text("version 1 of 3")
    for name, said in (("part", "Unshowable"), ("lock", "lock"), ("label", "<img src=x")):
        expect(explorer.field(name)).to_contain_text(said)
    explorer.press("ArrowRight")
    expect(explorer.field("label")).to_contain_text("\\u202eevil")
    page.picture("bad-input-odd")
    live.nth(1).get_by_title("Previous event").click()
    expect(live.nth(1)).to_contain_text("\\u202eevil")
    assert page.page.locator(".esnb-live :is(img, script)").count() == 0
    assert_no_tracebacks(page)


def test_an_empty_store_is_said(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    nothing = "import esnb\nfrom eventsourcing.application import Application"
    live = opened(page, lab, "empty.ipynb", nothing, "esnb.browse(Application())", "esnb.watch()")
    expect(live.first).to_contain_text("read the events again")
    expect(live.first).to_contain_text("0 streams")
    expect(live.nth(1)).to_contain_text("no runners: give watch() a runner")
    page.picture("bad-input-empty")
    assert_no_tracebacks(page)


def test_a_store_that_goes_away_is_said_in_every_widget_that_is_open(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook(height=2200)
    live = opened(
        page,
        lab,
        "gone.ipynb",
        "import esnb" + GOES,
        "esnb.browse(stores.eventstoredb)",
        "esnb.explore(shop, lamp)",
        "esnb.watch(runner, stores)",
        "esnb.flow(shop, 'order-17')",
    )
    browser, watcher, flow = live.first, live.nth(2), live.nth(3)
    explorer = Explorer(page.page, live.nth(1))
    explorer.ready()
    page.until("stores.close()", "None")

    browser.get_by_title("Read the events again").click()
    explorer.button("Read the events again").click()
    flow.get_by_title("Read the flow again").click()
    for widget in (browser, explorer.root, flow):
        expect(widget.get_by_role("alert")).to_contain_text("esnb.connect() again")
    # What was read before can still be looked at.
    expect(explorer.headline).to_contain_text("version 1 of 1")
    expect(watcher).to_contain_text("esnb.connect() again")
    page.picture("bad-input-gone")
    assert_no_tracebacks(page)
