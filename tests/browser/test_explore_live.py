"""`esnb.explore` in JupyterLab: driven by keyboard and mouse, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import UNNAMED_SLIDER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECORD = """
from decimal import Decimal

import esnb
from esnb.examples.product import ProductApplication

shop = ProductApplication()
lamp = shop.create_product(
    name="Desk lamp", description="Brass", price=Decimal("49.90"), category="lighting", sku="LAMP-1"
).unwrap()
for price, reason in [("44.90", "spring sale"), ("42.00", "last pieces"), ("39.90", "clearance")]:
    shop.update_price(lamp, Decimal(price), reason)
shop.deactivate(lamp, "sold out");
"""
TEA = """
tea = shop.create_product(
    name="Tea", description="", price=Decimal(1), category="food", sku="TEA"
).unwrap()
shop.update_price(tea, Decimal(2), "dear")
esnb.explore(shop, tea)
"""
REPRICE = "shop.update_price(tea, Decimal({}), 'again').unwrap()"
SLOW = """
import threading
from eventsourcing.application import project_aggregate
gate = threading.Event()
gate.set()
def project(aggregate, events):
    gate.wait(300)
    return project_aggregate(aggregate, events)
esnb.explore(shop, lamp, projector_func=project)
"""
"""Its events are applied once the gate is open."""
EXPLORE = "explorer = esnb.explore(shop, lamp)\nexplorer"


def test_keyboard_mouse_and_list_move_through_the_versions(
    lab: Lab, notebook: NotebookOpener
) -> None:
    # Given the explorer of five versions, at the last
    page = notebook()
    page.open(lab.write("drive.ipynb", RECORD, EXPLORE))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    expect(explorer.headline).to_contain_text("Deactivated")
    expect(explorer.field("active")).to_contain_text("False")
    expect(explorer.button("Next version")).to_be_disabled()

    # When the slider is moved by keyboard, then state and list follow
    explorer.press("ArrowLeft")
    expect(explorer.headline).to_contain_text("version 4 of 5")
    expect(explorer.field("active")).to_contain_text("True")
    expect(explorer.field("price")).to_contain_text("39.90")
    expect(explorer.events).to_have_value(re.compile("^4"))
    explorer.press("Home")
    expect(explorer.field("price")).to_contain_text("49.90")
    expect(explorer.button("Previous version")).to_be_disabled()

    # When a version is chosen from the list
    explorer.events.get_by_role("option").nth(2).click()
    expect(explorer.headline).to_contain_text("42.00")
    expect(explorer.slider).to_have_attribute("aria-valuetext", "3")

    # When steps are taken by button
    explorer.button("Previous version").click()
    expect(explorer.headline).to_contain_text("version 2 of 5")
    explorer.button("Next version").click()
    expect(explorer.headline).to_contain_text("version 3 of 5")

    # Then the tabs show the event and the difference
    explorer.tab("Action")
    expect(explorer.field("reason")).to_contain_text("last pieces")
    explorer.tab("Diff")
    expect(explorer.field("price")).to_contain_text("44.90")
    expect(explorer.field("price")).to_contain_text("42.00")
    expect(explorer.field("price").locator("abbr")).to_have_text("~")


def test_play_runs_to_the_end_and_stops(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(lab.write("play.ipynb", RECORD, EXPLORE))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    explorer.button("Play the versions").click()
    expect(explorer.headline).to_contain_text("version 2 of 5")
    expect(explorer.button("Pause")).to_be_visible()
    expect(explorer.headline).to_contain_text("version 5 of 5")
    expect(explorer.button("Play the versions")).to_be_visible()


def test_new_events_are_read(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    change = (
        "tea = shop.create_product(name='Tea', description='', price=Decimal(1), category='food',"
        " sku='TEA').unwrap()\nexplorer = esnb.explore(shop, tea)\n"
        "shop.update_price(tea, Decimal(2), 'dear')\nexplorer"
    )
    page.open(lab.write("refresh.ipynb", RECORD, change))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    expect(explorer.headline).to_contain_text("version 1 of 1")
    expect(explorer.button("Play the versions")).to_be_disabled()

    explorer.button("Read the events again").click()
    expect(explorer.headline).to_contain_text("version 2 of 2")
    expect(explorer.button("Previous version")).to_be_enabled()


def test_blame_what_if_and_jump_by_keyboard_alone(lab: Lab, notebook: NotebookOpener) -> None:
    # Given the explorer of five versions
    page = notebook()
    page.open(lab.write("blame.ipynb", RECORD, EXPLORE))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()

    # Then each field says which event set it, and nothing covers the rows above
    said = explorer.field("price").locator("td").last
    expect(said).to_have_text("set by 4 PriceUpdated")
    expect(said.locator("span")).to_have_attribute("title", re.compile(r"\d{4}-.* UTC"))
    expect(explorer.field("name").locator("td").last).to_have_text("set by 1 Created")
    page.picture("explore-blame", explorer.root)

    # When a time is typed, then the version that was the last then is shown
    when = explorer.root.get_by_label("Go to time", exact=True)
    when.fill("1999-12-31")
    when.press("Enter")
    expect(explorer.root.get_by_role("alert")).to_contain_text("choose that time or a later one")
    explorer.press("Home")
    when.fill("2999-12-31")
    when.press("Enter")
    expect(explorer.headline).to_contain_text("version 5 of 5")
    expect(explorer.root.get_by_role("alert")).to_have_count(0)

    # When an event is skipped, then both states stand side by side
    explorer.events.get_by_role("option").nth(3).click()
    explorer.tab("What if")
    explorer.root.get_by_role("button", name="Skip version 4").press("Space")
    expect(explorer.field("price")).to_contain_text("39.90")
    expect(explorer.field("price")).to_contain_text("42.00")
    expect(explorer.field("price").locator("abbr")).to_have_text("~")
    assert [f for f in page.grave_findings(".esnb-live") if f[0] != UNNAMED_SLIDER] == []
    page.picture("explore-what-if", explorer.root)
    explorer.root.get_by_role("button", name="Skip none").press("Enter")
    expect(explorer.root.get_by_text("Skip the event of a version")).to_be_visible()


def test_chart_strip_legend_and_diff_by_mouse_and_keyboard(
    lab: Lab, notebook: NotebookOpener
) -> None:
    # Given the explorer of five versions, with the price drawn
    page = notebook(height=1400)
    page.open(lab.write("chart.ipynb", RECORD, EXPLORE))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    chart = explorer.root.get_by_role("img", name="price over time: 4 changes, between 39.90")
    expect(chart).to_be_visible()

    # When a bar of the strip is pointed at and clicked, then its version is shown
    strip = explorer.root.locator(".esnb-stack .esnb-shares-svg").bounding_box()
    assert strip is not None
    x, y = strip["x"] + strip["width"] * 0.3, strip["y"] + strip["height"] / 2
    page.page.mouse.move(x, y)
    bar = explorer.root.get_by_title("2 PriceUpdated: price: 49.90 → 44.90")
    expect(bar.and_(page.page.get_by_role("button"))).to_be_visible()
    page.page.mouse.click(x, y)
    expect(explorer.headline).to_contain_text("version 2 of 5")
    expect(explorer.root.locator(".esnb-cursor text")).to_have_text("v2 · 44.90 · PriceUpdated")
    page.page.mouse.move(0, 0)
    expect(explorer.root.locator(".esnb-bars button").first).to_be_hidden()

    # When the next change of the field is asked for by key
    explorer.button("Next change of price").press("Enter")
    expect(explorer.headline).to_contain_text("version 3 of 5")
    explorer.root.get_by_label("Field").select_option("active")
    explorer.button("Next change of active").press("Space")
    expect(explorer.headline).to_contain_text("version 5 of 5")
    expect(explorer.button("Next change of active")).to_be_disabled()

    # When a type is pressed in the legend, then only its events are listed
    explorer.button("PriceUpdated 3").press("Space")
    expect(explorer.events.get_by_role("option")).to_have_count(3)
    explorer.button("First version").click()
    expect(explorer.headline).to_contain_text("version 2 of 5")
    explorer.button("PriceUpdated 3").press("Space")
    expect(explorer.events.get_by_role("option")).to_have_count(5)
    explorer.button("Last version").click()
    expect(explorer.headline).to_contain_text("version 5 of 5")

    # When another version is chosen to compare with
    explorer.tab("Diff")
    explorer.root.get_by_label("Diff to").select_option("v1 Created")
    expect(explorer.root.get_by_role("tab", name="Diff to v1")).to_be_visible()
    expect(explorer.field("price")).to_contain_text("49.90")
    expect(explorer.field("active")).to_contain_text("False")
    page.picture("explore-diff-to", explorer.root)
    assert [f for f in page.grave_findings(".esnb-live") if f[0] != UNNAMED_SLIDER] == []


def test_new_versions_appear_and_who_looks_at_an_old_one_stays(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook(height=1400)
    page.open(lab.write("follow.ipynb", RECORD, TEA))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    explorer.button("Follow").click()
    expect(explorer.button("Following")).to_be_visible()
    assert page.ask(REPRICE.format(3)) == "3"
    expect(explorer.headline).to_contain_text("version 3 of 3")

    # When an older one is selected, then it stays, and the new ones are counted
    explorer.events.get_by_role("option").nth(1).click()
    expect(explorer.button("Paused")).to_be_visible()
    assert page.ask(REPRICE.format(4)) == "4"
    assert page.ask(REPRICE.format(5)) == "5"
    new = explorer.button("2 new")
    expect(new).to_be_visible()
    expect(explorer.headline).to_contain_text("version 2 of 5")
    page.picture("explore-paused", explorer.root)
    new.click()
    expect(explorer.headline).to_contain_text("version 5 of 5")
    expect(explorer.button("Following")).to_be_visible()


def test_what_takes_long_says_so_and_can_be_stopped(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook(height=1400)
    page.open(lab.write("long.ipynb", RECORD, SLOW))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    page.ask("gate.clear()")
    explorer.tab("What if")
    explorer.button("Skip version 5").click()
    expect(explorer.root.get_by_text("Computing the history without 1 event")).to_be_visible()
    # Meanwhile one can look around
    explorer.button("Previous version").click()
    expect(explorer.headline).to_contain_text("version 4 of 5")
    page.picture("explore-computing", explorer.root)
    explorer.button("Stop").click()
    expect(explorer.root.get_by_role("alert")).to_contain_text("Stopped.")
    expect(explorer.button("Stop")).to_have_count(0)
    page.ask("gate.set()")
    explorer.button("Skip version 4").click()
    expect(explorer.field("price")).to_contain_text("42.00")
    expect(explorer.root.get_by_role("alert")).to_have_count(0)


@pytest.mark.timeout(400)  # many looks, and each run of axe takes seconds
def test_it_can_be_read_in_every_theme_and_width(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook()
    page.open(lab.write("look.ipynb", RECORD, EXPLORE))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    explorer.press("ArrowLeft")
    expect(explorer.headline).to_contain_text("version 4 of 5")
    page.page.get_by_text("Saved view", exact=True).click()
    saved = page.page.locator(".esnb-folded")
    expect(saved.get_by_text("PriceUpdated").first).to_be_visible()

    for name in page.looks("explore"):
        # Nothing sticks out to the right
        overflow = explorer.root.evaluate("node => node.scrollWidth - node.clientWidth")
        assert overflow <= 0
        # Nothing that axe calls serious (contrast, names, roles), but for the known one
        findings = page.grave_findings(".esnb-live")
        assert [finding for finding in findings if finding[0] != UNNAMED_SLIDER] == []
        for tab in ("Action", "Diff", "State"):
            explorer.tab(tab)
            page.picture(f"{name}-{tab.lower()}", explorer.root)
        assert page.grave_findings(".esnb-folded") == []
        page.picture(f"{name}-saved", saved)
