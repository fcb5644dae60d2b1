"""The tour in JupyterLab: run live, saved, and read again without a kernel."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from eventsourcing.application import Application
from playwright.sync_api import Browser, expect

import esnb
from esnb.examples.dog import Dog
from tests.browser.conftest import NotebookOpener
from tests.browser.lab import Lab, running_lab
from tests.browser.notebook import Explorer
from tests.browser.test_explore_live import EXPLORE, RECORD

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
    explorer = Explorer(page.page, page.page.locator(".esnb-explore"))
    explorer.ready()
    explorer.root.scroll_into_view_if_needed()
    expect(explorer.headline).to_contain_text("Deactivated")
    expect(
        page.page.locator(".esnb-folded .esnb-saved").first
    ).to_be_hidden()  # beside the live panel
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

    # Then another JupyterLab, which never trusted it, shows the saved view, open
    with running_lab(tmp_path / "other", NO_KERNELS) as other:
        shutil.copy(lab.folder / "tour.ipynb", other.folder / "tour.ipynb")
        reopened = notebook(other)
        # JupyterLab asks for a kernel, more than once
        reopened.page.add_locator_handler(
            reopened.page.get_by_role("dialog").filter(has_text="Select Kernel"),
            lambda dialog: dialog.get_by_role("button", name="No Kernel").click(),
        )
        reopened.open("tour.ipynb")
        saved = reopened.page.get_by_text("Saved view", exact=True).first
        saved.scroll_into_view_if_needed()
        first = reopened.page.locator("summary", has_text="Created").first
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


def test_a_trusted_notebook_shows_its_saved_view_while_its_kernel_is_gone(
    lab: Lab, notebook: NotebookOpener
) -> None:
    # Given a live panel, saved
    page = notebook()
    page.open(lab.write("trusted.ipynb", RECORD, EXPLORE))
    page.run_all()
    page.explorer().ready()
    saved = page.page.locator(".esnb-saved")
    expect(saved).to_be_hidden()
    page.page.get_by_text("Saved view", exact=True).click()
    expect(saved).to_be_visible()
    page.page.get_by_text("Saved view", exact=True).click()
    expect(saved).to_be_hidden()
    page.command("docmanager:save")
    page.shut_down()

    # When it is opened again, and not run
    reopened = notebook()
    reopened.open("trusted.ipynb")

    # Then the saved view is there, with its styles
    expect(reopened.page.locator(".esnb-saved")).to_be_visible()
    steps = reopened.page.locator(".esnb-steps")
    assert steps.evaluate("node => getComputedStyle(node).borderTopWidth") == "1px"
    reopened.picture("explore-reopened")
    # JupyterLab complains of the model that is gone
    reopened.complaints[:] = [text for text in reopened.complaints if "model" not in text]


THEMES = {
    "plain": ("<body>", "light"),
    "plain-on-a-dark-system": ("<body>", "dark"),
    "colab": ('<html theme="light"><body>', "dark"),
    "colab-dark": (
        '<html theme="dark"><body style="background: #383838; color: #e3e3e3">',
        "light",
    ),
    "lab-dark": (
        '<body data-jp-theme-light="false" style="background: #111; color: #fff">',
        "light",
    ),
    "code-dark": ('<body class="vscode-dark" style="background: #1f1f1f; color: #ccc">', "light"),
    "sphinx-dark": (
        '<html data-theme="dark"><body style="background: #14181e; color: #ced6dd">',
        "light",
    ),
}
"""Pages on which a saved view may stand: how they begin, and what the system prefers."""


@pytest.mark.parametrize("theme", THEMES)
def test_saved_views_can_be_read_in_each_theme(
    browser: Browser, pictures: Path, theme: str
) -> None:
    with esnb.connect(embedded=True) as stores:
        app: Any = stores.application(Application)
        dog = Dog("Fido")
        dog.add_trick("roll over")
        with esnb.correlate("walk"):
            app.save(dog)
        failed = SimpleNamespace(name="f", state="failed", error="no", traceback="Traceback", lag=3)
        runner: Any = SimpleNamespace(name="f", status=lambda: failed)
        shown = (
            esnb.explore(app, dog.id, live=False), esnb.browse(app, live=False),
            esnb.watch(runner, live=False), esnb.flow(stores, "walk", live=False),
            esnb.flow(stores, "walk", layout="lanes", live=False),
        )  # fmt: skip
        views = "\n".join(view._repr_html_() for view in shown)
    begin, scheme = THEMES[theme]
    page = browser.new_page(
        viewport={"width": 800, "height": 1200},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.set_content(f"<!doctype html>{begin}{views}")
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    page.screenshot(path=pictures / f"saved-{theme}.png", full_page=True)
    found = Axe().run(page, context=".esnb").response["violations"]
    assert [each["nodes"] for each in found if each["id"] == "color-contrast"] == []
    page.close()
