"""Widgets in JupyterLab over what is odd, empty or gone: said where the user looks, nowhere else."""

from __future__ import annotations

import re

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
CLOSES = """
from esnb.examples.product import ProductApplication

archive = ProductApplication(
    env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": ":memory:"}
)
old = archive.create_product(
    name="Stool", description="Oak", price=Decimal("20"), category="seats", sku="STOOL-1",
).unwrap()
"""
HOSTILE = r"""
import json
from typing import Any
from uuid import uuid4

from esnb.clients.installed import NewEvent, StreamState
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

import esnb

BAD = "<img src=x onerror='document.title=1'>\u202egnp\u2066 \x1b[31m\x00\u200b</td><script>document.title=2</script>"

class Machine(Aggregate):
    def __init__(self):
        vars(self)[BAD] = {BAD: [BAD]}

    @event("Turned")
    def turn(self, way: str):
        vars(self)[BAD] = way
        vars(self)[f"{BAD}2"] = {way}

machine = Machine()
machine.turn(BAD)
later = Machine()
workshop, nothing = Application[Any](), Application[Any]()
workshop.save(machine)

stores = esnb.connect(embedded=True)
stores.eventstoredb.append_events(
    f"{BAD}-1",
    current_version=StreamState.NO_STREAM,
    events=[
        NewEvent(
            type=f"{BAD}Turned",
            data=json.dumps({BAD: {BAD: BAD}}).encode(),
            metadata=json.dumps({"$correlationId": BAD, BAD: BAD}).encode(),
        )
    ],
)
stores.eventstoredb.create_subscription_to_stream(BAD, f"{BAD}-1")
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
    expect(live.first).to_contain_text("read again once events have been recorded")
    expect(live.first).to_contain_text("0 streams")
    expect(live.nth(1)).to_contain_text("no runners: pass watch() a runner")
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
    assert page.ask("stores.close()") == "None"

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


def test_a_closed_application_and_a_killed_server_are_said_in_every_widget_that_is_open(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook(height=4000)
    live = opened(
        page,
        lab,
        "killed.ipynb",
        "import esnb" + GOES + CLOSES,
        "esnb.browse(archive)",
        "esnb.explore(archive, old)",
        "esnb.flow(archive, 'order-17')",
        "esnb.browse(stores.eventstoredb)",
        "esnb.explore(shop, lamp)",
        "esnb.watch(runner, stores, queues='letters', projections='$by_category')",
    )
    closed, killed, watcher = (
        [live.nth(n) for n in range(3)],
        [live.nth(3), live.nth(4)],
        live.nth(5),
    )
    Explorer(page.page, killed[1]).ready()
    assert page.ask("archive.close()") == "None"
    assert page.ask("__import__('os').kill(stores._pair._eventstoredb.state['pid'], 9)") == "None"
    page.until("stores._pair.dead()", "['EventStoreDB']")

    for widget in (*closed, *killed):
        widget.get_by_title("again").first.click()
    for widget in closed:
        alert = widget.get_by_role("alert")
        expect(alert).to_contain_text("Make the application again, then this widget.")
    for widget in (*killed, watcher):
        expect(widget).to_contain_text(
            "the embedded EventStoreDB has ended: call esnb.connect() again"
        )
    expect(killed[0].get_by_role("alert")).to_contain_text("Make this widget again after that.")
    expect(watcher).to_contain_text("retrying")
    expect(watcher).to_contain_text("Make the runner and this widget again after that.")
    expect(watcher).not_to_contain_text("running")

    # A what-if that cannot be read is none: its button springs back.
    explorer = Explorer(page.page, killed[1])
    explorer.tab("What if")
    skip = explorer.root.get_by_role("button", name="Skip version 1")
    skip.click()
    expect(explorer.root.get_by_role("alert")).to_contain_text("has ended")
    expect(skip).not_to_have_class(re.compile(r"\bmod-active\b"))
    page.picture("bad-input-killed")
    assert_no_tracebacks(page)


def test_names_that_are_markup_or_cannot_be_seen_are_shown_and_an_empty_store_is_waited_for(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook(height=4000)
    live = opened(
        page,
        lab,
        "hostile.ipynb",
        HOSTILE,
        "esnb.browse(stores.eventstoredb)",
        "esnb.explore(workshop, machine.id)",
        "esnb.watch(stores)",
        "esnb.flow(stores.eventstoredb, BAD)",
        "esnb.explore(nothing, later.id)",
    )
    explorer = Explorer(page.page, live.nth(1))
    explorer.ready()
    for name in ("Action", "Diff", "State"):
        explorer.tab(name)
        expect(explorer.table).to_contain_text("<img src=x")
    for widget in (live.nth(n) for n in range(4)):
        expect(widget).to_contain_text("<img src=x onerror='document.title=1'>")
        expect(widget).to_contain_text("\\u202egnp")
        assert not set("\u202e\u2066\x1b\x00\u200b") & set(widget.text_content() or "")
    assert page.page.locator(".esnb :is(img, script)").count() == 0
    assert page.page.title() not in ("1", "2")

    waiting = live.nth(4)
    expect(waiting).to_contain_text("no events yet, so there is nothing to explore")
    page.picture("bad-input-hostile")
    assert page.ask("nothing.save(later)[0].notification.id") == "1"
    waiting.get_by_role("button", name="Read again").click()
    expect(live.nth(4).get_by_role("slider")).to_be_attached()
    page.picture("bad-input-no-longer-empty")
    assert_no_tracebacks(page)
