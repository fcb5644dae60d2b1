"""One Jupyter Notebook, version 7, for all tests of this folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

import pytest

from tests.browser.lab import Lab, running_lab
from tests.browser.notebook import NotebookPage


class Notebook(Lab):
    """A running Jupyter Notebook, which shows one document on a page of its own."""

    module: ClassVar[str] = "notebook"

    def address(self, notebook: str) -> str:
        return f"{self.url}notebooks/{notebook}?token={self.token}"


class Document(NotebookPage):
    """A page of Jupyter Notebook."""

    # Its core, when it loads the settings of any page, widgets or not (7.6.5).
    harmless = re.compile(
        NotebookPage.harmless.pattern
        + r"|^Cannot read properties of undefined \(reading 'schema'\)$"
    )


@pytest.fixture(scope="session")
def kind_of_page() -> type[Document]:
    return Document


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("notebook"), kind=Notebook) as running:
        yield running
