"""The tour in JupyterLab: run live, saved, and read again without a kernel."""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

import nbformat
import pytest
from eventsourcing.application import Application
from playwright.sync_api import Browser, expect

import esnb
from esnb.examples.dog import Dog
from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab, running_lab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

NO_KERNELS = "--KernelSpecManager.allowed_kernelspecs=none"
TOUR = Path(__file__).parents[2] / "notebooks" / "00_tour.ipynb"


def test_the_tour_runs_live_and_its_saved_view_is_read_without_a_kernel(
    lab: Lab, notebook: NotebookOpener, tmp_path: Path
) -> None:
    # Given the tour, run in JupyterLab with its widget live
    shutil.copy(TOUR, lab.folder / "tour.ipynb")
    page = notebook()
    page.open("tour.ipynb")
    page.run_all()
    explorer = page.explorer()
    explorer.ready()
    explorer.root.scroll_into_view_if_needed()
    expect(explorer.headline).to_contain_text("Deactivated")
    explorer.press("ArrowLeft")
    expect(explorer.field("price")).to_contain_text("39.90")
    page.picture("tour-live")

    # When it is saved and its kernel is gone
    page.command("docmanager:save")
    page.shut_down()
    stored = nbformat.read(lab.folder / "tour.ipynb", as_version=4)
    outputs = next(cell.outputs for cell in stored.cells if cell.source.startswith("esnb.explore("))
    assert [sorted(output.data) for output in outputs] == [
        ["application/vnd.jupyter.widget-view+json", "text/plain"],
        ["text/html", "text/plain"],
    ]

    # Then another JupyterLab, which never trusted it, shows the saved view
    with running_lab(tmp_path / "other", NO_KERNELS) as other:
        shutil.copy(lab.folder / "tour.ipynb", other.folder / "tour.ipynb")
        reopened = notebook(other)
        # JupyterLab asks for a kernel, more than once
        reopened.page.add_locator_handler(
            reopened.page.get_by_role("dialog").filter(has_text="Select Kernel"),
            lambda dialog: dialog.get_by_role("button", name="No Kernel").click(),
        )
        reopened.open("tour.ipynb")
        saved = reopened.page.get_by_text("Saved view", exact=True)
        saved.scroll_into_view_if_needed()
        saved.click()
        first = reopened.page.locator("summary", has_text="Created")
        expect(first).to_be_visible()
        first.click()
        expect(reopened.page.get_by_text("'Brass, with a green glass shade'").first).to_be_visible()
        expect(reopened.page.get_by_text("PriceUpdated").first).to_be_visible()
        expect(reopened.page.locator(".jp-Toolbar").get_by_text("No Kernel")).to_be_visible()
        reopened.picture("tour-saved")


@pytest.mark.parametrize("width", [360, 1200])
def test_a_heading_over_an_empty_column_is_not_broken(browser: Browser, width: int) -> None:
    app: Application[UUID] = Application()
    dog = Dog("a name that takes as much of the line as it is given, " * 5)
    app.save(dog)

    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_content(esnb.explore(app, dog.id, live=False)._repr_html_())
    heading = page.locator("th", has_text="before")
    expect(heading).to_be_visible()

    lines = "th => { const text = new Range(); text.selectNodeContents(th); return text.getClientRects().length }"
    assert heading.evaluate(lines) == 1
    page.close()
