"""What looks for news by itself in VS Code, which counts the views that it took away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.every_widget import FOLLOWERS, RECORD
from tests.browser.lab import Lab
from tests.browser.notebook import PATIENCE
from tests.browser.vscode.conftest import WebviewOpener

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

ONE = "['esnb-follow']"


def test_what_a_cell_showed_rests_when_the_cell_is_run_again(
    lab: Lab, notebook: WebviewOpener
) -> None:
    # Given a watcher that looks, once
    page = notebook()
    page.open(lab.write("again.ipynb", RECORD, "esnb.watch(runner, stores)", "browser"))
    page.run_all()
    watcher = page.page.locator(".esnb-watch")
    expect(watcher).to_contain_text("caught up", timeout=PATIENCE)
    page.until(FOLLOWERS, ONE)

    # When its cell makes another one, then that one looks alone
    page.run(1)
    expect(watcher).to_contain_text("caught up")
    page.until(FOLLOWERS, ONE)

    # When the cell of a browser that follows shows it again, then it follows on
    browser = page.page.locator(".esnb-browse")
    browser.get_by_title("Show new events as they are recorded").click()
    page.until(FOLLOWERS, "['esnb-follow', 'esnb-follow']")
    page.run(2)
    page.until(FOLLOWERS, "['esnb-follow', 'esnb-follow']")
    assert page.ask("shop.deactivate(lamp, 'sold out').unwrap()") == "3"
    expect(browser.locator(".esnb-headline")).to_contain_text("Deactivated")
