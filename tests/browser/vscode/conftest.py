"""VS Code's webview in place of JupyterLab's page, in the same browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.lab import Lab, running_lab
from tests.browser.vscode.bundles import fetched
from tests.browser.vscode.webview import FOLDER, Webview

WebviewOpener = Callable[..., Webview]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server of kernels, and of the webview's page beside them."""
    static = [f"--ServerApp.extra_static_paths={folder}" for folder in (FOLDER, fetched())]
    with running_lab(tmp_path_factory.mktemp("vscode"), *static) as running:
        yield running


@pytest.fixture
def notebook(browser: Browser, lab: Lab, pictures: Path) -> Iterator[WebviewOpener]:
    """Opens webviews; one on which the browser complained fails its test."""
    opened: list[Webview] = []

    def open_webview(**size: int) -> Webview:
        opened.append(Webview(browser, lab, pictures, **size))
        return opened[-1]

    yield open_webview
    complaints = [text for page in opened for text in page.complaints]
    for page in opened:
        page.close()
    assert complaints == []
