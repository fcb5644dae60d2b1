"""One JupyterLab and one browser for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.chromium import installed
from tests.browser.lab import Lab, running_lab
from tests.browser.notebook import NotebookPage, kept_pictures

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Reached by failures only; what a page needs depends on the machine.
expect.set_options(timeout=60_000)
NotebookOpener = Callable[..., NotebookPage]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("jupyterlab")) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = installed()
    assert path, "no Chromium: python -m tests.browser.chromium says how to get one"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def kind_of_page() -> type[NotebookPage]:
    """What shows a notebook; another folder's may be another."""
    return NotebookPage


@pytest.fixture
def notebook(
    browser: Browser, lab: Lab, pictures: Path, kind_of_page: type[NotebookPage]
) -> Iterator[NotebookOpener]:
    """Opens pages; a page on which the browser complained fails its test."""
    opened: list[NotebookPage] = []

    def open_page(other: Lab | None = None, **size: int) -> NotebookPage:
        opened.append(kind_of_page(browser, other or lab, pictures, **size))
        return opened[-1]

    yield open_page
    complaints = [text for page in opened for text in page.complaints]
    for page in opened:
        page.close()
    assert complaints == []
