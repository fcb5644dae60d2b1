"""`esnb.explore` in JupyterLab stays where it is, whatever is done to it, and so does what is below."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab
from tests.browser.notebook import UNNAMED_SLIDER, Explorer, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RECORD = """
from decimal import Decimal
import esnb
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

class Parcel(Aggregate):
    @event("Packed")
    def __init__(self, text: str) -> None:
        self.text = text

    @event("WeighedOnAScaleThatHasALongName")
    def weigh(self, weight: Decimal) -> None:
        self.weight = weight

    @event("Opened")
    def open(self, things: dict) -> None:
        for name, value in things.items():
            setattr(self, name, value)

app, parcel = Application(), Parcel("x")
parcel.weigh(Decimal("1.5"))
parcel.open({f"thing_{number}": f"a text of some length, {number} " * 20 for number in range(40)})
parcel.weigh(Decimal("12345678901234567890.5"))
app.save(parcel)
explorer = esnb.explore(app, parcel.id, live=True)
broken = app.recorder.select_events
def gone(*_, **__):
    raise ConnectionError("no server " * 60)
"""
PLACES = """root => {
  const top = root.getBoundingClientRect().top;
  const below = document.querySelectorAll('.jp-Notebook .jp-Cell')[2].getBoundingClientRect().top;
  const parts = [...root.children].flatMap(part => {
    const box = part.getBoundingClientRect();
    return [box.top - top, box.height];
  });
  const tabs = root.querySelector('.esnb-tabs').getBoundingClientRect();
  const list = root.querySelector('.esnb-list').getBoundingClientRect();
  return [below - top, root.getBoundingClientRect().height, ...parts,
    tabs.top - top, list.top - top].map(Math.round);
}"""
"""Where the cell below the panel, and everything in the panel, begins, and how high it is."""


def places(explorer: Explorer) -> list[int]:
    found: list[int] = explorer.root.evaluate(PLACES)
    return found


def opened(page: NotebookPage, lab: Lab, name: str) -> Explorer:
    page.open(lab.write(name, RECORD, "explorer.widget", "'below'"))
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    expect(explorer.headline).to_contain_text("version 4 of 4")
    return explorer


@pytest.mark.parametrize("width", [1600, 800])
def test_no_step_tab_error_or_selection_moves_anything(
    lab: Lab, notebook: NotebookOpener, width: int
) -> None:
    page = notebook(width=width, height=1400)
    explorer = opened(page, lab, f"steady{width}.ipynb")
    still = places(explorer)

    # Scrubbing, through states of one field and of forty
    for key, number in (("Home", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("End", 4)):
        explorer.press(key)
        expect(explorer.headline).to_contain_text(f"version {number} of 4")
        assert places(explorer) == still, number

    # What is higher than its place can be scrolled by keys
    explorer.root.get_by_role("group", name="State").focus()
    page.page.keyboard.press("End")
    expect(explorer.field("thing_39")).to_be_in_viewport()
    assert [f for f in page.grave_findings(".esnb-live") if f[0] != UNNAMED_SLIDER] == []
    assert places(explorer) == still

    # Each tab, of a short state and of a long one
    for name in ("Action", "Diff", "What if", "State"):
        explorer.tab(name)
        expect(explorer.root.get_by_role("tab", name=name)).to_have_attribute(
            "aria-selected", "true"
        )
        assert places(explorer) == still, name

    # A selection in the list, a field, a type
    explorer.events.get_by_role("option").nth(0).click()
    expect(explorer.headline).to_contain_text("version 1 of 4")
    assert places(explorer) == still
    explorer.root.get_by_label("Field").select_option("text")
    expect(explorer.root.locator(".esnb-steps-svg")).to_have_attribute(
        "aria-label", "text over time: 1 change"
    )
    assert places(explorer) == still
    explorer.button("Opened 1").click()
    expect(explorer.root.get_by_text("showing 1 of 4 versions")).to_be_visible()
    assert places(explorer) == still

    # Errors: of what was typed, and of a store that is gone
    when = explorer.root.get_by_label("Go to time", exact=True)
    when.fill("1999-12-31")
    when.press("Enter")
    alert = explorer.root.get_by_role("alert")
    expect(alert).to_contain_text("choose that time or a later one")
    assert places(explorer) == still
    page.ask("setattr(app.recorder, 'select_events', gone)")
    explorer.button("Read the events again").click()
    expect(alert).to_contain_text("ConnectionError")
    page.picture(f"steady-error-{width}", explorer.root)
    assert places(explorer) == still
    page.ask("setattr(app.recorder, 'select_events', broken)")
    explorer.button("Read the events again").click()
    expect(alert).to_have_count(0)
    assert places(explorer) == still
