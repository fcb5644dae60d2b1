"""Several widgets on one page in JupyterLab, and one that is shown twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NotebookOpener
from tests.browser.every_widget import FOLLOWERS, RECORD
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, UNNAMED_SLIDER, Explorer, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def opened(page: NotebookPage, lab: Lab, name: str, *cells: str) -> None:
    page.open(lab.write(name, RECORD, *cells))
    page.run_all()


def run_last_cell(page: NotebookPage) -> None:
    page.page.locator(".jp-Notebook .jp-Cell .cm-content").last.click()
    page.command("notebook:run-cell")


def test_all_widgets_live_on_one_page(lab: Lab, notebook: NotebookOpener) -> None:
    page = notebook(height=2600)
    opened(page, lab, "together.ipynb", "browser", "explorer", "watcher", "flow", "explorer")
    live = page.page.locator(".esnb-live")
    expect(live).to_have_count(5, timeout=PATIENCE)
    one, other = (Explorer(page.page, live.nth(place)) for place in (1, 4))
    one.ready()

    # What is moved in one view of an explorer moves in the other one
    expect(other.headline).to_contain_text("PriceUpdated")
    one.press("ArrowLeft")
    expect(one.headline).to_contain_text("version 1 of 2")
    expect(other.headline).to_contain_text("version 1 of 2")
    other.button("Next version").click()
    expect(one.headline).to_contain_text("version 2 of 2")

    # Each of the others works beside it
    live.nth(0).get_by_title("Previous event").click()
    expect(live.nth(0).locator(".esnb-headline")).to_contain_text("Created")
    live.nth(2).get_by_role("button", name="Pause").click()
    expect(live.nth(2)).to_contain_text("‖ paused")
    live.nth(3).get_by_role("button", name="Lanes").click()
    expect(live.nth(3).get_by_role("list", name="Causation tree")).to_be_visible()
    page.picture("together")
    assert {rule for rule, _ in page.grave_findings(".jp-Notebook .esnb-live")} <= {UNNAMED_SLIDER}


def test_following_rests_when_the_last_output_that_shows_it_goes(
    lab: Lab, notebook: NotebookOpener
) -> None:
    page = notebook()
    opened(page, lab, "follow.ipynb", "browser", "browser")
    browsers = page.page.locator(".esnb-browse")
    expect(browsers).to_have_count(2, timeout=PATIENCE)
    page.until(FOLLOWERS, "[]")

    # Given two views of a browser that follows, each shows what is recorded
    browsers.nth(1).get_by_title("Show new events as they are recorded").click()
    page.until(FOLLOWERS, "['esnb-follow']")
    assert page.ask("shop.deactivate(lamp, 'sold out').unwrap()") == "3"
    for place in (0, 1):
        expect(browsers.nth(place).locator(".esnb-headline")).to_contain_text("Deactivated")

    # When both are cleared, then nothing looks any more, until one is shown again
    page.command("notebook:clear-all-cell-outputs")
    page.until(FOLLOWERS, "[]")
    run_last_cell(page)
    page.until(FOLLOWERS, "['esnb-follow']")
    expect(browsers.locator(".esnb-headline")).to_contain_text("Deactivated")

    # When it is closed, then nothing of it is left
    assert page.ask("browser.close()") == "None"
    page.until(FOLLOWERS, "[]")
    expect(browsers).to_have_count(0)
