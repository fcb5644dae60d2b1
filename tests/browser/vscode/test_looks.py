"""What esnb's outputs look like in VS Code: in its themes, live, saved and reopened."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.every_widget import RECORD
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE, UNNAMED_SLIDER
from tests.browser.vscode.conftest import WebviewOpener
from tests.browser.vscode.webview import Webview

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WIDGETS = ("browser", "explorer", "watcher", "flow")
CLEAR = "rgba(0, 0, 0, 0)"


def opened(page: Webview, lab: Lab, name: str) -> None:
    """The four widgets, with their saved views unfolded."""
    page.open(lab.write(name, RECORD, *WIDGETS))
    page.run_all()
    expect(page.page.locator(".esnb-live")).to_have_count(len(WIDGETS), timeout=PATIENCE)
    page.unfold()


def assert_readable(page: Webview, selector: str) -> None:
    """Nothing sticks out to the right; nothing that axe calls serious: contrast, names, roles."""
    too_wide = (
        "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.className)"
    )
    assert page.page.locator(selector).evaluate_all(too_wide) == []
    findings = page.grave_findings(selector)
    assert [finding for finding in findings if finding[0] != UNNAMED_SLIDER] == []


def test_it_can_be_read_in_every_theme_and_width(lab: Lab, notebook: WebviewOpener) -> None:
    page = notebook(height=2600)
    opened(page, lab, "looks.ipynb")
    for name in page.looks("vscode"):
        page.picture(name)
        assert_readable(page, ".esnb-live")
        assert_readable(page, ".esnb-folded")


def test_the_rules_of_vs_code_do_not_show_through(lab: Lab, notebook: WebviewOpener) -> None:
    page = notebook()
    opened(page, lab, "rules.ipynb")
    page.use_theme("dark")

    # No white frame around a widget that has a background of its own
    assert page.styles(".cell-output-ipywidget-background", "background-color") == {CLEAR}
    # Tables have lines between their rows, and neither stripes nor a bar on top
    rows = ":is(.esnb-table, .esnb-runners) tbody tr + tr > :is(td, th)"
    assert page.styles(rows, "border-top-width") == {"1px"}
    striped = ":is(.esnb-table thead, .esnb-runners :is(thead, tr))"
    assert page.styles(striped, "background-color") == {CLEAR}
    # Controls are written like the rest, not in the browser's font for forms
    controls = ".esnb-live :is(button, input, .lm-TabBar-tab)"
    assert page.styles(controls, "font-family") == page.styles(".esnb-headline", "font-family")


def test_a_notebook_without_its_kernel_shows_the_saved_views(
    lab: Lab, notebook: WebviewOpener
) -> None:
    # Given the outputs of a notebook that was run
    page = notebook()
    opened(page, lab, "saved.ipynb")

    # When they are shown where no kernel has their widgets
    reopened = notebook(height=2600)
    reopened.open_empty(theme="dark")
    reopened.reopen(page.outputs)

    # Then each widget is a line of text, and its saved view below is open
    expect(reopened.page.locator(".esnb-live")).to_have_count(0)
    shown = reopened.page.locator(".output").evaluate_all("all => all.map(one => one.dataset.mime)")
    assert shown == ["text/plain", "text/html"] * len(WIDGETS)
    expect(reopened.page.get_by_text("PriceUpdated").first).to_be_visible()
    reopened.picture("vscode-reopened")
    assert_readable(reopened, ".esnb-folded")
