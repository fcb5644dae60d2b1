"""A notebook in the browser: opened, run, saved and looked at as a user does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from tests.browser.lab import Lab

PATIENCE = 120_000
"""Milliseconds within which a kernel starts and runs a notebook."""

UNNAMED_SLIDER = "aria-input-field-name"
"""A rule of axe: ipywidgets gives its slider's handle no name; the list and the
buttons, which do the same, have theirs."""

_ASK = """async (kernel, expression) => {
  const asked = {code: "", silent: true, user_expressions: {found: expression}};
  const {found} = (await kernel.requestExecute(asked).done).content.user_expressions;
  return found.data?.["text/plain"] ?? `${found.ename}: ${found.evalue}`;
}"""
"""Evaluates an expression in the kernel."""


_SVG = "image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"/>'


class NotebookPage:
    """One notebook, alone on a page of its own size and theme."""

    kernel = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    """Where the page has its connection to the kernel."""
    harmless = re.compile(r"^Plugin \S+ \(with \d+ dependants\) took ")
    """What the page says on the console of a slow machine."""

    def __init__(
        self, browser: Browser, lab: Lab, pictures: Path, *, width: int = 1360, height: int = 1000
    ) -> None:
        context = browser.new_context(viewport={"width": width, "height": height})
        # Badges are pictures of other servers', which a test does not ask.
        context.route(
            re.compile("^https:"), lambda route: route.fulfill(content_type=_SVG[0], body=_SVG[1])
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self._lab = lab
        self._pictures = pictures
        self.page.on("console", lambda said: self._complain(said.type, said.text))
        self.page.on("pageerror", lambda error: self._complain("error", str(error)))

    def _complain(self, kind: str, text: str) -> None:
        if kind == "error" and not self.harmless.match(text):
            self.complaints.append(text)

    def open(self, name: str, *, theme: str = "JupyterLab Light") -> None:
        """Opens a notebook of the lab's folder and waits for its cells."""
        self.page.goto(self._lab.address(name))
        self.page.wait_for_function(
            "window.jupyterapp && document.querySelector('.jp-Notebook .jp-Cell')",
            timeout=PATIENCE,
        )
        self.use_theme(theme)

    def use_theme(self, theme: str) -> None:
        """Changes the theme and waits until it is in force."""
        self.command("apputils:change-theme", {"theme": theme})
        light = "true" if theme.endswith("Light") else "false"
        self.page.wait_for_function(f"document.body.dataset.jpThemeLight === '{light}'")
        # JupyterLab covers the page while it loads a theme.
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def looks(self, name: str) -> Iterator[str]:
        """The page wide and narrow, light and dark; a name for each look."""
        height = (self.page.viewport_size or {"height": 1000})["height"]
        for width, wide in ((1360, "wide"), (600, "narrow")):
            self.page.set_viewport_size({"width": width, "height": height})
            if wide == "narrow":
                self.command("application:toggle-left-area")
            for theme in ("Light", "Dark"):
                self.use_theme(f"JupyterLab {theme}")
                yield f"{name}-{wide}-{theme.lower()}"

    def command(self, name: str, arguments: dict[str, str] | None = None) -> None:
        """Runs one of JupyterLab's commands and waits until it is done."""
        self.page.evaluate(
            "([name, arguments]) => window.jupyterapp.commands.execute(name, arguments)"
            ".then(() => null)",
            [name, arguments or {}],
        )

    def run_all(self) -> None:
        """Runs every cell; returns when the last one is done."""
        self._await_kernel()
        self.command("notebook:run-all-cells")

    def begin_all(self) -> None:
        """Runs every cell; returns at once."""
        self._await_kernel()
        self.page.evaluate(
            "() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }"
        )

    def _await_kernel(self) -> None:
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status"
            " === 'idle'",
            timeout=PATIENCE,
        )

    def ask(self, expression: str) -> str:
        """The `repr` of an expression in the kernel, or the error that it raised."""
        return str(self.page.evaluate(f"it => ({_ASK})({self.kernel}, it)", expression))

    def until(self, expression: str, value: str) -> None:
        """Waits until an expression has this `repr` in the kernel."""
        deadline = monotonic() + PATIENCE / 1000
        # Not `wait_for_function`: it takes a promise for a yes.
        while (found := self.ask(expression)) != value:
            assert monotonic() < deadline, f"{expression} is {found}, not {value}"
            self.page.wait_for_timeout(50)

    def shut_down(self) -> None:
        """Ends the kernel of the notebook."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def explorer(self) -> Explorer:
        return Explorer(self.page)

    def picture(self, name: str, what: Locator | None = None) -> None:
        """A screenshot: of `what`, else of the page."""
        path = self._pictures / f"{name}.png"
        if what is None:
            self.page.screenshot(path=path)
        else:
            what.screenshot(path=path)

    def grave_findings(self, selector: str) -> list[tuple[str, str]]:
        """What axe calls serious or critical below `selector`: rule and element."""
        found = Axe().run(self.page, context=selector).response["violations"]
        return [
            (finding["id"], node["html"])
            for finding in found
            if finding["impact"] in ("serious", "critical")
            for node in finding["nodes"]
        ]

    def close(self) -> None:
        self.page.context.close()


class Explorer:
    """The live explorer on a page, by what its user perceives."""

    def __init__(self, page: Page, root: Locator | None = None) -> None:
        self.root = page.locator(".esnb-live") if root is None else root
        self.slider = self.root.get_by_role("slider")
        self.headline = self.root.get_by_role("status")
        self.events = self.root.get_by_role("listbox", name="Versions")
        self.table = self.root.locator(".esnb-table:visible")
        self._page = page

    def ready(self) -> None:
        self.slider.wait_for(timeout=PATIENCE)

    def press(self, key: str) -> None:
        """A key on the slider."""
        self.slider.focus()
        self._page.keyboard.press(key)

    def tab(self, name: str) -> None:
        self.root.get_by_role("tab", name=name).click()

    def button(self, name: str) -> Locator:
        """By the name that screen readers say."""
        return self.root.get_by_role("button", name=name)

    def field(self, name: str) -> Locator:
        """The row of a field in the table that is seen."""
        heading = self._page.get_by_role("rowheader", name=name, exact=True)
        return self.table.locator("tr").filter(has=heading)


def kept_pictures(fallback: Path) -> Path:
    """Where screenshots go: `$ESNB_SCREENSHOTS`, else a directory that is thrown away."""
    folder = Path(os.environ.get("ESNB_SCREENSHOTS") or fallback)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
