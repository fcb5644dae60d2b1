"""VS Code's webview in place of JupyterLab's page, in the same browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

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


@pytest.fixture(scope="session")
def kind_of_page() -> type[Webview]:
    return Webview
