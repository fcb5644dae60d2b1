"""`esnb.flow` in JupyterLab: the causation tree and the lanes, drawn, read aloud, read again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECORD = """
import threading
from decimal import Decimal

import esnb
from esnb.examples.product import ProductApplication
from esnb.outbox import BullMQPublisher, Outbox, Worker

stores = esnb.connect(embedded=True)
shop = stores.application(ProductApplication)
with esnb.correlate("order-17"):
    lamp = shop.create_product(
        name="Desk lamp", description="Brass", price=Decimal("49.90"), category="lighting",
        sku="LAMP-1",
    ).unwrap()

def print_label(job):
    shop.update_price(lamp, Decimal("44.90"), "label printed")
    raise OSError("the <printer> is out of paper")

route = lambda record: {"Product.Created": "labels"}.get(record.type)
with Outbox(stores, shop) as outbox, BullMQPublisher(outbox, route) as publisher:
    with Worker(stores, "labels", print_label) as worker:
        publisher.wait(timeout=60)
        while not worker.status().failed:
            threading.Event().wait(0.05)
        publisher.wait(timeout=60)
"""
FLOW = 'flow = esnb.flow(stores, "order-17")\nflow'
LANES = 'flow = esnb.flow(stores, "order-17", layout="lanes")\nflow'
DRAWN = {"tree": "Causation tree", "lanes": "swimlanes"}


@pytest.mark.timeout(400)  # many looks, and each run of axe takes seconds
def test_a_flow_is_drawn_and_read_aloud_in_every_theme_and_width(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook()
    page.open(lab.write("flow.ipynb", RECORD, FLOW))
    page.run_all()
    panel = page.page.locator(".esnb-flow-panel")
    panel.wait_for(timeout=PATIENCE)

    stations = panel.get_by_role("list", name="Causation tree").get_by_role("listitem")
    expect(stations).to_have_count(5)
    expect(stations.nth(2)).to_have_accessible_name(
        re.compile("^Product.Created, failed, job labels v1.* · the <printer>")
    )
    expect(stations.nth(3)).to_contain_text("Product.PriceUpdated")
    panel.get_by_role("button", name="Read again").press("Enter")
    expect(stations).to_have_count(5)
    panel.get_by_text("As text", exact=True).click()
    expect(panel.locator("pre")).to_contain_text("└─ Product.PriceUpdated")
    for name in page.looks("flow"):
        for layout in ("lanes", "tree"):
            panel.get_by_role("button", name="Lanes").click()
            page.page.locator(f".esnb-flow[aria-label*='{DRAWN[layout]}']").first.wait_for()
            page.picture(name if layout == "tree" else f"{name}-lanes", panel)
            assert panel.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
            assert page.grave_findings(".esnb-flow-panel") == []


def test_a_payload_is_read_and_nothing_moves(lab: Lab, notebook: NotebookOpener) -> None:
    # Given a live flow
    page = notebook()
    page.open(lab.write("payload.ipynb", RECORD, FLOW))
    page.run_all()
    panel = page.page.locator(".esnb-flow-panel")
    panel.wait_for(timeout=PATIENCE)
    box = panel.bounding_box()
    region = panel.get_by_role("region", name="Stations")

    # Then each station says how long after its cause it was
    stations = region.get_by_role("listitem")
    expect(stations.nth(1)).to_contain_text(re.compile(r"✓.published \+\d"))

    # When a station is clicked, then its payload is there, within a scroll of its own
    expect(stations.first.get_by_text("'Desk lamp'")).to_be_hidden()
    stations.first.locator("summary").click()
    expect(stations.first.get_by_text("'Desk lamp'")).to_be_visible()
    assert region.evaluate("node => node.scrollHeight - node.clientHeight") > 0
    assert panel.bounding_box() == box

    # When the layout is another, and the store is away, then nothing moves either
    panel.get_by_role("button", name="Lanes").click()
    expect(panel.get_by_role("list", name=re.compile("swimlanes"))).to_be_visible()
    assert panel.bounding_box() == box
    page.ask("setattr(flow._panel, '_read', lambda: 1 / 0)")
    panel.get_by_role("button", name="Read again").click()
    expect(panel.get_by_role("alert")).to_contain_text("ZeroDivisionError")
    assert panel.bounding_box() == box
    assert page.grave_findings(".esnb-flow-panel") == []


def test_lanes_show_one_flow_in_order_of_time(lab: Lab, notebook: NotebookOpener) -> None:
    # Given a flow in the layout that its cell asked for
    page = notebook()
    page.open(lab.write("lanes.ipynb", RECORD, LANES))
    page.run_all()
    panel = page.page.locator(".esnb-flow-panel")
    panel.wait_for(timeout=PATIENCE)

    # Then its entries say where they were and what caused them
    lanes = panel.get_by_role("list", name="3 swimlanes, in order of time")
    stations = lanes.get_by_role("listitem")
    expect(stations).to_have_count(5)
    expect(stations.nth(1)).to_have_accessible_name(
        re.compile("^Product.Created, published, outbox .* caused by Product.Created of event")
    )

    # When the layout is changed by keyboard, then the tree is there, and the lanes again
    tree = panel.get_by_role("list", name="Causation tree")
    panel.get_by_role("button", name="Lanes").press("Enter")
    expect(tree.get_by_role("listitem")).to_have_count(5)
    expect(lanes).to_have_count(0)
    panel.get_by_role("button", name="Lanes").press("Enter")
    expect(stations).to_have_count(5)

    # And the saved view has the layout that was shown
    page.page.get_by_text("Saved view", exact=True).click()
    saved = page.page.locator(".esnb-folded")
    saved.get_by_text("As text", exact=True).click()
    expect(saved.locator("pre")).to_contain_text("┌ job labels")
    assert page.grave_findings(".esnb-folded") == []
