"""A notebook in VS Code's webview: what the tests of `tests/browser` need of a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from tests.browser.notebook import NotebookPage

FOLDER = Path(__file__).parent
THEMES = {
    "light": "vscode-light",
    "dark": "vscode-dark",
    "high-contrast": "vscode-high-contrast",
    "high-contrast-light": "vscode-high-contrast vscode-high-contrast-light",
}
"""The classes that VS Code gives the body."""


class Webview(NotebookPage):
    """The outputs of one notebook; its cells are in VS Code's own window, not here."""

    kernel = "window.webview.kernel()"
    _cells: tuple[str, ...] = ()
    outputs: list[dict[str, Any]]
    """What the cells put out, as a notebook saves it."""

    def open(self, name: str, *, theme: str = "light") -> None:
        """Takes the cells of a notebook of the lab's folder, and starts a kernel."""
        notebook = nbformat.read(self._lab.folder / name, as_version=4)
        self._cells = tuple(cell.source for cell in notebook.cells)
        self.open_empty(theme=theme)
        place = [self._lab.url, self._lab.token]
        self.page.evaluate("([url, token]) => window.webview.start(url, token)", place)

    def open_empty(self, *, theme: str = "light") -> None:
        """A webview without a kernel."""
        self.page.goto(f"{self._lab.url}static/webview.html?token={self._lab.token}")
        self.page.wait_for_function("window.webview")
        self.use_theme(theme)

    def use_theme(self, theme: str) -> None:
        self.page.evaluate("theme => { document.body.className = theme }", THEMES[theme])

    def looks(self, name: str) -> Iterator[str]:
        height = (self.page.viewport_size or {"height": 1000})["height"]
        for width, wide in ((1000, "wide"), (560, "narrow")):
            self.page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                self.use_theme(theme)
                yield f"{name}-{wide}-{theme}"

    def run_all(self) -> None:
        self.outputs = [output for place in range(len(self._cells)) for output in self.run(place)]

    def run(self, place: int) -> list[dict[str, Any]]:
        """Runs one cell, or runs it again; what it put out."""
        run = "([id, code]) => window.webview.run(id, code)"
        cell = [f"vscode-notebook-cell:{place}", self._cells[place]]
        put_out: list[dict[str, Any]] = self.page.evaluate(run, cell)
        return put_out

    def reopen(self, outputs: list[dict[str, Any]]) -> None:
        """Shows saved outputs."""
        self.page.evaluate("outputs => window.webview.reopen(outputs)", outputs)

    def unfold(self) -> None:
        """Opens every saved view."""
        for saved in self.page.get_by_text("Saved view", exact=True).all():
            saved.click()

    def styles(self, selector: str, name: str) -> set[str]:
        """The values that a property has in the elements that a selector finds."""
        computed = "(all, name) => all.map(one => getComputedStyle(one).getPropertyValue(name))"
        return set(self.page.locator(selector).evaluate_all(computed, name))
